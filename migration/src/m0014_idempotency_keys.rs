//! Idempotency keys: a creating mutation said twice with one key makes one thing.

crate::sql_migration!("m0014_idempotency_keys", protect: ["idempotency_keys"]);

// The key row is written first, in the mutation's own transaction: a second caller waits on it and then reads what the first
// one made. Keys are forgotten after a day, by their own user's next one.
const UP: &str = r#"
CREATE TABLE idempotency_keys (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  operation text NOT NULL,
  input_hash text NOT NULL,
  target_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, user_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (organization_id, user_id, created_at);

CREATE POLICY idempotency_keys_select ON idempotency_keys FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY idempotency_keys_insert ON idempotency_keys FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY idempotency_keys_delete ON idempotency_keys FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO agentry_app;
"#;

const DOWN: &str = r"
DROP TABLE idempotency_keys;
";
