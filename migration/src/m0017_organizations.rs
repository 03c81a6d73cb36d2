//! Changing organisations and their members: the rules of `agentry_auth::policy` once more, where nobody can pass them by,
//! under a lock on the organisation.

crate::sql_migration!("m0017_organizations");

const UP: &str = include_str!("sql/organization_functions.sql");

const DOWN: &str = r"
DROP FUNCTION org_transfer(text);
DROP FUNCTION org_leave();
DROP FUNCTION org_remove_member(text);
DROP FUNCTION org_change_role(text, text);
DROP FUNCTION org_members(text[]);
DROP FUNCTION session_set_active(text, text);
DROP FUNCTION org_delete();
DROP FUNCTION org_update(text, text, boolean, text);
DROP FUNCTION org_create(text, text, text, text, text, text, integer);
DROP FUNCTION org_drop_member(text);
DROP FUNCTION org_is_personal_of(text);
DROP FUNCTION org_has_owner_beside(text);
DROP FUNCTION org_locked_role();
DROP FUNCTION org_acting_role();
DROP FUNCTION org_role_of(text, text);
";
