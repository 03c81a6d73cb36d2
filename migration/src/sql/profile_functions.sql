-- The acting user's live sessions. The token stays behind: whoever reads a list must not be able to become its sessions.
CREATE FUNCTION my_sessions()
RETURNS TABLE (id text, created_at timestamptz, expires_at timestamptz, ip_address text, user_agent text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT s."id", s."createdAt", s."expiresAt", s."ipAddress", s."userAgent" FROM "session" s
  WHERE s."userId" = app_current_user() AND s."expiresAt" > now()
  ORDER BY s."createdAt" DESC, s."id" LIMIT 1000;
END $$;

CREATE FUNCTION my_session_revoke(p_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM "session" s WHERE s."id" = p_id AND s."userId" = app_current_user();
  RETURN FOUND;
END $$;

-- How many live ones there were.
CREATE FUNCTION my_sessions_revoke_others(p_current text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_ended bigint;
BEGIN
  WITH gone AS (DELETE FROM "session" s WHERE s."userId" = app_current_user() AND s."id" IS DISTINCT FROM p_current RETURNING s."expiresAt")
  SELECT count(*) INTO v_ended FROM gone WHERE "expiresAt" > now();
  RETURN v_ended;
END $$;

-- What changing one's password must know: the address that attempts are counted by, and the hash to compare with.
CREATE FUNCTION my_password() RETURNS TABLE (email text, password text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."email", a."password" FROM "user" u
  JOIN "account" a ON a."userId" = u."id" AND a."providerId" = 'credential'
  WHERE u."id" = app_current_user() AND a."password" IS NOT NULL
  ORDER BY a."createdAt" LIMIT 1;
END $$;

-- Only in place of the hash that was compared with: of two changes at once the second one compared with what is no more.
CREATE FUNCTION my_password_change(p_old text, p_new text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE "account" a SET "password" = p_new, "updatedAt" = now_ms()
  WHERE a."userId" = app_current_user() AND a."providerId" = 'credential' AND a."password" = p_old;
  RETURN FOUND;
END $$;

-- NULL keeps the name; the picture changes when p_set_image says so.
CREATE FUNCTION my_profile_update(p_name text, p_set_image boolean, p_image text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE "user" u
  SET "name" = coalesce(p_name, u."name"), "image" = CASE WHEN p_set_image THEN p_image ELSE u."image" END, "updatedAt" = now_ms()
  WHERE u."id" = app_current_user();
END $$;

-- A week from now, as better-auth has it, once a day of the present one is over. NULL: not due, or over.
CREATE FUNCTION auth_extend_session(p_token text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_until timestamptz;
BEGIN
  UPDATE "session" s SET "expiresAt" = now_ms() + interval '7 days', "updatedAt" = now_ms()
  WHERE s."token" = p_token AND s."expiresAt" > now() AND s."expiresAt" - interval '7 days' + interval '1 day' <= now()
  RETURNING s."expiresAt" INTO v_until;
  RETURN v_until;
END $$;

REVOKE EXECUTE ON FUNCTION
  my_sessions(), my_session_revoke(text), my_sessions_revoke_others(text), my_password(), my_password_change(text, text),
  my_profile_update(text, boolean, text), auth_extend_session(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  my_sessions(), my_session_revoke(text), my_sessions_revoke_others(text), my_password(), my_password_change(text, text),
  my_profile_update(text, boolean, text), auth_extend_session(text)
TO agentry_app;
