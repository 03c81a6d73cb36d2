//! Installs: one row beside the agent's own, whatever the template's size, that points at a version instead of copying it.

crate::sql_migration!("m0032_template_installs", protect: ["template_installs"]);

const UP: &str = concat!(
    include_str!("sql/template_installs.sql"),
    include_str!("sql/template_install_functions.sql"),
);

const DOWN: &str = "
DROP TRIGGER template_versions_kept ON template_versions;
DROP FUNCTION template_version_kept();
DROP FUNCTION agent_effective(text);
DROP FUNCTION template_install_definitions(text[]);
DROP FUNCTION template_install_parts(text[]);
DROP FUNCTION template_types_by_id(text[]);
DROP FUNCTION template_install_states(text[]);
DROP FUNCTION template_install_definition(text, integer, jsonb);
DROP FUNCTION template_installed(text[]);
DROP FUNCTION template_types_seen(text, text);
DROP FUNCTION template_install_counts(text[]);
DROP FUNCTION template_slugs_installed(text);
DROP FUNCTION template_version_slugs(text, integer);
DROP FUNCTION template_install_version(text, integer);
DROP FUNCTION template_pick(text, integer);
DROP FUNCTION template_cards(text[]);
DROP FUNCTION template_type(text, integer, text, text);
DROP FUNCTION template_types_of(text[]);
DROP FUNCTION template_vocabulary(text, integer, text, text);
DROP FUNCTION template_type_body(jsonb, jsonb, jsonb);
DROP FUNCTION template_type_ids(text, integer, text);
DROP FUNCTION template_sources(text, integer);
DROP FUNCTION template_definition(text, integer);
DROP FUNCTION template_state(text, integer, jsonb);
DROP FUNCTION template_agent(text, integer, jsonb);
DROP FUNCTION template_overlay(jsonb, jsonb);
DROP FUNCTION template_merge(jsonb, jsonb);
DROP TABLE template_installs;
DROP FUNCTION template_uses_follow();
DROP TABLE template_uses;
ALTER TABLE agents DROP COLUMN install_id, DROP COLUMN archived_at;
";
