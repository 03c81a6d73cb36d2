//! Feedback: one rating a user and message, up or down, with a comment.

crate::sql_migration!("m0012_agent_feedback", protect: ["agent_feedback"]);

// `conversation_user_id` is copied by reference: with the agent's owner it says who may see the message that is rated.
const UP: &str = r#"
CREATE TABLE agent_feedback (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  conversation_id text NOT NULL,
  message_id text NOT NULL,
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  conversation_user_id text NOT NULL,
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  rating smallint NOT NULL CHECK (rating IN (0, 1)),
  comment text CHECK (char_length(comment) BETWEEN 1 AND 5000),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, message_id, user_id),
  CONSTRAINT agent_feedback_message_fkey FOREIGN KEY (organization_id, conversation_id, message_id)
    REFERENCES agent_messages (organization_id, conversation_id, id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT agent_feedback_conversation_fkey
    FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, conversation_user_id)
    REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id)
    ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX agent_feedback_agent_idx ON agent_feedback (organization_id, agent_id, created_at, id);
CREATE INDEX agent_feedback_conversation_idx ON agent_feedback (organization_id, conversation_id, message_id);

CREATE POLICY agent_feedback_select ON agent_feedback FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()));
CREATE POLICY agent_feedback_insert ON agent_feedback FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND (user_id = app_current_user()
              AND (conversation_user_id = app_current_user() OR agent_user_id = app_current_user())));
CREATE POLICY agent_feedback_update ON agent_feedback FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user()) WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY agent_feedback_delete ON agent_feedback FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT, DELETE ON agent_feedback TO agentry_app;
GRANT UPDATE (rating, comment) ON agent_feedback TO agentry_app;
"#;

const DOWN: &str = r"
DROP TABLE agent_feedback;
";
