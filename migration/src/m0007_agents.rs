//! Agents: a name, a prompt, a model and its settings.

crate::sql_migration!("m0007_agents", protect: ["agents"]);

// The two wider unique keys let other tables copy the owner and the visibility by reference: the copies then follow every
// transfer and every change by ON UPDATE CASCADE, and a policy can read them without a sub-query.
const UP: &str = r#"
CREATE TABLE agents (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  description text CHECK (char_length(description) <= 2000),
  system_prompt text NOT NULL CHECK (char_length(system_prompt) BETWEEN 1 AND 100000),
  model text NOT NULL DEFAULT 'gpt-3.5-turbo' CHECK (char_length(model) BETWEEN 1 AND 200),
  temperature numeric(5, 4) NOT NULL DEFAULT 0.7 CHECK (temperature BETWEEN 0 AND 2),
  max_tokens integer CHECK (max_tokens > 0),
  visibility text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'organization')),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, id, user_id),
  UNIQUE (organization_id, id, user_id, visibility)
);
CREATE INDEX agents_created_at_idx ON agents (organization_id, created_at, id);
CREATE INDEX agents_updated_at_idx ON agents (organization_id, updated_at, id);
CREATE INDEX agents_owner_idx ON agents (organization_id, user_id, created_at, id);
CREATE INDEX agents_name_idx ON agents (organization_id, name, id);

CREATE POLICY agents_select ON agents FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR visibility = 'organization' OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY agents_insert ON agents FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY agents_update ON agents FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')))
  WITH CHECK (organization_id = app_current_org() AND (user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY agents_delete ON agents FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')));

GRANT SELECT, INSERT, DELETE ON agents TO agentry_app;
GRANT UPDATE (name, description, system_prompt, model, temperature, max_tokens, visibility) ON agents TO agentry_app;

-- Counting against a limit and handing an agent over go beyond what the caller may see or write: the keeper does both.
GRANT SELECT (organization_id, id, user_id), UPDATE (user_id) ON agents TO agentry_keeper;
CREATE POLICY agents_keeper_select ON agents FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY agents_keeper_update ON agents FOR UPDATE TO agentry_keeper USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());

-- Is there room for one more agent in the acting organisation? Holds the answer until the transaction ends: a second
-- caller waits, so a limit of n is never passed by two at once.
CREATE FUNCTION agents_have_room(p_limit integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('agents:' || app_current_org(), 0));
  RETURN (SELECT count(*) FROM (SELECT 1 FROM agents WHERE organization_id = app_current_org() LIMIT p_limit) a) < p_limit;
END $$;
ALTER FUNCTION agents_have_room(integer) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agents_have_room(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agents_have_room(integer) TO agentry_app;
"#;

const DOWN: &str = r"
DROP FUNCTION agents_have_room(integer);
DROP TABLE agents;
";
