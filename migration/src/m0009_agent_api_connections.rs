//! Which connection an agent may use. The owners and visibilities of both ends are copied by reference, so that a policy
//! can ask for them without a sub-query and they can never be stale.

crate::sql_migration!("m0009_agent_api_connections", protect: ["agent_api_connections"]);

// The CHECK says it once for every writer: a private connection serves only its owner's agents.
const UP: &str = r#"
CREATE TABLE agent_api_connections (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  agent_visibility text NOT NULL,
  api_connection_id text NOT NULL,
  connection_user_id text NOT NULL,
  connection_visibility text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, agent_id, api_connection_id),
  CONSTRAINT agent_api_connections_agent_fkey
    FOREIGN KEY (organization_id, agent_id, agent_user_id, agent_visibility)
    REFERENCES agents (organization_id, id, user_id, visibility) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT agent_api_connections_connection_fkey
    FOREIGN KEY (organization_id, api_connection_id, connection_user_id, connection_visibility)
    REFERENCES api_connections (organization_id, id, user_id, visibility) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT agent_api_connections_usable
    CHECK (connection_visibility = 'organization' OR connection_user_id = agent_user_id)
);
CREATE INDEX agent_api_connections_connection_idx ON agent_api_connections (organization_id, api_connection_id, id);

CREATE POLICY agent_api_connections_select ON agent_api_connections FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (agent_user_id = app_current_user() OR agent_visibility = 'organization'
         OR connection_user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY agent_api_connections_insert ON agent_api_connections FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND ((agent_user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin'))
              AND (connection_user_id = app_current_user() OR connection_visibility = 'organization')));
-- Whoever owns the key may withdraw it from any agent.
CREATE POLICY agent_api_connections_delete ON agent_api_connections FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND (agent_user_id = app_current_user() OR connection_user_id = app_current_user()
         OR app_current_org_role() IN ('owner', 'admin')));
GRANT SELECT, INSERT, DELETE ON agent_api_connections TO agentry_app;

GRANT SELECT (organization_id, agent_id, connection_user_id, connection_visibility), DELETE
  ON agent_api_connections TO agentry_keeper;
CREATE POLICY agent_api_connections_keeper_select ON agent_api_connections FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY agent_api_connections_keeper_delete ON agent_api_connections FOR DELETE TO agentry_keeper USING (organization_id = app_current_org());

-- Hands an agent to a colleague: 'done', 'missing' (or not writable by the caller, which looks the same) or
-- 'not_a_colleague'. An UPDATE under the caller's policies could not, since the row leaves what its writer may write. Links
-- to connections that the new owner may not use go in the same step; conversations and their kin follow by reference.
GRANT EXECUTE ON FUNCTION auth_is_colleague(text) TO agentry_keeper;
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
"#;

const DOWN: &str = r"
DROP FUNCTION agent_transfer(text, text);
REVOKE EXECUTE ON FUNCTION auth_is_colleague(text) FROM agentry_keeper;
DROP TABLE agent_api_connections;
";
