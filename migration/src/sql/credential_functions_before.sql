-- What m0005 made, for the way back.
CREATE OR REPLACE FUNCTION auth_resolve_session(p_token text, p_organization text)
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

CREATE OR REPLACE FUNCTION auth_find_password(p_email text) RETURNS TABLE (user_id text, password text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."id", a."password" FROM "user" u
  JOIN "account" a ON a."userId" = u."id" AND a."providerId" = 'credential'
  WHERE u."email" = p_email AND a."password" IS NOT NULL
  ORDER BY a."createdAt" LIMIT 1;
END $$;

CREATE OR REPLACE FUNCTION auth_my_organizations()
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
