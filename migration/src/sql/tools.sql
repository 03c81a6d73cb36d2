-- What an agent's model may ask the client to do: { name, description, parameters, requiresApproval } each; NULL where it is nothing.
ALTER TABLE agents ADD COLUMN tools jsonb CHECK (
  CASE jsonb_typeof(tools) WHEN 'array' THEN jsonb_array_length(tools) BETWEEN 1 AND 64 ELSE tools IS NULL END);
GRANT UPDATE (tools) ON agents TO agentry_app;

-- Tools are a part of what an agent is made of.
DROP TRIGGER agents_number ON agents;
CREATE TRIGGER agents_number BEFORE UPDATE OF system_prompt, model, temperature, max_tokens, tools ON agents FOR EACH ROW
  WHEN ((OLD.system_prompt, OLD.model, OLD.temperature, OLD.max_tokens, OLD.tools)
        IS DISTINCT FROM (NEW.system_prompt, NEW.model, NEW.temperature, NEW.max_tokens, NEW.tools))
  EXECUTE FUNCTION agents_number();
CREATE OR REPLACE FUNCTION agents_keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', NEW.organization_id, true);
  INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature,
                              max_tokens, tools, checksum, created_by_user_id)
  VALUES (NEW.organization_id, NEW.id, NEW.user_id, NEW.visibility, NEW.version, NEW.system_prompt, NEW.model, NEW.temperature,
          NEW.max_tokens, NEW.tools,
          agent_version_checksum(NEW.system_prompt, NEW.model, NEW.temperature, NEW.max_tokens, NEW.tools), app_current_user());
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
  RETURN NULL;
END $$;
DROP TRIGGER agents_keep_version ON agents;
CREATE TRIGGER agents_keep_version AFTER UPDATE OF system_prompt, model, temperature, max_tokens, tools ON agents FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION agents_keep_version();

-- What came of a call, on the message that says so. How far a call has come is nowhere else: it is told by the messages behind it.
ALTER TABLE agent_messages ADD COLUMN tool_outcome text CHECK (tool_outcome IN ('result', 'error', 'denied'));
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_tool_check
  CHECK (tool_outcome IS NULL OR (tool_call_id IS NOT NULL AND role = 'tool'));
-- A tool may have nothing to say.
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_content_check;
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_content_check
  CHECK (char_length(content) <= 1000000 AND (content <> '' OR tool_calls IS NOT NULL OR tool_call_id IS NOT NULL));
-- Approvals are kept with the calls.
GRANT UPDATE (tool_calls) ON agent_messages TO agentry_app;
