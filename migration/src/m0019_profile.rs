//! What people change of themselves: their sessions, their password, their profile.

crate::sql_migration!("m0019_profile");

const UP: &str = include_str!("sql/profile_functions.sql");

const DOWN: &str = r"
DROP FUNCTION auth_extend_session(text);
DROP FUNCTION my_profile_update(text, boolean, text);
DROP FUNCTION my_password_change(text, text);
DROP FUNCTION my_password();
DROP FUNCTION my_sessions_revoke_others(text);
DROP FUNCTION my_session_revoke(text);
DROP FUNCTION my_sessions();
";
