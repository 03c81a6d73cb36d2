-- An installed agent's row names its install; its prompt and settings are read through it. One whose install ended is archived.
ALTER TABLE agents ADD COLUMN install_id text CHECK (char_length(install_id) BETWEEN 1 AND 64),
  ADD COLUMN archived_at timestamptz;
GRANT UPDATE (archived_at) ON agents TO agentry_app;

-- Owner and visibility of the agent are copies kept by reference, so that a policy reads them without a sub-query.
CREATE TABLE template_installs (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  template_id text NOT NULL REFERENCES templates (id) ON DELETE CASCADE ON UPDATE CASCADE,
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  agent_visibility text NOT NULL,
  installed_by_user_id text NOT NULL,
  pinned_version integer CHECK (pinned_version > 0),
  granted_capabilities jsonb NOT NULL DEFAULT '{}',
  overrides jsonb NOT NULL DEFAULT '{}',
  uninstalled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, agent_id),
  FOREIGN KEY (organization_id, agent_id, agent_user_id, agent_visibility)
    REFERENCES agents (organization_id, id, user_id, visibility) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX template_installs_live_key ON template_installs (organization_id, template_id) WHERE uninstalled_at IS NULL;
CREATE INDEX template_installs_template_idx ON template_installs (organization_id, template_id, created_at);

CREATE POLICY template_installs_select ON template_installs FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (agent_user_id = app_current_user() OR agent_visibility = 'organization' OR app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY template_installs_insert ON template_installs FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND installed_by_user_id = app_current_user() AND agent_user_id = app_current_user() AND app_current_org_role() IN ('owner', 'admin'));
CREATE POLICY template_installs_update ON template_installs FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND ((agent_user_id = app_current_user() AND agent_visibility = 'private') OR app_current_org_role() IN ('owner', 'admin')))
  WITH CHECK (organization_id = app_current_org() AND ((agent_user_id = app_current_user() AND agent_visibility = 'private') OR app_current_org_role() IN ('owner', 'admin')));
GRANT SELECT, INSERT ON template_installs TO agentry_app;
GRANT UPDATE (pinned_version, granted_capabilities, overrides, uninstalled_at) ON template_installs TO agentry_app;

CREATE POLICY template_installs_keeper_select ON template_installs FOR SELECT TO agentry_keeper
  USING (organization_id = app_current_org());
GRANT SELECT ON template_installs TO agentry_keeper;

-- That a template is in use, by how many, and by nobody in particular: all that its publisher may learn of its installs, and what
-- keeps a template in use from being deleted.
CREATE TABLE template_uses (
  template_id text NOT NULL REFERENCES templates (id) ON UPDATE CASCADE,
  install_id text NOT NULL,
  PRIMARY KEY (template_id, install_id)
);
ALTER TABLE template_uses ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION template_uses_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO template_uses (template_id, install_id) VALUES (NEW.template_id, NEW.id);
  ELSIF TG_OP = 'DELETE' OR NEW.uninstalled_at IS NOT NULL THEN
    DELETE FROM template_uses u WHERE u.template_id = OLD.template_id AND u.install_id = OLD.id;
  END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION template_uses_follow() FROM PUBLIC;
CREATE TRIGGER template_installs_used AFTER INSERT OR UPDATE OF uninstalled_at OR DELETE ON template_installs
  FOR EACH ROW EXECUTE FUNCTION template_uses_follow();

-- Versions go with their template, and a template that is installed stays: so does each of its versions, for whoever deletes past
-- the functions too.
CREATE FUNCTION template_version_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM template_uses u WHERE u.template_id = OLD.template_id) THEN
    RAISE EXCEPTION 'the template is installed' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'template_uses_template_id_fkey';
  END IF;
  RETURN OLD;
END $$;
REVOKE EXECUTE ON FUNCTION template_version_kept() FROM PUBLIC;
CREATE TRIGGER template_versions_kept BEFORE DELETE ON template_versions FOR EACH ROW EXECUTE FUNCTION template_version_kept();
