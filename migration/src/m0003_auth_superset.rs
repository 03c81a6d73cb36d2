//! Additive changes that let every supported better-auth generation (1.4.22, 1.5.2, 1.7.x) share the auth tables.

crate::sql_migration!("m0003_auth_superset");

const UP: &str = include_str!("sql/auth_superset.sql");

// The columns stay: another program may read them by now, and each is nullable or has a default.
const DOWN: &str = r#"
DROP TRIGGER IF EXISTS account_fill_issuer ON "account";
DROP FUNCTION IF EXISTS account_fill_issuer();
DROP TRIGGER IF EXISTS apikey_fill_owner ON "apikey";
DROP FUNCTION IF EXISTS apikey_fill_owner();
"#;
