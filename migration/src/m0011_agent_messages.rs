//! Messages, in the order they were written within their conversation.

crate::sql_migration!("m0011_agent_messages", protect: ["agent_messages"]);

// Leading with (organization_id, conversation_id) leaves both hash partitioning by conversation and sharding by organisation
// open. No index led by user_id alone: under the policies the planner falls for it.
const UP: &str = r#"
CREATE TABLE agent_messages (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  conversation_id text NOT NULL,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  user_id text NOT NULL,
  role text NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
  content text NOT NULL CHECK (char_length(content) BETWEEN 1 AND 1000000),
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, conversation_id, id),
  CONSTRAINT agent_messages_conversation_fkey
    FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, user_id)
    REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX agent_messages_conversation_idx ON agent_messages (organization_id, conversation_id, created_at, id);
CREATE INDEX agent_messages_agent_idx ON agent_messages (organization_id, agent_id, created_at, id);
CREATE INDEX agent_messages_id_idx ON agent_messages (organization_id, id);

CREATE POLICY agent_messages_select ON agent_messages FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
CREATE POLICY agent_messages_insert ON agent_messages FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY agent_messages_update ON agent_messages FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user()) WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY agent_messages_delete ON agent_messages FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT, DELETE ON agent_messages TO agentry_app;
GRANT UPDATE (metadata) ON agent_messages TO agentry_app;
"#;

const DOWN: &str = r"
DROP TABLE agent_messages;
";
