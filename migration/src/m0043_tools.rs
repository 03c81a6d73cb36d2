//! Tools: what an agent's model may ask the client to do, and what came of it.

crate::sql_migration!("m0043_tools");

const UP: &str = include_str!("sql/tools.sql");

const DOWN: &str = r"
REVOKE UPDATE (tool_calls) ON agent_messages FROM agentry_app;
DELETE FROM agent_messages WHERE content = '' AND tool_calls IS NULL;
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_content_check;
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_content_check
  CHECK (char_length(content) <= 1000000 AND (content <> '' OR tool_calls IS NOT NULL));
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_tool_check;
ALTER TABLE agent_messages DROP COLUMN tool_outcome;
DROP TRIGGER agents_keep_version ON agents;
CREATE TRIGGER agents_keep_version AFTER UPDATE OF system_prompt, model, temperature, max_tokens ON agents FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION agents_keep_version();
CREATE OR REPLACE FUNCTION agents_keep_version() RETURNS trigger
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
DROP TRIGGER agents_number ON agents;
CREATE TRIGGER agents_number BEFORE UPDATE OF system_prompt, model, temperature, max_tokens ON agents FOR EACH ROW
  WHEN ((OLD.system_prompt, OLD.model, OLD.temperature, OLD.max_tokens)
        IS DISTINCT FROM (NEW.system_prompt, NEW.model, NEW.temperature, NEW.max_tokens))
  EXECUTE FUNCTION agents_number();
ALTER TABLE agents DROP COLUMN tools;
";
