-- The keys of organisations. Whose keys they are is no column of the acting user's, so no policy opens the table: these functions do, for
-- owners and admins, by their membership as it is now. The hash goes in and never comes out.

-- Whether who acts may manage keys of the acting organisation that are this: nobody lifts a key above themself. Holds the
-- organisation until the transaction ends, so that a role, and a count, is still true when what follows is stored.
CREATE FUNCTION org_api_key_may(p_role text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_locked_role();
BEGIN
  RETURN CASE WHEN v_role IS NULL THEN 'gone'
              WHEN v_role = 'member' THEN 'admins_only'
              WHEN v_role = 'admin' AND p_role = 'owner' THEN 'owners_only'
              ELSE 'ok' END;
END $$;

-- The same for a key that is there.
CREATE FUNCTION org_api_key_may_change(p_id text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text;
  v_may text := org_api_key_may('member');
BEGIN
  IF v_may <> 'ok' THEN RETURN v_may; END IF;
  SELECT coalesce(a.organization_role, 'member') INTO v_role FROM "apikey" a
  WHERE a."id" = p_id AND a."referenceId" = app_current_org() AND a."userId" IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'no_such_key'; END IF;
  RETURN org_api_key_may(v_role);
END $$;

-- How many keys of the acting organisation have not ended.
CREATE FUNCTION org_live_api_keys() RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT count(*) FROM "apikey" a WHERE a."referenceId" = app_current_org() AND a."userId" IS NULL
            AND coalesce(a."expiresAt" > now(), true));
END $$;

-- The acting organisation's keys; to one of them, who asks what it is itself, too.
CREATE FUNCTION org_api_keys()
RETURNS TABLE (id text, name text, start text, prefix text, enabled boolean, rate_limit_enabled boolean, rate_limit_time_window integer,
               rate_limit_max integer, remaining integer, refill_interval integer, refill_amount integer, last_request timestamptz,
               expires_at timestamptz, permissions text, created_at timestamptz, updated_at timestamptz, organization_role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT app_acts_as_organization() AND coalesce(org_acting_role(), 'member') = 'member' THEN RETURN; END IF;
  RETURN QUERY
  SELECT a."id", a."name", a."start", a."prefix", coalesce(a."enabled", true), coalesce(a."rateLimitEnabled", true),
         a."rateLimitTimeWindow", a."rateLimitMax", a."remaining", a."refillInterval", a."refillAmount", a."lastRequest",
         a."expiresAt", a."permissions", a."createdAt", a."updatedAt", coalesce(a.organization_role, 'member')
  FROM "apikey" a WHERE a."referenceId" = app_current_org() AND a."userId" IS NULL
  ORDER BY a."createdAt" DESC, a."id" DESC LIMIT 1000;
END $$;

-- p_row is a row of "apikey" as JSON; whose it is, and what it is there, is not for it to say. Keys that ended a month ago go.
CREATE FUNCTION org_api_key_create(p_row jsonb, p_role text, p_limit integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_may text := org_api_key_may(p_role);
  r "apikey" := jsonb_populate_record(NULL::"apikey", p_row);
BEGIN
  IF v_may <> 'ok' THEN RETURN v_may; END IF;
  DELETE FROM "apikey" a
  WHERE a."referenceId" = app_current_org() AND a."userId" IS NULL AND a."expiresAt" < now() - interval '30 days';
  IF org_live_api_keys() >= p_limit THEN RETURN 'keys_full'; END IF;
  INSERT INTO "apikey" ("id", "configId", "name", "start", "prefix", "key", "referenceId", "refillInterval", "refillAmount", "enabled",
    "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining", "expiresAt", "createdAt", "updatedAt",
    "permissions", organization_role)
  VALUES (r."id", 'default', r."name", r."start", r."prefix", r."key", app_current_org(), r."refillInterval", r."refillAmount", true,
    r."rateLimitEnabled", r."rateLimitTimeWindow", r."rateLimitMax", 0, r."remaining", date_trunc('milliseconds', r."expiresAt"),
    now_ms(), now_ms(), r."permissions", p_role);
  RETURN 'ok';
END $$;

-- p_changes holds the columns that change; p_role NULL leaves the role.
CREATE FUNCTION org_api_key_update(p_id text, p_changes jsonb, p_role text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_may text := org_api_key_may_change(p_id);
  r "apikey";
BEGIN
  IF v_may = 'ok' AND p_role IS NOT NULL THEN v_may := org_api_key_may(p_role); END IF;
  IF v_may <> 'ok' THEN RETURN v_may; END IF;
  SELECT * INTO r FROM "apikey" a WHERE a."id" = p_id;
  r := jsonb_populate_record(r, p_changes);
  UPDATE "apikey" a SET "name" = r."name", "enabled" = r."enabled", "expiresAt" = date_trunc('milliseconds', r."expiresAt"),
    "rateLimitEnabled" = r."rateLimitEnabled", "rateLimitMax" = r."rateLimitMax", "rateLimitTimeWindow" = r."rateLimitTimeWindow",
    "remaining" = r."remaining", "refillInterval" = r."refillInterval", "refillAmount" = r."refillAmount",
    "permissions" = r."permissions", organization_role = coalesce(p_role, a.organization_role), "updatedAt" = now_ms()
  WHERE a."id" = p_id;
  RETURN 'ok';
END $$;

-- A key with all that another has, and that other's end after p_overlap seconds at most.
CREATE FUNCTION org_api_key_rotate(p_id text, p_new_id text, p_start text, p_hash text, p_overlap double precision, p_limit integer)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_may text := org_api_key_may_change(p_id);
BEGIN
  IF v_may <> 'ok' THEN RETURN v_may; END IF;
  IF org_live_api_keys() >= p_limit THEN RETURN 'keys_full'; END IF;
  INSERT INTO "apikey" ("id", "configId", "name", "start", "prefix", "key", "referenceId", "refillInterval", "refillAmount",
    "lastRefillAt", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining", "expiresAt",
    "createdAt", "updatedAt", "permissions", "metadata", organization_role)
  SELECT p_new_id, coalesce(a."configId", 'default'), a."name", p_start, a."prefix", p_hash, a."referenceId", a."refillInterval",
    a."refillAmount", a."lastRefillAt", coalesce(a."enabled", true), coalesce(a."rateLimitEnabled", true), a."rateLimitTimeWindow",
    a."rateLimitMax", 0, a."remaining", a."expiresAt", now_ms(), now_ms(), a."permissions", a."metadata", a.organization_role
  FROM "apikey" a WHERE a."id" = p_id;
  UPDATE "apikey" a SET "expiresAt" = least(a."expiresAt", now_ms() + make_interval(secs => p_overlap)), "updatedAt" = now_ms()
  WHERE a."id" = p_id;
  RETURN 'ok';
END $$;

CREATE FUNCTION org_api_key_delete(p_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_may text := org_api_key_may_change(p_id);
BEGIN
  IF v_may <> 'ok' THEN RETURN v_may; END IF;
  DELETE FROM "apikey" a WHERE a."id" = p_id;
  RETURN 'ok';
END $$;

REVOKE EXECUTE ON FUNCTION
  org_api_key_may(text), org_api_key_may_change(text), org_live_api_keys(), org_api_keys(), org_api_key_create(jsonb, text, integer),
  org_api_key_update(text, jsonb, text), org_api_key_rotate(text, text, text, text, double precision, integer), org_api_key_delete(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  org_api_keys(), org_api_key_create(jsonb, text, integer), org_api_key_update(text, jsonb, text),
  org_api_key_rotate(text, text, text, text, double precision, integer), org_api_key_delete(text)
TO agentry_app;
