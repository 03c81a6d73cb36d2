//! Runs: an agent's work on a reply. What it has said so far, which worker does it, and branches of a conversation.

crate::sql_migration!("m0040_runs", protect: ["runs", "run_deltas"]);

const UP: &str = concat!(
    include_str!("sql/message_branches.sql"),
    include_str!("sql/runs.sql"),
    include_str!("sql/run_functions.sql"),
    include_str!("sql/run_services.sql"),
    include_str!("sql/run_connection.sql"),
);

const DOWN: &str = r"
DROP TRIGGER api_connections_used ON api_connections;
DROP FUNCTION keep_updated_at();
DROP FUNCTION api_connection_used(text);
DROP FUNCTION run_connection(text, text, text);
REVOKE SELECT (metadata, last_used_at), UPDATE (last_used_at) ON api_connections FROM agentry_keeper;
DROP FUNCTION agent_services(text);
REVOKE SELECT (service, base_url) ON api_connections FROM agentry_keeper;
REVOKE SELECT (api_connection_id, created_at, id) ON agent_api_connections FROM agentry_keeper;
DROP FUNCTION run_deltas_append(text, text[], text[], integer[], text[]);
DROP FUNCTION run_postpone(text, text, integer);
DROP FUNCTION run_release(text, text);
DROP FUNCTION run_extend(text, text[], integer);
DROP FUNCTION run_claim(text, integer, integer, integer);
DROP FUNCTION run_withdraw(text);
DROP FUNCTION run_enqueue(text, text);
DROP TABLE run_deltas;
DROP TABLE run_leases;
DROP TABLE runs;
REVOKE UPDATE (head_id) ON conversations FROM agentry_app;
REVOKE UPDATE (is_current, parent_id) ON agent_messages FROM agentry_app;
DROP INDEX agent_messages_parent_idx;
DELETE FROM agent_messages WHERE content = '';
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_content_check;
ALTER TABLE agent_messages DROP COLUMN parent_id, DROP COLUMN is_current, DROP COLUMN run_id, DROP COLUMN agent_version,
  DROP COLUMN model, DROP COLUMN tool_calls, DROP COLUMN tool_call_id;
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_content_check CHECK (char_length(content) BETWEEN 1 AND 1000000);
ALTER TABLE conversations DROP COLUMN head_id;
";
