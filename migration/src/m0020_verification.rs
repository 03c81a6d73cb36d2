//! What the links of messages do: choose a new password, verify an address, change it.

crate::sql_migration!("m0020_verification");

const UP: &str = include_str!("sql/verification_functions.sql");

const DOWN: &str = r"
DROP FUNCTION my_email_change(text, text, timestamptz);
DROP FUNCTION my_email_verify(text);
DROP FUNCTION my_password_reset(text, text, text);
DROP FUNCTION auth_is_verified(text);
DROP FUNCTION auth_reset_subject(text);
DROP FUNCTION auth_begin_reset(text, text, text, timestamptz);
DROP FUNCTION auth_find_person(text);
DROP INDEX verification_reset_user_idx;
";
