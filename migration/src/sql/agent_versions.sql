-- What an agent was made of, by number: 1, 2, 3, without gaps. Whose the agent is and who sees it are copied by reference, so
-- that whoever sees an agent sees its versions. Who made one is a note, not a reference: it outlives the person.
ALTER TABLE agents ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 0);

CREATE TABLE agent_versions (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL DEFAULT 'v' || left(replace(gen_random_uuid()::text, '-', ''), 23) CHECK (char_length(id) BETWEEN 1 AND 64),
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  agent_visibility text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  system_prompt text NOT NULL CHECK (char_length(system_prompt) BETWEEN 1 AND 100000),
  model text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 200),
  temperature numeric(5, 4) NOT NULL CHECK (temperature BETWEEN 0 AND 2),
  max_tokens integer CHECK (max_tokens > 0),
  tools jsonb CHECK (jsonb_typeof(tools) = 'array'),
  checksum text NOT NULL CHECK (char_length(checksum) = 64),
  created_by_user_id text CHECK (char_length(created_by_user_id) BETWEEN 1 AND 64),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, agent_id, version),
  CONSTRAINT agent_versions_agent_fkey FOREIGN KEY (organization_id, agent_id, agent_user_id, agent_visibility)
    REFERENCES agents (organization_id, id, user_id, visibility) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE POLICY agent_versions_select ON agent_versions FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (agent_user_id = app_current_user() OR agent_visibility = 'organization'
         OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY agent_versions_insert ON agent_versions FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND (agent_user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')));
-- The service only reads them: what writes them is the keeper, in the functions below.
GRANT SELECT ON agent_versions TO agentry_app;
GRANT SELECT (organization_id, agent_id, version, checksum), INSERT ON agent_versions TO agentry_keeper;
CREATE POLICY agent_versions_keeper_select ON agent_versions FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY agent_versions_keeper_insert ON agent_versions FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
GRANT SELECT (version), UPDATE (version) ON agents TO agentry_keeper;

-- What tells whether two versions are alike: SHA-256, in hexadecimal, of all that an agent is made of as a JSON array.
CREATE FUNCTION agent_version_checksum(p_system_prompt text, p_model text, p_temperature numeric, p_max_tokens integer, p_tools jsonb)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
RETURN encode(sha256(convert_to(
  jsonb_build_array(p_system_prompt, p_model, p_temperature::numeric(5, 4), p_max_tokens, p_tools)::text, 'UTF8')), 'hex');
REVOKE EXECUTE ON FUNCTION agent_version_checksum(text, text, numeric, integer, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent_version_checksum(text, text, numeric, integer, jsonb) TO agentry_keeper;

-- Numbers an agent as it is written, whoever writes it and whatever number they say. The row's own lock lets one writer number it
-- at a time, and the next sees what that one left. An agent with an install is made of its template, not of its row: its
-- versions are kept by agent_version_ensure, the first when it first answers, and until then it is at 0.
CREATE FUNCTION agents_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_before integer := CASE TG_OP WHEN 'INSERT' THEN 0 ELSE OLD.version END;
BEGIN
  NEW.version := CASE WHEN to_jsonb(NEW) ->> 'install_id' IS NULL THEN v_before + 1 ELSE v_before END;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION agents_number() FROM PUBLIC;
CREATE TRIGGER agents_number_first BEFORE INSERT ON agents FOR EACH ROW EXECUTE FUNCTION agents_number();
CREATE TRIGGER agents_number BEFORE UPDATE OF system_prompt, model, temperature, max_tokens ON agents FOR EACH ROW
  WHEN ((OLD.system_prompt, OLD.model, OLD.temperature, OLD.max_tokens)
        IS DISTINCT FROM (NEW.system_prompt, NEW.model, NEW.temperature, NEW.max_tokens))
  EXECUTE FUNCTION agents_number();

-- Keeps what was numbered. A writer beside the service acts in no organisation; the row's is the one to write in.
CREATE FUNCTION agents_keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', NEW.organization_id, true);
  INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature,
                              max_tokens, checksum, created_by_user_id)
  VALUES (NEW.organization_id, NEW.id, NEW.user_id, NEW.visibility, NEW.version, NEW.system_prompt, NEW.model, NEW.temperature,
          NEW.max_tokens, agent_version_checksum(NEW.system_prompt, NEW.model, NEW.temperature, NEW.max_tokens, NULL), app_current_user());
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
  RETURN NULL;
END $$;
CREATE TRIGGER agents_keep_first_version AFTER INSERT ON agents FOR EACH ROW
  WHEN (NEW.version > 0) EXECUTE FUNCTION agents_keep_version();
CREATE TRIGGER agents_keep_version AFTER UPDATE OF system_prompt, model, temperature, max_tokens ON agents FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION agents_keep_version();
REVOKE EXECUTE ON FUNCTION agents_keep_version() FROM PUBLIC;
ALTER FUNCTION agents_keep_version() OWNER TO agentry_keeper;

-- The version of an agent that is made of this: the one it was read at where that fits, else the newest, else a new one. NULL: there
-- is no such agent that the caller may see. That they may only see it is enough: whoever asks a shared agent notes what answers.
CREATE FUNCTION agent_version_ensure(p_agent_id text, p_version integer, p_system_prompt text, p_model text, p_temperature numeric,
                                     p_max_tokens integer, p_tools jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_checksum text := agent_version_checksum(p_system_prompt, p_model, p_temperature, p_max_tokens, p_tools);
  v_owner text;
  v_visibility text;
  v_version integer := p_version;
BEGIN
  SELECT user_id, visibility INTO v_owner, v_visibility FROM agents WHERE organization_id = app_current_org() AND id = p_agent_id
    AND (user_id = app_current_user() OR visibility = 'organization' OR app_current_org_role() IN ('owner', 'admin'));
  IF NOT FOUND THEN RETURN NULL; END IF;
  -- Most agents are as they were: those are not locked, however many runs begin at once.
  PERFORM FROM agent_versions WHERE organization_id = app_current_org() AND agent_id = p_agent_id AND version = v_version
    AND checksum = v_checksum;
  IF FOUND THEN RETURN v_version; END IF;
  SELECT version, user_id, visibility INTO v_version, v_owner, v_visibility FROM agents
    WHERE organization_id = app_current_org() AND id = p_agent_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM FROM agent_versions WHERE organization_id = app_current_org() AND agent_id = p_agent_id AND version = v_version
    AND checksum = v_checksum;
  IF FOUND THEN RETURN v_version; END IF;
  v_version := v_version + 1;
  INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature,
                              max_tokens, tools, checksum, created_by_user_id)
  VALUES (app_current_org(), p_agent_id, v_owner, v_visibility, v_version, p_system_prompt, p_model, p_temperature, p_max_tokens,
          p_tools, v_checksum, app_current_user());
  UPDATE agents SET version = v_version WHERE organization_id = app_current_org() AND id = p_agent_id;
  RETURN v_version;
END $$;
ALTER FUNCTION agent_version_ensure(text, integer, text, text, numeric, integer, jsonb) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agent_version_ensure(text, integer, text, text, numeric, integer, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent_version_ensure(text, integer, text, text, numeric, integer, jsonb) TO agentry_app;

-- What agents are made of now is their first version. Who made it so, and since when, was not noted; it was so when they last changed.
SET LOCAL row_security = on;
ALTER TABLE agents NO FORCE ROW LEVEL SECURITY;
INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature,
                            max_tokens, checksum, created_at)
SELECT organization_id, id, user_id, visibility, version, system_prompt, model, temperature, max_tokens,
       agent_version_checksum(system_prompt, model, temperature, max_tokens, NULL), updated_at
FROM agents;
ALTER TABLE agents FORCE ROW LEVEL SECURITY;

-- One's own feedback in a span of time, among all agents.
CREATE INDEX agent_feedback_user_idx ON agent_feedback (organization_id, user_id, created_at, id);
