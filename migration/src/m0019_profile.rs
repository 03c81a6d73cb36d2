//! What people change of themselves: their sessions, their password, their name, and whether they are there at all.

crate::sql_migration!("m0019_profile");

const UP: &str = concat!(
    include_str!("sql/profile_functions.sql"),
    include_str!("sql/deletion_functions.sql")
);

const DOWN: &str = r"
DROP FUNCTION my_account_delete(text, text);
DROP FUNCTION my_deletion_account();
DROP FUNCTION my_deletion_rows();
DROP POLICY agent_messages_keeper_select ON agent_messages;
DROP POLICY conversations_keeper_select ON conversations;
REVOKE SELECT (organization_id, user_id, agent_user_id) ON conversations, agent_messages FROM agentry_keeper;
REVOKE SELECT (visibility) ON agents FROM agentry_keeper;
DROP FUNCTION my_deletion_organizations();
DROP FUNCTION auth_extend_session(text);
DROP FUNCTION my_profile_update(text, boolean, text);
DROP FUNCTION my_password_change(text, text);
DROP FUNCTION my_password();
DROP FUNCTION my_sessions_revoke_others(text);
DROP FUNCTION my_session_revoke(text);
DROP FUNCTION my_sessions();
";
