-- An organisation that has keys of its own acts under an identity of its own, a row of "user" that belongs to nobody: no account, no
-- session and no membership is ever its. It ends with its organisation, and its keys with it.
ALTER TABLE "user" ADD COLUMN service_organization_id text UNIQUE REFERENCES "organization"("id") ON DELETE CASCADE;

-- What a key of an organisation is there. better-auth knows nothing of it: its keys are of a member, and `metadata`, which whoever
-- makes a key there fills in, lifts nobody.
ALTER TABLE "apikey" ADD COLUMN organization_role text CHECK (organization_role IN ('owner', 'admin', 'member'));

CREATE FUNCTION apikey_end_with_organization() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM "apikey" a WHERE a."referenceId" = OLD."id" AND a."userId" IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER apikey_end_with_organization AFTER DELETE ON "organization"
  FOR EACH ROW EXECUTE FUNCTION apikey_end_with_organization();

-- A user who may act: not an organisation's identity, and not banned by better-auth's admin plugin. That plugin's columns may be missing,
-- today or until tomorrow; a name that "user" does not have means the one of `missing`, and plans are made anew when it comes to have it.
CREATE FUNCTION auth_live_user(p_id text) RETURNS TABLE (id text, name text, email text)
LANGUAGE sql STABLE AS $$
  SELECT u.* FROM (SELECT NULL::boolean AS "banned", NULL::timestamptz AS "banExpires") missing
  CROSS JOIN LATERAL (
    SELECT u."id", u."name", u."email" FROM "user" u
    WHERE u."id" = p_id AND u.service_organization_id IS NULL
      AND NOT CASE WHEN "banned"::text IN ('true', 't', '1') THEN coalesce("banExpires"::text::timestamptz > now(), true) ELSE false END
  ) u
$$;

-- Whether the organisation itself acts, by a key of its own. The look-up of the key has made sure of it.
CREATE FUNCTION app_acts_as_organization() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(app_current_user() = 'org_' || app_current_org(), false);

-- The identity of an organisation, made when it is first asked for; NULL when there is no such organisation. Its address is nobody's
-- (RFC 6761, 6.4).
CREATE FUNCTION auth_organization_identity(p_organization text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM "user" u WHERE u.service_organization_id = p_organization) THEN
    INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt", service_organization_id)
    SELECT 'org_' || o."id", 'API keys of the organization', gen_random_uuid() || '@organization.invalid', false, now_ms(), now_ms(), o."id"
    FROM "organization" o WHERE o."id" = p_organization
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN (SELECT u."id" FROM "user" u WHERE u.service_organization_id = p_organization AND u."id" = 'org_' || p_organization);
END $$;

