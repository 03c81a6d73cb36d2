//! The auth tables in better-auth's shape (camelCase, quoted), created only where they are missing.
//!
//! Whichever program runs first decides the tables, so every statement is `IF NOT EXISTS`; the superset that follows
//! amends what another program made.

crate::sql_migration!("m0002_auth_tables");

const UP: &str = include_str!("sql/auth_tables.sql");

// A better-auth service may share these tables and have filled them; only what nobody uses is taken away.
const DOWN: &str = r#"
DROP TABLE IF EXISTS "apikey", "jwks", "invitation", "member", "organization", "verification", "account", "session", "user" CASCADE;
"#;
