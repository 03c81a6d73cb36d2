//! API keys and JSON Web Tokens: the doors from either to who is acting.

crate::sql_migration!("m0015_credentials");

const UP: &str = include_str!("sql/credential_functions.sql");

const DOWN: &str = r"
DROP FUNCTION auth_resolve_jwt(text, text, text, text);
DROP FUNCTION auth_use_api_key(text, text, text, boolean);
DROP FUNCTION auth_membership(text, text, text);
";
