//! Audit events: append-only for the service, which is granted no UPDATE and no DELETE.

crate::sql_migration!("m0013_audit_events", protect: ["audit_events"]);

// No reference to the actor: an event outlives the user it speaks of.
const UP: &str = r#"
CREATE TABLE audit_events (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  actor_user_id text NOT NULL,
  credential text NOT NULL CHECK (credential IN ('cookie', 'bearer', 'sign_in')),
  action text NOT NULL CHECK (action ~ '^[a-z_]+[.][a-z_]+$'),
  target_type text NOT NULL,
  target_id text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  ip text,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX audit_events_created_at_idx ON audit_events (organization_id, created_at, id);
CREATE INDEX audit_events_actor_idx ON audit_events (organization_id, actor_user_id, created_at, id);

CREATE POLICY audit_events_select ON audit_events FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (actor_user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY audit_events_insert ON audit_events FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND actor_user_id = app_current_user());
GRANT SELECT, INSERT ON audit_events TO agentry_app;
"#;

const DOWN: &str = r"
DROP TABLE audit_events;
";
