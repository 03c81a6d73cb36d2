//! What people go by, and numbers on WhatsApp: said to be somebody's, shown to be, and where their messages go.

crate::sql_migration!("m0050_whatsapp_links", protect: ["member_identities"]);

const UP: &str = concat!(
    include_str!("sql/member_identities.sql"),
    include_str!("sql/whatsapp_links.sql"),
    include_str!("sql/whatsapp_link_functions.sql"),
);

const DOWN: &str = r#"
DROP FUNCTION whatsapp_sender(text[], text, text);
DROP FUNCTION whatsapp_is_linked(text[], text, text, text);
DROP FUNCTION whatsapp_route(text[], text, text, text);
DROP FUNCTION whatsapp_installs_in(text, text, text);
DROP FUNCTION whatsapp_my_links(text[]);
DROP FUNCTION whatsapp_unlink(text, text);
DROP FUNCTION whatsapp_verify(text[], text, text, text, text, text, bytea);
DROP FUNCTION whatsapp_claim(text[], text, text, text, bytea, text, integer);
DROP FUNCTION whatsapp_forget(text, bigint[]);
DROP FUNCTION whatsapp_home(text);
DROP FUNCTION whatsapp_audit(text, text, text, text, jsonb);
REVOKE INSERT ON audit_events FROM agentry_keeper;
DROP POLICY audit_events_keeper_insert ON audit_events;
ALTER TABLE audit_events DROP CONSTRAINT audit_events_credential_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_credential_check
  CHECK (credential IN ('cookie', 'bearer', 'sign_in', 'api_key', 'jwt', 'link')) NOT VALID;
DROP TABLE link_codes;
DROP TABLE whatsapp_claims;
DROP TRIGGER user_identify ON "user";
DROP FUNCTION user_identify();
DROP TRIGGER organization_identify ON "organization";
DROP FUNCTION organization_identify();
DROP FUNCTION member_identity_of_account(text, text);
DROP FUNCTION member_identity_end(text, text, text[], text, text[], boolean);
DROP FUNCTION member_identity_note(text, text, text, text, text, boolean);
DROP TABLE member_identities;
"#;
