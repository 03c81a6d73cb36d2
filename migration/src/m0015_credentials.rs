//! API keys and JSON Web Tokens: the doors from either to who is acting; the identity under which an organisation acts by a key of
//! its own; banned users.

crate::sql_migration!("m0015_credentials");

const UP: &str = include_str!("sql/credential_functions.sql");

const DOWN: &str = concat!(
    include_str!("sql/credential_functions_before.sql"),
    r#"
DROP FUNCTION auth_resolve_jwt(text, text, text, text);
DROP FUNCTION auth_use_api_key(text, text, text, boolean);
DROP FUNCTION auth_membership(text, text, text);
DROP FUNCTION auth_hash_session(text, text);
DROP FUNCTION auth_organization_identity(text);
DROP FUNCTION app_acts_as_organization();
DROP FUNCTION auth_live_user(text);
DROP TRIGGER apikey_end_with_organization ON "organization";
DROP FUNCTION apikey_end_with_organization();
ALTER TABLE "apikey" DROP COLUMN organization_role;
DELETE FROM "user" WHERE service_organization_id IS NOT NULL;
ALTER TABLE "user" DROP COLUMN service_organization_id;
"#
);
