//! The kinds of things, and of relationships between them, that an organisation authors itself.

crate::sql_migration!("m0030_entity_types", protect: ["entity_types", "entity_relationship_types"]);

// Types are archived, never deleted: what is stored under one names its id. Every member reads them; owners and admins write.
// What a relationship leads from and to is named by id, so that neither a rename nor a namesake changes it; NULL is anything. The id
// may be that of a type which a template brings, so it can be no reference.
const UP: &str = r#"
CREATE TABLE entity_types (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9_-]{0,63}$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  description text CHECK (char_length(description) <= 2000),
  icon text CHECK (char_length(icon) <= 100),
  color text CHECK (color ~ '^#[0-9a-f]{6}$'),
  metadata_schema jsonb NOT NULL DEFAULT '{}',
  event_kinds jsonb NOT NULL DEFAULT '{}',
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX entity_types_slug_key ON entity_types (organization_id, slug) WHERE archived_at IS NULL;

CREATE TABLE entity_relationship_types (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9_-]{0,63}$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  description text CHECK (char_length(description) <= 2000),
  metadata_schema jsonb NOT NULL DEFAULT '{}',
  is_symmetric boolean NOT NULL DEFAULT false,
  from_type_ids text[] CHECK (cardinality(from_type_ids) BETWEEN 1 AND 100),
  to_type_ids text[] CHECK (cardinality(to_type_ids) BETWEEN 1 AND 100),
  inverse_type_id text CHECK (char_length(inverse_type_id) BETWEEN 1 AND 64),
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX entity_relationship_types_slug_key ON entity_relationship_types (organization_id, slug) WHERE archived_at IS NULL;

CREATE POLICY entity_types_select ON entity_types FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND app_current_user() IS NOT NULL);
CREATE POLICY entity_types_insert ON entity_types FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'));
CREATE POLICY entity_types_update ON entity_types FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'))
  WITH CHECK (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'));
CREATE POLICY entity_relationship_types_select ON entity_relationship_types FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND app_current_user() IS NOT NULL);
CREATE POLICY entity_relationship_types_insert ON entity_relationship_types FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'));
CREATE POLICY entity_relationship_types_update ON entity_relationship_types FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'))
  WITH CHECK (organization_id = app_current_org() AND app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin'));

GRANT SELECT, INSERT ON entity_types, entity_relationship_types TO agentry_app;
GRANT UPDATE (name, description, icon, color, metadata_schema, event_kinds, archived_at) ON entity_types TO agentry_app;
GRANT UPDATE (name, description, metadata_schema, is_symmetric, from_type_ids, to_type_ids, inverse_type_id, archived_at)
  ON entity_relationship_types TO agentry_app;
"#;

const DOWN: &str = "
DROP TABLE entity_relationship_types;
DROP TABLE entity_types;
";
