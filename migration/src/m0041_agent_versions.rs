//! Versions of agents: what each was made of, whenever that changed. Nothing changes them, and every writer makes them.

crate::sql_migration!("m0041_agent_versions", protect: ["agent_versions"]);

const UP: &str = include_str!("sql/agent_versions.sql");

const DOWN: &str = r"
DROP INDEX agent_feedback_user_idx;
DROP FUNCTION agent_version_ensure(text, integer, text, text, numeric, integer, jsonb);
DROP TRIGGER agents_keep_first_version ON agents;
DROP TRIGGER agents_keep_version ON agents;
DROP TRIGGER agents_number_first ON agents;
DROP TRIGGER agents_number ON agents;
DROP FUNCTION agents_keep_version();
DROP FUNCTION agents_number();
DROP TABLE agent_versions;
DROP FUNCTION agent_version_checksum(text, text, numeric, integer, jsonb);
ALTER TABLE agents DROP COLUMN version;
";
