-- What a person goes by: their account, their address, their number on WhatsApp. Kept in their personal organisation. The rows are
-- written by functions alone; one that no longer holds stays, with when it ended.
CREATE TABLE member_identities (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL DEFAULT 'i' || left(replace(gen_random_uuid()::text, '-', ''), 23) CHECK (char_length(id) BETWEEN 1 AND 64),
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  namespace text NOT NULL CHECK (namespace IN ('auth_user_id', 'email', 'phone', 'wa_jid', 'wa_bsuid')),
  identifier text NOT NULL CHECK (char_length(identifier) BETWEEN 1 AND 320),
  source text NOT NULL CHECK (source ~ '^[a-z_]+:[a-z_]+$' AND char_length(source) <= 64),
  verified_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX member_identities_live_key ON member_identities (organization_id, namespace, identifier) WHERE deleted_at IS NULL;
CREATE INDEX member_identities_user_idx ON member_identities (organization_id, user_id, namespace);

CREATE POLICY member_identities_select ON member_identities FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY member_identities_insert ON member_identities FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
-- The service only reads them: what writes them is the keeper, in the functions below.
GRANT SELECT ON member_identities TO agentry_app;
CREATE POLICY member_identities_keeper_select ON member_identities FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY member_identities_keeper_insert ON member_identities FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
CREATE POLICY member_identities_keeper_update ON member_identities FOR UPDATE TO agentry_keeper
  USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());
GRANT SELECT, INSERT, UPDATE (user_id, source, verified_at, deleted_at) ON member_identities TO agentry_keeper;

-- Notes what a user goes by, in this organisation; once, however often it is noted. What was verified stays so while it is the same user's.
CREATE FUNCTION member_identity_note(
  p_organization text, p_user text, p_namespace text, p_identifier text, p_source text, p_verified boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', p_organization, true);
  INSERT INTO member_identities AS i (organization_id, user_id, namespace, identifier, source, verified_at)
  VALUES (p_organization, p_user, p_namespace, p_identifier, p_source, CASE WHEN p_verified THEN now_ms() END)
  ON CONFLICT (organization_id, namespace, identifier) WHERE deleted_at IS NULL DO UPDATE
    SET user_id = EXCLUDED.user_id, source = EXCLUDED.source,
        verified_at = CASE WHEN i.user_id = EXCLUDED.user_id AND i.source = EXCLUDED.source
                        THEN coalesce(i.verified_at, EXCLUDED.verified_at) ELSE EXCLUDED.verified_at END
    WHERE (i.user_id, i.source, i.verified_at IS NOT NULL) IS DISTINCT FROM (EXCLUDED.user_id, EXCLUDED.source, EXCLUDED.verified_at IS NOT NULL);
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
END $$;
ALTER FUNCTION member_identity_note(text, text, text, text, text, boolean) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION member_identity_note(text, text, text, text, text, boolean) FROM PUBLIC;

-- What a user of this organisation does not go by any more: of these namespaces and this source, all but one identifier.
CREATE FUNCTION member_identity_end(
  p_organization text, p_user text, p_namespaces text[], p_source text, p_identifiers text[], p_but boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', p_organization, true);
  UPDATE member_identities SET deleted_at = now_ms()
  WHERE organization_id = p_organization AND user_id = p_user AND namespace = ANY (p_namespaces) AND source = p_source
    AND deleted_at IS NULL AND (identifier = ANY (p_identifiers)) <> p_but;
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
END $$;
ALTER FUNCTION member_identity_end(text, text, text[], text, text[], boolean) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION member_identity_end(text, text, text[], text, text[], boolean) FROM PUBLIC;

-- Their account and their address, in their personal organisation, whoever made or changed either: this service, or better-auth,
-- which knows of neither.
CREATE FUNCTION member_identity_of_account(p_organization text, p_user text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_email text;
  v_verified boolean;
BEGIN
  SELECT lower(btrim(r ->> 'email')), coalesce(r ->> 'emailVerified', '') IN ('true', 't', '1') INTO v_email, v_verified
  FROM (SELECT to_jsonb(u) AS r FROM "user" u WHERE u."id" = p_user) u;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM member_identity_note(p_organization, p_user, 'auth_user_id', p_user, 'auth:signup', true);
  -- Another program may have stored anything.
  IF char_length(v_email) NOT BETWEEN 1 AND 320 THEN v_email := NULL; END IF;
  PERFORM member_identity_end(p_organization, p_user, ARRAY['email'], 'auth:signup', array_remove(ARRAY[v_email], NULL), true);
  IF v_email IS NOT NULL THEN
    PERFORM member_identity_note(p_organization, p_user, 'email', v_email, 'auth:signup', v_verified);
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION member_identity_of_account(text, text) FROM PUBLIC;

-- As the triggers of m0026: rows are read as JSON, so that no column of better-auth's hangs on them.
CREATE FUNCTION organization_identify() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_user text := to_jsonb(NEW) ->> 'personal_user_id';
BEGIN
  IF v_user IS NULL OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> 'personal_user_id' IS NOT DISTINCT FROM v_user) THEN RETURN NULL; END IF;
  PERFORM member_identity_of_account(to_jsonb(NEW) ->> 'id', v_user);
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION organization_identify() FROM PUBLIC;
CREATE TRIGGER organization_identify AFTER INSERT OR UPDATE ON "organization" FOR EACH ROW EXECUTE FUNCTION organization_identify();

CREATE FUNCTION user_identify() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_old jsonb := to_jsonb(OLD);
  v_new jsonb := to_jsonb(NEW);
  v_home text;
BEGIN
  IF v_old -> 'email' IS NOT DISTINCT FROM v_new -> 'email' AND v_old -> 'emailVerified' IS NOT DISTINCT FROM v_new -> 'emailVerified' THEN
    RETURN NULL;
  END IF;
  SELECT o."id" INTO v_home FROM "organization" o WHERE o.personal_user_id = v_new ->> 'id';
  IF FOUND THEN PERFORM member_identity_of_account(v_home, v_new ->> 'id'); END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION user_identify() FROM PUBLIC;
CREATE TRIGGER user_identify AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION user_identify();

-- Those who are here already.
INSERT INTO member_identities (organization_id, user_id, namespace, identifier, source, verified_at)
SELECT o."id", u."id", n.namespace, n.identifier, 'auth:signup', CASE WHEN n.verified THEN now_ms() END
FROM "organization" o JOIN "user" u ON u."id" = o.personal_user_id
CROSS JOIN LATERAL (VALUES ('auth_user_id', u."id", true), ('email', lower(btrim(u."email")), coalesce(u."emailVerified", false)))
  n (namespace, identifier, verified)
WHERE char_length(n.identifier) BETWEEN 1 AND 320;
