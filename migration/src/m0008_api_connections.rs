//! API connections: a provider's key, sealed, and what it is for.

crate::sql_migration!("m0008_api_connections", protect: ["api_connections"]);

// The sealed column is in no SELECT grant of the service: a plain read cannot carry it out. Whoever must open it asks
// `api_connection_sealed`, which shows exactly the rows that the caller's policies show.
const UP: &str = r#"
CREATE TABLE api_connections (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  service text NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  api_key text NOT NULL CHECK (char_length(api_key) BETWEEN 1 AND 20000),
  key_hint text CHECK (char_length(key_hint) = 4),
  base_url text CHECK (char_length(base_url) <= 2000),
  metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
  visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'organization')),
  last_used_at timestamptz,
  rotated_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, id, user_id, visibility)
);
CREATE INDEX api_connections_created_at_idx ON api_connections (organization_id, created_at, id);
CREATE INDEX api_connections_owner_idx ON api_connections (organization_id, user_id, created_at, id);

CREATE POLICY api_connections_select ON api_connections FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR visibility = 'organization'));
CREATE POLICY api_connections_insert ON api_connections FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY api_connections_update ON api_connections FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user()
         OR (visibility = 'organization' AND app_current_org_role() IN ('owner', 'admin'))))
  WITH CHECK (organization_id = app_current_org() AND (user_id = app_current_user()
         OR (visibility = 'organization' AND app_current_org_role() IN ('owner', 'admin'))));
CREATE POLICY api_connections_delete ON api_connections FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user()
         OR (visibility = 'organization' AND app_current_org_role() IN ('owner', 'admin'))));

GRANT INSERT, DELETE ON api_connections TO agentry_app;
GRANT SELECT (organization_id, id, user_id, name, service, key_hint, base_url, metadata, visibility, last_used_at,
              rotated_at, created_at, updated_at) ON api_connections TO agentry_app;
GRANT UPDATE (name, service, api_key, key_hint, base_url, metadata, visibility, last_used_at, rotated_at)
  ON api_connections TO agentry_app;

-- Re-sealing under a new key reaches everyone's rows of one organisation at a time, and touches this one column.
GRANT SELECT (organization_id, id, user_id, visibility, api_key), UPDATE (api_key) ON api_connections TO agentry_keeper;
CREATE POLICY api_connections_keeper_select ON api_connections FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY api_connections_keeper_update ON api_connections FOR UPDATE TO agentry_keeper
  USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());

CREATE FUNCTION api_connection_sealed(p_ids text[]) RETURNS TABLE (id text, api_key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT c.id, c.api_key FROM api_connections c
  WHERE c.organization_id = app_current_org() AND c.id = ANY (p_ids)
    AND (c.user_id = app_current_user() OR c.visibility = 'organization');
END $$;
ALTER FUNCTION api_connection_sealed(text[]) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION api_connection_sealed(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_connection_sealed(text[]) TO agentry_app;

-- Is there room for one more connection in the acting organisation? As agents_have_room: private ones of others count, and
-- the answer holds until the transaction ends.
CREATE FUNCTION api_connections_have_room(p_limit integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('api_connections:' || app_current_org(), 0));
  RETURN (SELECT count(*) FROM (SELECT 1 FROM api_connections WHERE organization_id = app_current_org() LIMIT p_limit) c) < p_limit;
END $$;
ALTER FUNCTION api_connections_have_room(integer) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION api_connections_have_room(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_connections_have_room(integer) TO agentry_app;
"#;

const DOWN: &str = r"
DROP FUNCTION api_connections_have_room(integer);
DROP FUNCTION api_connection_sealed(text[]);
DROP TABLE api_connections;
";
