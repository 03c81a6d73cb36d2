-- A table like `agents` whose policies forget the organisation, one in reading and one in writing:
-- proof that the gate would notice.
DROP SCHEMA IF EXISTS pgrls_bites CASCADE;
CREATE SCHEMA pgrls_bites;
CREATE TABLE pgrls_bites.things (
    organization_id text NOT NULL,
    id text NOT NULL,
    user_id text NOT NULL,
    visibility text NOT NULL,
    PRIMARY KEY (organization_id, id)
);
ALTER TABLE pgrls_bites.things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY things_select ON pgrls_bites.things FOR SELECT TO agentry_app
    USING (organization_id = app_current_org() OR visibility = 'organization');
CREATE POLICY things_update ON pgrls_bites.things FOR UPDATE TO agentry_app
    USING (organization_id = app_current_org())
    WITH CHECK (organization_id = app_current_org() OR user_id IS NOT NULL);
