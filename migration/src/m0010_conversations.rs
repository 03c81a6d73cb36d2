//! Conversations: one user with one agent. The agent's owner is copied by reference, as everywhere.

crate::sql_migration!("m0010_conversations", protect: ["conversations"]);

// The widest unique key is what messages and feedback refer to: their agent, its owner and the conversation's own user are
// then right by construction, whatever the code does.
const UP: &str = r#"
CREATE TABLE conversations (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  title text CHECK (char_length(title) BETWEEN 1 AND 200),
  last_message_at timestamptz,
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, id, agent_id, agent_user_id, user_id),
  CONSTRAINT conversations_agent_fkey FOREIGN KEY (organization_id, agent_id, agent_user_id)
    REFERENCES agents (organization_id, id, user_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX conversations_user_idx ON conversations (organization_id, user_id, created_at, id);
CREATE INDEX conversations_agent_idx ON conversations (organization_id, agent_id, created_at, id);

CREATE POLICY conversations_select ON conversations FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
CREATE POLICY conversations_insert ON conversations FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY conversations_update ON conversations FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user()) WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY conversations_delete ON conversations FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT, DELETE ON conversations TO agentry_app;
GRANT UPDATE (title, last_message_at, archived_at) ON conversations TO agentry_app;

-- Only on an agent the writer can see. The look-up runs with the writer's own rights, so its policies decide.
CREATE FUNCTION conversations_agent_visible() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM agents WHERE organization_id = NEW.organization_id AND id = NEW.agent_id) THEN
    RAISE insufficient_privilege USING MESSAGE = 'the agent is not visible to the writer';
  END IF;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION conversations_agent_visible() FROM PUBLIC;
CREATE TRIGGER conversations_agent_visible BEFORE INSERT ON conversations
  FOR EACH ROW EXECUTE FUNCTION conversations_agent_visible();
"#;

const DOWN: &str = r"
DROP TABLE conversations;
DROP FUNCTION conversations_agent_visible();
";
