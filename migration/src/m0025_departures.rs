//! What follows when somebody leaves, is removed or made less: their open streams hear of it, what they said stays theirs, and
//! their agents can be taken over.

crate::sql_migration!("m0025_departures");

const UP: &str = concat!(
    include_str!("sql/revocation_notices.sql"),
    include_str!("sql/departure_functions.sql"),
);

const DOWN: &str = r#"
DROP FUNCTION agents_take_over(text, text);
DROP FUNCTION agent_transfer(text, text);
DROP FUNCTION agents_hand_over(text[], text);
DROP FUNCTION auth_colleagues();
DROP POLICY conversations_keeper_update ON conversations;
REVOKE SELECT (agent_id, withheld), UPDATE (withheld) ON conversations FROM agentry_keeper;
ALTER POLICY conversations_insert ON conversations
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
ALTER POLICY agent_feedback_insert ON agent_feedback
  WITH CHECK (organization_id = app_current_org() AND (user_id = app_current_user()
              AND (conversation_user_id = app_current_user() OR agent_user_id = app_current_user())));
ALTER POLICY agent_feedback_select ON agent_feedback
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
ALTER POLICY agent_messages_select ON agent_messages
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
ALTER POLICY conversations_select ON conversations
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
ALTER TABLE agent_feedback DROP CONSTRAINT agent_feedback_conversation_fkey, DROP COLUMN withheld;
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_conversation_fkey, DROP COLUMN withheld;
ALTER TABLE conversations DROP CONSTRAINT conversations_copied_key, DROP COLUMN withheld;
ALTER TABLE conversations ADD CONSTRAINT conversations_organization_id_id_agent_id_agent_user_id_use_key
  UNIQUE (organization_id, id, agent_id, agent_user_id, user_id);
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_conversation_fkey
  FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, user_id)
  REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id) ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE agent_feedback ADD CONSTRAINT agent_feedback_conversation_fkey
  FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, conversation_user_id)
  REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id) ON DELETE CASCADE ON UPDATE CASCADE;

CREATE FUNCTION agent_transfer(p_agent_id text, p_new_owner text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM agents WHERE organization_id = app_current_org() AND id = p_agent_id
    AND (user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')) FOR UPDATE;
  IF NOT FOUND THEN RETURN 'missing'; END IF;
  IF NOT auth_is_colleague(p_new_owner) THEN RETURN 'not_a_colleague'; END IF;
  DELETE FROM agent_api_connections WHERE organization_id = app_current_org() AND agent_id = p_agent_id
    AND connection_visibility = 'private' AND connection_user_id <> p_new_owner;
  UPDATE agents SET user_id = p_new_owner WHERE organization_id = app_current_org() AND id = p_agent_id;
  RETURN 'done';
END $$;
ALTER FUNCTION agent_transfer(text, text) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agent_transfer(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent_transfer(text, text) TO agentry_app;

DROP TRIGGER apikey_say_revoked ON "apikey";
DROP TRIGGER session_say_revoked ON "session";
DROP TRIGGER member_say_revoked ON "member";
DROP FUNCTION apikey_say_revoked();
DROP FUNCTION session_say_revoked();
DROP FUNCTION member_say_revoked();
"#;
