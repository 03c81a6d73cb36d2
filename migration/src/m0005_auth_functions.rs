//! The only tenantless look-ups: from a credential to who is acting. Each is SECURITY DEFINER with a fixed search path and
//! returns the few columns it must.

crate::sql_migration!("m0005_auth_functions");

const UP: &str = include_str!("sql/auth_functions.sql");

const DOWN: &str = r"
DROP FUNCTION auth_is_colleague(text);
DROP FUNCTION auth_my_organizations();
DROP FUNCTION auth_find_password(text);
DROP FUNCTION auth_delete_session(text);
DROP FUNCTION auth_create_session(text, text, text, timestamptz, text, text);
DROP FUNCTION auth_sign_up(text, text, text, text, text, text, text, text, text, text, timestamptz, text, text);
DROP FUNCTION auth_ensure_personal_organization(text, text, text, text, text);
DROP FUNCTION auth_resolve_session(text, text);
DROP FUNCTION app_highest_role(text);
";
