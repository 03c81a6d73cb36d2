//! Templates and their versions, as their publisher sees them.
//!
//! They are read across organisations by design, so they carry no `organization_id`: row security shows the service those of
//! the acting publisher alone, nothing is granted but reading, and every other way in is a function that returns the few
//! columns it must.

crate::sql_migration!("m0031_templates");

const UP: &str = concat!(
    include_str!("sql/template_tables.sql"),
    include_str!("sql/template_catalogue.sql"),
    include_str!("sql/template_publishing.sql"),
);

const DOWN: &str = "
DROP FUNCTION template_publish(text, text, jsonb, jsonb, jsonb, text, text, text, text, text, jsonb, jsonb, integer);
DROP FUNCTION template_add(text, text, text, jsonb, jsonb, jsonb, text, text, text, text, text, jsonb, jsonb, integer);
DROP FUNCTION template_set_status(text, text);
DROP FUNCTION template_yank(text, integer, boolean);
DROP FUNCTION template_delete(text);
DROP FUNCTION template_catalogue(text, text, text, text, text, text, boolean, integer);
DROP FUNCTION template_find(text, text);
DROP FUNCTION template_find_many(text[]);
DROP FUNCTION template_version_of(text, integer);
DROP FUNCTION template_slugs(text, integer, text[]);
DROP FUNCTION template_is_own(text);
DROP FUNCTION template_shelf();
DROP TYPE template_card;
DROP TABLE template_catalogs;
DROP TABLE template_types;
DROP TABLE template_versions;
DROP TABLE templates;
DROP FUNCTION template_version_stands();
";
