//! By which session or key something was done; and open streams hear of a ban.

crate::sql_migration!("m0026_bans_and_credentials");

// No reference, as for the actor: the event outlives what it was done by.
const UP: &str = r#"
ALTER TABLE audit_events ADD COLUMN credential_id text;
CREATE INDEX audit_events_credential_idx ON audit_events (organization_id, credential_id, created_at, id)
  WHERE credential_id IS NOT NULL;

-- As the triggers of m0025. The columns of better-auth's admin plugin may be missing, or come and go, so the row is read as JSON;
-- what counts as banned is as in auth_live_user. The end of a ban says nothing: it takes nothing back.
CREATE FUNCTION user_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_old jsonb := to_jsonb(OLD);
  v_new jsonb := to_jsonb(NEW);
BEGIN
  IF coalesce(v_new ->> 'banned', '') NOT IN ('true', 't', '1')
     OR (v_old -> 'banned' IS NOT DISTINCT FROM v_new -> 'banned'
         AND v_old -> 'banExpires' IS NOT DISTINCT FROM v_new -> 'banExpires') THEN RETURN NULL; END IF;
  IF char_length(v_old ->> 'id') BETWEEN 1 AND 64 THEN PERFORM pg_notify('agentry_revoked', v_old ->> 'id'); END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION user_say_revoked() FROM PUBLIC;
CREATE TRIGGER user_say_revoked AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION user_say_revoked();
"#;

const DOWN: &str = r#"
DROP TRIGGER user_say_revoked ON "user";
DROP FUNCTION user_say_revoked();
DROP INDEX audit_events_credential_idx;
ALTER TABLE audit_events DROP COLUMN credential_id;
"#;
