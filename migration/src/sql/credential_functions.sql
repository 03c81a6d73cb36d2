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
-- status: ok; disabled; expired; organization (its owner is one); owner (its two owner columns disagree); other (it is not
-- p_only's, whose session came with it); stranger (not a member there); homeless (no personal organisation yet); exhausted (no
-- uses left); limited (too often). retry_ms: when it may work again, NULL for never.
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
  SELECT u."id", u."name", u."email" INTO user_id, name, email FROM "user" u WHERE u."id" = v_owner;
  IF user_id IS NULL THEN
    status := CASE WHEN EXISTS (SELECT FROM "organization" o WHERE o."id" = v_owner) THEN 'organization' ELSE 'owner' END;
    RETURN NEXT; RETURN;
  END IF;
  IF p_only IS NOT NULL AND p_only <> user_id THEN status := 'other'; RETURN NEXT; RETURN; END IF;
  SELECT m.organization_id, m.role INTO v_organization, v_role FROM auth_membership(user_id, p_organization, NULL) m;
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
-- better-auth stops publishing it too. user_id NULL: the user is gone, or the session that the token was made from.
CREATE FUNCTION auth_resolve_jwt(p_kid text, p_user text, p_session text, p_organization text)
RETURNS TABLE (public_key text, alg text, user_id text, organization_id text, role text, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT j."publicKey", j."alg", u."id", m.organization_id, m.role,
         CASE WHEN nowhere THEN u."name" END, CASE WHEN nowhere THEN u."email" END
  FROM "jwks" j
  LEFT JOIN "session" s ON s."id" = p_session AND s."userId" = p_user AND s."expiresAt" > now()
  LEFT JOIN "user" u ON u."id" = p_user AND (p_session IS NULL OR s."id" IS NOT NULL)
  LEFT JOIN LATERAL auth_membership(u."id", p_organization, s."activeOrganizationId") m ON true
  CROSS JOIN LATERAL (SELECT u."id" IS NOT NULL AND p_organization IS NULL AND m.organization_id IS NULL AS nowhere) n
  WHERE j."id" = p_kid AND coalesce(j."expiresAt" > now() - interval '30 days', true);
END $$;

REVOKE EXECUTE ON FUNCTION auth_membership(text, text, text), auth_use_api_key(text, text, text, boolean),
  auth_resolve_jwt(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_use_api_key(text, text, text, boolean), auth_resolve_jwt(text, text, text, text) TO agentry_app;
