-- What a person is in an organisation; NULL when they are no member. For the functions below, not for the service.
CREATE FUNCTION org_role_of(p_organization text, p_user text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT app_highest_role(string_agg(m."role", ',')) FROM "member" m
          WHERE m."organizationId" = p_organization AND m."userId" = p_user HAVING count(*) > 0);
END $$;

-- What acts in the acting organisation: a member's role, or that of the organisation's own key. NULL: neither.
CREATE FUNCTION org_acting_role() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF app_acts_as_organization() THEN RETURN app_current_org_role(); END IF;
  RETURN org_role_of(app_current_org(), app_current_user());
END $$;

-- The acting user's role, read once nobody else can change a membership of the acting organisation: every function that
-- changes one begins here, so that two of them never both see the last owner's colleague.
CREATE FUNCTION org_locked_role() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM "organization" o WHERE o."id" = app_current_org() FOR NO KEY UPDATE;
  RETURN org_acting_role();
END $$;

-- Whether the acting organisation has an owner beside this one. To be asked under the lock.
CREATE FUNCTION org_has_owner_beside(p_user text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM "member" m
                 WHERE m."organizationId" = app_current_org() AND m."userId" <> p_user AND app_highest_role(m."role") = 'owner');
END $$;

CREATE FUNCTION org_is_personal_of(p_user text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM "organization" o WHERE o."id" = app_current_org() AND o.personal_user_id = p_user);
END $$;