-- As m0005 has it, but for users who are banned and for identities of organisations, which have no sessions.
CREATE OR REPLACE FUNCTION auth_resolve_session(p_token text, p_organization text)
RETURNS TABLE (session_id text, user_id text, organization_id text, role text, expires_at timestamptz, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
-- Every request passes here. Left to itself, the planner plans anew for each organisation asked for: four times the cost.
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT s."id", s."userId", m."organizationId", app_highest_role(m."role"), s."expiresAt",
         CASE WHEN nowhere THEN u.name END, CASE WHEN nowhere THEN u.email END
  FROM "session" s
  CROSS JOIN LATERAL auth_live_user(s."userId") u
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

-- As m0005 has it, but for users who are banned: they are answered as somebody without an account is.
CREATE OR REPLACE FUNCTION auth_find_password(p_email text) RETURNS TABLE (user_id text, password text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."id", a."password" FROM "user" u
  JOIN "account" a ON a."userId" = u."id" AND a."providerId" = 'credential'
  WHERE u."email" = p_email AND a."password" IS NOT NULL AND EXISTS (SELECT FROM auth_live_user(u."id"))
  ORDER BY a."createdAt" LIMIT 1;
END $$;

-- As m0005 has it; an organisation that acts by a key of its own sees itself.
CREATE OR REPLACE FUNCTION auth_my_organizations()
RETURNS TABLE (id text, name text, slug text, logo text, created_at timestamptz, personal boolean, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF app_acts_as_organization() THEN
    RETURN QUERY
    SELECT o."id", o."name", o."slug", o."logo", o."createdAt", false, app_current_org_role()
    FROM "organization" o WHERE o."id" = app_current_org();
    RETURN;
  END IF;
  RETURN QUERY
  SELECT o."id", o."name", o."slug", o."logo", o."createdAt",
         o.personal_user_id IS NOT DISTINCT FROM app_current_user(),
         app_highest_role(string_agg(m."role", ','))
  FROM "member" m JOIN "organization" o ON o."id" = m."organizationId"
  WHERE m."userId" = app_current_user()
  GROUP BY o."id"
  ORDER BY o."createdAt", o."id";
END $$;

-- A session whose token stands in clear is looked up by its hash from now on.
CREATE FUNCTION auth_hash_session(p_token text, p_hash text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE "session" s SET "token" = p_hash WHERE s."token" = p_token;
END $$;

-- Where a user acts when no session names a place: in the organisation asked for, else in this one, else in the personal one, each
-- only while `member` says so. As `auth_resolve_session` does it, for credentials that are no session.
CREATE FUNCTION auth_membership(p_user text, p_organization text, p_active text)
RETURNS TABLE (organization_id text, role text)
LANGUAGE sql STABLE AS $$
  SELECT m."organizationId", app_highest_role(string_agg(m."role", ','))
  FROM "member" m
  JOIN "organization" o ON o."id" = m."organizationId"
  WHERE m."userId" = p_user
    AND CASE WHEN p_organization IS NULL
          THEN m."organizationId" = p_active OR o.personal_user_id = p_user
          ELSE m."organizationId" = p_organization END
  GROUP BY m."organizationId"
  ORDER BY (m."organizationId" IS NOT DISTINCT FROM p_active) DESC
  LIMIT 1
$$;

-- From the hash of an API key to who acts, and one use of it counted. The row is locked first, so calls at once count one after
-- the other and a limit of n lets exactly n through; what is refused is not counted. Arithmetic is in milliseconds, as
-- better-auth's: a window runs from the last accepted call. No row: no such key.
--
-- status: ok; disabled; expired; owner (nobody's, a banned user's, or its two owner columns disagree); other (it is not p_only's, whose session came
-- with it); stranger (not a member there); homeless (no personal organisation yet); exhausted (no uses left); limited (too
-- often). retry_ms: when it may work again, NULL for never.
--
-- A key of an organisation acts there and nowhere else, under the organisation's own identity, in the role that it was given.
--
-- p_count false only looks: whether the key is good and whom it acts for.
CREATE FUNCTION auth_use_api_key(p_hash text, p_organization text, p_only text, p_count boolean)
RETURNS TABLE (status text, key_id text, user_id text, organization_id text, role text, permissions text,
               retry_ms bigint, name text, email text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  k record;
  v_owner text;
  v_of_organization boolean := false;
  v_now timestamptz;
  v_organization text;
  v_role text;
  v_remaining integer;
  v_refilled timestamptz;
  v_count integer;
  v_since numeric;
BEGIN
  IF p_count THEN
    SELECT * INTO k FROM "apikey" a WHERE a."key" = p_hash ORDER BY a."createdAt", a."id" LIMIT 1 FOR NO KEY UPDATE;
  ELSE
    SELECT * INTO k FROM "apikey" a WHERE a."key" = p_hash ORDER BY a."createdAt", a."id" LIMIT 1;
  END IF;
  IF k IS NULL OR k."id" IS NULL THEN RETURN; END IF;
  -- After the lock: this call may have waited for it.
  v_now := date_trunc('milliseconds', clock_timestamp());
  key_id := k."id";
  permissions := k."permissions";
  v_owner := coalesce(nullif(k."referenceId", ''), k."userId");

  IF NOT coalesce(k."enabled", true) THEN status := 'disabled'; RETURN NEXT; RETURN; END IF;
  IF k."expiresAt" <= v_now THEN status := 'expired'; RETURN NEXT; RETURN; END IF;
  IF k."userId" <> v_owner THEN status := 'owner'; RETURN NEXT; RETURN; END IF;
  SELECT u.id, u.name, u.email INTO user_id, name, email FROM auth_live_user(v_owner) u;
  IF user_id IS NULL AND k."userId" IS NULL THEN
    user_id := auth_organization_identity(v_owner);
    v_of_organization := user_id IS NOT NULL;
  END IF;
  IF user_id IS NULL THEN status := 'owner'; RETURN NEXT; RETURN; END IF;
  IF p_only IS NOT NULL AND p_only <> user_id THEN status := 'other'; RETURN NEXT; RETURN; END IF;
  IF v_of_organization THEN
    IF p_organization IS NULL OR p_organization = v_owner THEN
      v_organization := v_owner;
      v_role := coalesce(k.organization_role, 'member');
    END IF;
  ELSE
    SELECT m.organization_id, m.role INTO v_organization, v_role FROM auth_membership(user_id, p_organization, NULL) m;
  END IF;
  organization_id := v_organization;
  role := v_role;
  IF v_organization IS NULL THEN
    status := CASE WHEN p_organization IS NULL THEN 'homeless' ELSE 'stranger' END;
    RETURN NEXT; RETURN;
  END IF;
  name := NULL;
  email := NULL;
  IF NOT p_count THEN status := 'ok'; RETURN NEXT; RETURN; END IF;

  v_remaining := k."remaining";
  v_refilled := k."lastRefillAt";
  IF v_remaining IS NOT NULL THEN
    IF k."refillInterval" > 0 AND k."refillAmount" > 0 THEN
      v_since := extract(epoch FROM v_now - coalesce(k."lastRefillAt", k."createdAt")) * 1000;
      IF v_since > k."refillInterval" THEN
        v_remaining := k."refillAmount";
        v_refilled := v_now;
      ELSIF v_remaining <= 0 THEN
        retry_ms := ceil(k."refillInterval" - v_since) + 1;
      END IF;
    END IF;
    IF v_remaining <= 0 THEN status := 'exhausted'; RETURN NEXT; RETURN; END IF;
    v_remaining := v_remaining - 1;
  END IF;

  v_count := coalesce(k."requestCount", 0);
  IF coalesce(k."rateLimitEnabled", true) AND k."rateLimitMax" IS NOT NULL AND k."rateLimitTimeWindow" IS NOT NULL THEN
    v_since := extract(epoch FROM v_now - k."lastRequest") * 1000;
    IF v_since IS NULL OR v_since > k."rateLimitTimeWindow" THEN
      v_count := 0;
    END IF;
    IF v_count >= k."rateLimitMax" THEN
      status := 'limited';
      retry_ms := CASE WHEN k."rateLimitMax" > 0 THEN ceil(k."rateLimitTimeWindow" - v_since) + 1 END;
      RETURN NEXT; RETURN;
    END IF;
    v_count := v_count + 1;
  END IF;

  UPDATE "apikey" a SET "lastRequest" = v_now, "requestCount" = v_count, "remaining" = v_remaining, "lastRefillAt" = v_refilled,
    "updatedAt" = v_now
  WHERE a."id" = k."id";
  status := 'ok';
  RETURN NEXT;
END $$;

-- What is needed to believe a JSON Web Token: the public key of its kid, and, in the same round trip, who its subject is now. The
-- caller verifies the signature before it believes the rest. No row: no such key, or one withdrawn thirty days ago, when
-- better-auth stops publishing it too. user_id NULL: the user is gone or banned, or the session that the token was made from is over.
CREATE FUNCTION auth_resolve_jwt(p_kid text, p_user text, p_session text, p_organization text)
RETURNS TABLE (public_key text, alg text, user_id text, organization_id text, role text, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT j."publicKey", j."alg", u.id, m.organization_id, m.role,
         CASE WHEN nowhere THEN u.name END, CASE WHEN nowhere THEN u.email END
  FROM "jwks" j
  LEFT JOIN "session" s ON s."id" = p_session AND s."userId" = p_user AND s."expiresAt" > now()
  LEFT JOIN LATERAL auth_live_user(p_user) u ON p_session IS NULL OR s."id" IS NOT NULL
  LEFT JOIN LATERAL auth_membership(u.id, p_organization, s."activeOrganizationId") m ON true
  CROSS JOIN LATERAL (SELECT u.id IS NOT NULL AND p_organization IS NULL AND m.organization_id IS NULL AS nowhere) n
  WHERE j."id" = p_kid AND coalesce(j."expiresAt" > now() - interval '30 days', true);
END $$;

REVOKE EXECUTE ON FUNCTION apikey_end_with_organization(), auth_live_user(text), app_acts_as_organization(), auth_organization_identity(text),
  auth_hash_session(text, text), auth_membership(text, text, text), auth_use_api_key(text, text, text, boolean),
  auth_resolve_jwt(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_hash_session(text, text), auth_use_api_key(text, text, text, boolean),
  auth_resolve_jwt(text, text, text, text) TO agentry_app;
