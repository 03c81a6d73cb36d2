//! Invitations, as rows that better-auth reads too, and that nobody is a member twice.

crate::sql_migration!("m0018_invitations");

const UP: &str = include_str!("sql/invitation_functions.sql");

const DOWN: &str = r#"
DROP FUNCTION invitation_reject(text);
DROP FUNCTION invitation_accept(text, text, text, integer);
DROP FUNCTION invitation_state(text);
DROP FUNCTION my_invitations();
DROP FUNCTION org_invitations(text[]);
DROP FUNCTION invitation_cancel(text);
DROP FUNCTION invitation_resend(text, timestamptz, integer);
DROP FUNCTION invitation_create(text, text, text, timestamptz, boolean, integer, integer);
DROP FUNCTION org_may_invite(text, text);
DROP INDEX "member_once";
"#;