-- Takes a person out of the acting organisation, and their sessions with them.
CREATE FUNCTION org_drop_member(p_user text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM "member" m WHERE m."organizationId" = app_current_org() AND m."userId" = p_user;
  UPDATE "session" s SET "activeOrganizationId" = NULL
  WHERE s."userId" = p_user AND s."activeOrganizationId" = app_current_org();
END $$;

-- An organisation of which the acting user is the owner; their session acts there from now on.
CREATE FUNCTION org_create(
  p_id text, p_member_id text, p_session_id text, p_name text, p_slug text, p_logo text, p_limit integer)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_count bigint;
BEGIN
  -- An organisation owns no other.
  PERFORM FROM "user" u WHERE u."id" = app_current_user() AND u.service_organization_id IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  SELECT count(*) INTO v_count FROM "member" m
  WHERE m."userId" = app_current_user() AND app_highest_role(m."role") = 'owner';
  IF v_count >= p_limit THEN RETURN 'organizations_full'; END IF;
  INSERT INTO "organization" ("id", "name", "slug", "logo", "createdAt")
  VALUES (p_id, p_name, p_slug, p_logo, now_ms()) ON CONFLICT ("slug") DO NOTHING;
  IF NOT FOUND THEN RETURN 'slug_taken'; END IF;
  INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
  VALUES (p_member_id, p_id, app_current_user(), 'owner', now_ms());
  UPDATE "session" s SET "activeOrganizationId" = p_id WHERE s."id" = p_session_id AND s."userId" = app_current_user();
  RETURN 'ok';
END $$;

-- NULL keeps a name or a slug; the logo changes when p_set_logo says so.
CREATE FUNCTION org_update(p_name text, p_slug text, p_set_logo boolean, p_logo text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_locked_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  UPDATE "organization" o
  SET "name" = coalesce(p_name, o."name"), "slug" = coalesce(p_slug, o."slug"),
      "logo" = CASE WHEN p_set_logo THEN p_logo ELSE o."logo" END
  WHERE o."id" = app_current_org();
  RETURN 'ok';
EXCEPTION WHEN unique_violation THEN RETURN 'slug_taken';
END $$;

-- With everything in it. Sessions that acted there act at home from now on.
CREATE FUNCTION org_delete() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_locked_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role <> 'owner' THEN RETURN 'owners_only'; END IF;
  IF EXISTS (SELECT FROM "organization" o WHERE o."id" = app_current_org() AND o.personal_user_id IS NOT NULL) THEN
    RETURN 'personal';
  END IF;
  UPDATE "session" s SET "activeOrganizationId" = NULL WHERE s."activeOrganizationId" = app_current_org();
  DELETE FROM "organization" o WHERE o."id" = app_current_org();
  RETURN 'ok';
END $$;

-- Where a session acts when a request names no organisation; NULL is at home.
CREATE FUNCTION session_set_active(p_session_id text, p_organization text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF p_organization IS NOT NULL AND org_role_of(p_organization, app_current_user()) IS NULL THEN RETURN 'gone'; END IF;
  UPDATE "session" s SET "activeOrganizationId" = p_organization
  WHERE s."id" = p_session_id AND s."userId" = app_current_user();
  RETURN 'ok';
END $$;

-- The members of those of these organisations that the acting user is a member of. Everyone sees who is there, and as what;
-- addresses are for those who are owners or admins there, whatever they are where the request acts, and one's own. Two rows of
-- one person, which better-auth does not prevent, are one member with the stronger role.
CREATE FUNCTION org_members(p_organizations text[])
RETURNS TABLE (organization_id text, id text, user_id text, role text, created_at timestamptz, name text, image text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT mine.organization_id, m.id, m.user_id, m.role, m.created_at, u."name", u."image",
         CASE WHEN mine.role IN ('owner', 'admin') OR u."id" = app_current_user() THEN u."email" END
  FROM (SELECT o."organizationId" AS organization_id, app_highest_role(string_agg(o."role", ',')) AS role
        FROM "member" o WHERE o."userId" = app_current_user() AND o."organizationId" = ANY (p_organizations)
        GROUP BY o."organizationId"
        UNION ALL SELECT app_current_org(), app_current_org_role()
        WHERE app_acts_as_organization() AND app_current_org() = ANY (p_organizations)) mine
  CROSS JOIN LATERAL (
    SELECT min(o."id") AS id, o."userId" AS user_id, app_highest_role(string_agg(o."role", ',')) AS role,
           min(o."createdAt") AS created_at
    FROM "member" o WHERE o."organizationId" = mine.organization_id GROUP BY o."userId") m
  JOIN "user" u ON u."id" = m.user_id;
END $$;

-- One plain role; what else another program wrote beside it goes.
CREATE FUNCTION org_change_role(p_user text, p_role text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_locked_role();
  v_target text := org_role_of(app_current_org(), p_user);
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  IF p_role NOT IN ('owner', 'admin', 'member') THEN RETURN 'no_such_role'; END IF;
  IF v_target IS NULL THEN RETURN 'no_such_member'; END IF;
  IF v_role <> 'owner' AND (p_role = 'owner' OR v_target = 'owner') THEN RETURN 'owners_only'; END IF;
  IF p_role <> 'owner' AND v_target = 'owner' THEN
    IF org_is_personal_of(p_user) THEN RETURN 'personal'; END IF;
    IF NOT org_has_owner_beside(p_user) THEN RETURN 'last_owner'; END IF;
  END IF;
  UPDATE "member" m SET "role" = p_role WHERE m."organizationId" = app_current_org() AND m."userId" = p_user;
  RETURN 'ok';
END $$;

CREATE FUNCTION org_remove_member(p_user text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_locked_role();
  v_target text := org_role_of(app_current_org(), p_user);
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  IF v_target IS NULL THEN RETURN 'no_such_member'; END IF;
  IF v_target = 'owner' AND v_role <> 'owner' THEN RETURN 'owners_only'; END IF;
  IF org_is_personal_of(p_user) THEN RETURN 'personal'; END IF;
  IF v_target = 'owner' AND NOT org_has_owner_beside(p_user) THEN RETURN 'last_owner'; END IF;
  PERFORM org_drop_member(p_user);
  RETURN 'ok';
END $$;

CREATE FUNCTION org_leave() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_locked_role();
BEGIN
  -- The organisation itself is no member, and cannot leave.
  IF v_role IS NULL OR app_acts_as_organization() THEN RETURN 'gone'; END IF;
  IF org_is_personal_of(app_current_user()) THEN RETURN 'personal'; END IF;
  IF v_role = 'owner' AND NOT org_has_owner_beside(app_current_user()) THEN RETURN 'last_owner'; END IF;
  PERFORM org_drop_member(app_current_user());
  RETURN 'ok';
END $$;

-- The acting owner makes another member an owner and is an admin from then on.
CREATE FUNCTION org_transfer(p_user text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_locked_role();
BEGIN
  IF v_role IS NULL OR app_acts_as_organization() THEN RETURN 'gone'; END IF;
  IF v_role <> 'owner' THEN RETURN 'owners_only'; END IF;
  IF p_user = app_current_user() THEN RETURN 'oneself'; END IF;
  IF org_role_of(app_current_org(), p_user) IS NULL THEN RETURN 'no_such_member'; END IF;
  IF org_is_personal_of(app_current_user()) THEN RETURN 'personal'; END IF;
  UPDATE "member" m SET "role" = CASE WHEN m."userId" = p_user THEN 'owner' ELSE 'admin' END
  WHERE m."organizationId" = app_current_org() AND m."userId" IN (p_user, app_current_user());
  RETURN 'ok';
END $$;

REVOKE EXECUTE ON FUNCTION
  org_role_of(text, text), org_acting_role(), org_locked_role(), org_has_owner_beside(text), org_is_personal_of(text), org_drop_member(text),
  org_create(text, text, text, text, text, text, integer), org_update(text, text, boolean, text), org_delete(),
  session_set_active(text, text), org_members(text[]), org_change_role(text, text), org_remove_member(text), org_leave(), org_transfer(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  org_create(text, text, text, text, text, text, integer), org_update(text, text, boolean, text), org_delete(),
  session_set_active(text, text), org_members(text[]), org_change_role(text, text), org_remove_member(text), org_leave(), org_transfer(text)
TO agentry_app;
