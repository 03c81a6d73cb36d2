-- The strongest of the roles better-auth keeps in one comma-separated text; anything unknown counts as a plain member.
CREATE FUNCTION app_highest_role(p_roles text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN 'owner' = ANY (string_to_array(replace(p_roles, ' ', ''), ',')) THEN 'owner'
    WHEN 'admin' = ANY (string_to_array(replace(p_roles, ' ', ''), ',')) THEN 'admin'
    ELSE 'member'
  END;

-- From a session token to who is acting, and in which organisation: the one asked for, else the session's active one, else
-- the personal one, each only while `member` says so. No row: no live session. organization_id NULL: not a member there, or,
-- when none was asked for, no personal one yet; then alone name and email are told, to make it from.
CREATE FUNCTION auth_resolve_session(p_token text, p_organization text)
RETURNS TABLE (session_id text, user_id text, organization_id text, role text, expires_at timestamptz, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
-- Every request passes here. Left to itself, the planner plans anew for each organisation asked for: four times the cost.
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT s."id", s."userId", m."organizationId", app_highest_role(m."role"), s."expiresAt",
         -- Looked up only where it is needed: a CASE does not touch the branch it does not take.
         CASE WHEN nowhere THEN (SELECT u."name" FROM "user" u WHERE u."id" = s."userId") END,
         CASE WHEN nowhere THEN (SELECT u."email" FROM "user" u WHERE u."id" = s."userId") END
  FROM "session" s
  LEFT JOIN LATERAL (
    SELECT m."organizationId", string_agg(m."role", ',') AS "role"
    FROM "member" m
    JOIN "organization" o ON o."id" = m."organizationId"
    WHERE m."userId" = s."userId"
      AND CASE WHEN p_organization IS NULL
            THEN m."organizationId" = s."activeOrganizationId" OR o.personal_user_id = s."userId"
            ELSE m."organizationId" = p_organization END
    GROUP BY m."organizationId"
    ORDER BY (m."organizationId" IS NOT DISTINCT FROM s."activeOrganizationId") DESC
    LIMIT 1
  ) m ON true
  CROSS JOIN LATERAL (SELECT p_organization IS NULL AND m."organizationId" IS NULL AS nowhere) n
  WHERE s."token" = p_token AND s."expiresAt" > now();
END $$;

-- The personal organisation of a user and its owner membership; makes either when it is missing. Two calls at once make
-- one; two users with one slug get two. A slug is tried plain, then numbered, then with the tail of the organisation's id.
CREATE FUNCTION auth_ensure_personal_organization(
  p_user_id text, p_organization_id text, p_member_id text, p_name text, p_slug text)
RETURNS TABLE (organization_id text, slug text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_slug text := p_slug;
  v_try integer := 1;
  v_id text;
BEGIN
  LOOP
    BEGIN
      INSERT INTO "organization" ("id", "name", "slug", "createdAt", personal_user_id)
      VALUES (p_organization_id, p_name, v_slug, now_ms(), p_user_id)
      ON CONFLICT (personal_user_id) DO NOTHING;
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      v_try := v_try + 1;
      v_slug := p_slug || '-' || CASE WHEN v_try <= 20 THEN v_try::text ELSE right(p_organization_id, 8) END;
      IF v_try > 21 THEN RAISE; END IF;
    END;
  END LOOP;
  -- Locked, because nothing in better-auth's tables keeps two calls from adding the same member twice.
  SELECT o."id" INTO v_id FROM "organization" o WHERE o.personal_user_id = p_user_id FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM "member" m WHERE m."organizationId" = v_id AND m."userId" = p_user_id) THEN
    INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
    VALUES (p_member_id, v_id, p_user_id, 'owner', now_ms());
  END IF;
  RETURN QUERY SELECT o."id", o."slug" FROM "organization" o WHERE o.personal_user_id = p_user_id;
END $$;

-- A user, its password account, its personal organisation and a first session, all or nothing. No row: the address is taken.
CREATE FUNCTION auth_sign_up(
  p_user_id text, p_name text, p_email text, p_account_id text, p_password text,
  p_organization_id text, p_member_id text, p_slug text,
  p_session_id text, p_token text, p_expires_at timestamptz, p_ip_address text, p_user_agent text)
RETURNS TABLE (organization_id text, slug text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE v_user text;
BEGIN
  INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
  VALUES (p_user_id, p_name, p_email, false, now_ms(), now_ms())
  ON CONFLICT ("email") DO NOTHING
  RETURNING "id" INTO v_user;
  IF v_user IS NULL THEN RETURN; END IF;
  INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
  VALUES (p_account_id, p_user_id, 'credential', p_user_id, p_password, now_ms(), now_ms());
  PERFORM auth_create_session(p_session_id, p_user_id, p_token, p_expires_at, p_ip_address, p_user_agent);
  RETURN QUERY SELECT e.organization_id, e.slug
    FROM auth_ensure_personal_organization(p_user_id, p_organization_id, p_member_id, p_name, p_slug) e;
END $$;

CREATE FUNCTION auth_create_session(
  p_session_id text, p_user_id text, p_token text, p_expires_at timestamptz, p_ip_address text, p_user_agent text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO "session" ("id", "userId", "token", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
  VALUES (p_session_id, p_user_id, p_token, date_trunc('milliseconds', p_expires_at), now_ms(), now_ms(), p_ip_address, p_user_agent);
END $$;

CREATE FUNCTION auth_delete_session(p_token text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM "session" WHERE "token" = p_token;
  RETURN FOUND;
END $$;

-- What a sign-in must know of an address: whose it is, and the hash to compare with.
CREATE FUNCTION auth_find_password(p_email text) RETURNS TABLE (user_id text, password text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."id", a."password" FROM "user" u
  JOIN "account" a ON a."userId" = u."id" AND a."providerId" = 'credential'
  WHERE u."email" = p_email AND a."password" IS NOT NULL
  ORDER BY a."createdAt" LIMIT 1;
END $$;

-- Every organisation of the acting user, with their role there.
CREATE FUNCTION auth_my_organizations()
RETURNS TABLE (id text, name text, slug text, logo text, created_at timestamptz, personal boolean, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT o."id", o."name", o."slug", o."logo", o."createdAt",
         o.personal_user_id IS NOT DISTINCT FROM app_current_user(),
         app_highest_role(string_agg(m."role", ','))
  FROM "member" m JOIN "organization" o ON o."id" = m."organizationId"
  WHERE m."userId" = app_current_user()
  GROUP BY o."id"
  ORDER BY o."createdAt", o."id";
END $$;

-- Is this user a member of the acting organisation? Asked before something is handed to them.
CREATE FUNCTION auth_is_colleague(p_user_id text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM "member" WHERE "userId" = p_user_id AND "organizationId" = app_current_org());
END $$;

REVOKE EXECUTE ON FUNCTION
  auth_resolve_session(text, text),
  auth_ensure_personal_organization(text, text, text, text, text),
  auth_sign_up(text, text, text, text, text, text, text, text, text, text, timestamptz, text, text),
  auth_create_session(text, text, text, timestamptz, text, text),
  auth_delete_session(text), auth_find_password(text), auth_my_organizations(), auth_is_colleague(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  auth_resolve_session(text, text),
  auth_ensure_personal_organization(text, text, text, text, text),
  auth_sign_up(text, text, text, text, text, text, text, text, text, text, timestamptz, text, text),
  auth_create_session(text, text, text, timestamptz, text, text),
  auth_delete_session(text), auth_find_password(text), auth_my_organizations(), auth_is_colleague(text)
TO agentry_app;
