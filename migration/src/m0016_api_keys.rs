//! API keys, to be managed: the acting user's, by a policy, and the acting organisation's, by functions. Never the hash, which no
//! grant lets the service read.

crate::sql_migration!("m0016_api_keys");

// better-auth from 1.5 on writes "referenceId" alone; where it names a user, "userId" says so too, as the trigger does for new rows.
const UP: &str = concat!(
    r#"
UPDATE "apikey" a SET "userId" = a."referenceId"
  WHERE a."userId" IS NULL AND EXISTS (SELECT FROM "user" u WHERE u."id" = a."referenceId");

CREATE POLICY apikey_self ON "apikey" FOR ALL TO agentry_app
  USING ("userId" = app_current_user()) WITH CHECK ("userId" = app_current_user());
GRANT SELECT ("id", "configId", "name", "start", "prefix", "userId", "referenceId", "refillInterval", "refillAmount", "lastRefillAt",
    "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining", "lastRequest", "expiresAt",
    "createdAt", "updatedAt", "permissions", "metadata"),
  INSERT ("id", "configId", "name", "start", "prefix", "key", "userId", "referenceId", "refillInterval", "refillAmount",
    "lastRefillAt", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining", "expiresAt",
    "createdAt", "updatedAt", "permissions", "metadata"),
  UPDATE ("name", "refillInterval", "refillAmount", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax",
    "remaining", "expiresAt", "updatedAt", "permissions"),
  DELETE ON "apikey" TO agentry_app;

ALTER TABLE audit_events DROP CONSTRAINT audit_events_credential_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_credential_check
  CHECK (credential IN ('cookie', 'bearer', 'sign_in', 'api_key', 'jwt', 'link'));
"#,
    include_str!("sql/api_key_functions.sql")
);

const DOWN: &str = r#"
DROP FUNCTION org_api_key_delete(text);
DROP FUNCTION org_api_key_rotate(text, text, text, text, double precision, integer);
DROP FUNCTION org_api_key_update(text, jsonb, text);
DROP FUNCTION org_api_key_create(jsonb, text, integer);
DROP FUNCTION org_api_keys();
DROP FUNCTION org_live_api_keys();
DROP FUNCTION org_api_key_may_change(text);
DROP FUNCTION org_api_key_may(text);
ALTER TABLE audit_events DROP CONSTRAINT audit_events_credential_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_credential_check
  CHECK (credential IN ('cookie', 'bearer', 'sign_in')) NOT VALID;
REVOKE ALL ON "apikey" FROM agentry_app;
DROP POLICY apikey_self ON "apikey";
"#;
