//! By which session or key something was done.

crate::sql_migration!("m0026_bans_and_credentials");

// No reference, as for the actor: the event outlives what it was done by.
const UP: &str = r"
ALTER TABLE audit_events ADD COLUMN credential_id text;
CREATE INDEX audit_events_credential_idx ON audit_events (organization_id, credential_id, created_at, id)
  WHERE credential_id IS NOT NULL;
";

const DOWN: &str = r"
DROP INDEX audit_events_credential_idx;
ALTER TABLE audit_events DROP COLUMN credential_id;
";
