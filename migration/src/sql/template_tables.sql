-- The slug is global: it is the address of the template's page. One that was ever to be had keeps it.
CREATE TABLE templates (
  id text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 64),
  publisher_org_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) <= 64),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'unlisted', 'withdrawn')),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  description text CHECK (char_length(description) <= 2000),
  category text CHECK (category ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(category) <= 50),
  icon text CHECK (char_length(icon) <= 100),
  bot_phone text CHECK (bot_phone ~ '^[1-9][0-9]{6,14}$'),
  first_published_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  UNIQUE (id, publisher_org_id)
);
CREATE INDEX templates_publisher_idx ON templates (publisher_org_id, name, id);
CREATE INDEX templates_shelf_idx ON templates (name, id) WHERE status = 'published';

-- A version never changes, but for being yanked. What a plain read of an installed agent needs stands apart from the rest, which
-- may be large.
CREATE TABLE template_versions (
  template_id text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  publisher_org_id text NOT NULL,
  definition jsonb NOT NULL,
  agent jsonb NOT NULL GENERATED ALWAYS AS (definition -> 'agent') STORED,
  capabilities jsonb NOT NULL,
  provides jsonb NOT NULL,
  checksum text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
  notes text CHECK (char_length(notes) <= 5000),
  published_at timestamptz NOT NULL DEFAULT now_ms(),
  yanked_at timestamptz,
  PRIMARY KEY (template_id, version),
  FOREIGN KEY (template_id, publisher_org_id) REFERENCES templates (id, publisher_org_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX template_versions_publisher_idx ON template_versions (publisher_org_id);

-- The types of a version: a type keeps its id through all versions of its template.
CREATE TABLE template_types (
  template_id text NOT NULL,
  version integer NOT NULL,
  publisher_org_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('entity', 'relationship')),
  slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9_-]{0,63}$'),
  id text NOT NULL,
  PRIMARY KEY (template_id, version, kind, slug),
  FOREIGN KEY (template_id, version) REFERENCES template_versions (template_id, version) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX template_types_publisher_idx ON template_types (publisher_org_id);
CREATE INDEX template_types_id_idx ON template_types (id);

-- Templates whose vocabulary a version uses beside its own, in the order in which they are searched. One that is used so
-- cannot be deleted.
CREATE TABLE template_catalogs (
  template_id text NOT NULL,
  version integer NOT NULL,
  position integer NOT NULL CHECK (position > 0),
  publisher_org_id text NOT NULL,
  catalog_template_id text NOT NULL,
  catalog_version integer NOT NULL,
  PRIMARY KEY (template_id, version, position),
  FOREIGN KEY (template_id, version) REFERENCES template_versions (template_id, version) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (catalog_template_id, catalog_version) REFERENCES template_versions (template_id, version) ON UPDATE CASCADE
);
CREATE INDEX template_catalogs_publisher_idx ON template_catalogs (publisher_org_id);
CREATE INDEX template_catalogs_catalog_idx ON template_catalogs (catalog_template_id, catalog_version);

ALTER TABLE templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_types ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_catalogs ENABLE ROW LEVEL SECURITY;
CREATE POLICY templates_publisher ON templates FOR SELECT TO agentry_app USING (publisher_org_id = app_current_org());
CREATE POLICY template_versions_publisher ON template_versions FOR SELECT TO agentry_app USING (publisher_org_id = app_current_org());
CREATE POLICY template_types_publisher ON template_types FOR SELECT TO agentry_app USING (publisher_org_id = app_current_org());
CREATE POLICY template_catalogs_publisher ON template_catalogs FOR SELECT TO agentry_app USING (publisher_org_id = app_current_org());
GRANT SELECT ON templates, template_versions, template_types, template_catalogs TO agentry_app;

CREATE TRIGGER templates_touch BEFORE UPDATE ON templates FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- For whoever writes past the functions, the owner included.
CREATE FUNCTION template_version_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ROW(NEW.template_id, NEW.version, NEW.definition, NEW.capabilities, NEW.provides, NEW.checksum, NEW.notes, NEW.published_at)
     IS DISTINCT FROM
     ROW(OLD.template_id, OLD.version, OLD.definition, OLD.capabilities, OLD.provides, OLD.checksum, OLD.notes, OLD.published_at) THEN
    RAISE EXCEPTION 'a published version does not change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION template_version_stands() FROM PUBLIC;
CREATE TRIGGER template_versions_stand BEFORE UPDATE ON template_versions
  FOR EACH ROW EXECUTE FUNCTION template_version_stands();
