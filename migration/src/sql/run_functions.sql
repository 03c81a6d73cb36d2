-- Puts a run of the acting user in line, behind whatever its conversation has to do before it.
CREATE FUNCTION run_enqueue(p_run_id text, p_conversation_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO run_leases (run_id, tenant, conversation_id, user_id, role)
  VALUES (p_run_id, app_current_org(), p_conversation_id, app_current_user(), app_current_org_role());
END $$;

-- Takes a run of the acting user out of the line again; false when a worker holds it, or it is not there.
CREATE FUNCTION run_withdraw(p_run_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM run_leases WHERE run_id = p_run_id AND tenant = app_current_org() AND user_id = app_current_user() AND worker IS NULL;
  RETURN FOUND;
END $$;

-- Leases due runs to a worker: the first in line of each conversation, those whose worker let its lease run out included, oldest
-- first, and no more than p_per_tenant at once for one tenant, so that one cannot keep the others waiting. The role is what the
-- user is by now, NULL for one who is no member any more or is banned; an organisation's own identity keeps the role it asked with.
-- Whatever the worker before was storing is stored or refused by then: its appends share a lock that this waits for.
CREATE FUNCTION run_claim(p_worker text, p_seconds integer, p_limit integer, p_per_tenant integer)
RETURNS TABLE (run_id text, organization_id text, user_id text, role text, taken_over boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_runs text[];
  v_befores text[];
  v_before text;
BEGIN
  WITH busy AS (
    SELECT tenant, count(*) AS held FROM run_leases WHERE lease_until >= clock_timestamp() GROUP BY tenant
  ), ranked AS (
    SELECT l.run_id, l.position, coalesce(b.held, 0) + row_number() OVER (PARTITION BY l.tenant ORDER BY l.position) AS place
    FROM run_leases l LEFT JOIN busy b ON b.tenant = l.tenant
    WHERE l.available_at <= clock_timestamp() AND (l.worker IS NULL OR l.lease_until < clock_timestamp())
      AND NOT EXISTS (SELECT FROM run_leases e
                      WHERE e.tenant = l.tenant AND e.conversation_id = l.conversation_id AND e.position < l.position)
  ), due AS (
    SELECT l.run_id, l.worker AS before FROM run_leases l JOIN ranked r ON r.run_id = l.run_id
    WHERE r.place <= p_per_tenant AND (l.worker IS NULL OR l.lease_until < clock_timestamp())
    ORDER BY l.position LIMIT p_limit FOR UPDATE OF l SKIP LOCKED
  ), taken AS (
    UPDATE run_leases l SET worker = p_worker, lease_until = clock_timestamp() + make_interval(secs => p_seconds)
    FROM due WHERE l.run_id = due.run_id
    RETURNING l.run_id, due.before
  )
  SELECT array_agg(t.run_id), array_agg(t.before) INTO v_runs, v_befores FROM taken t;
  FOR v_before IN SELECT DISTINCT b FROM unnest(v_befores) AS b WHERE b <> p_worker ORDER BY b LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('run_worker:' || v_before, 0));
  END LOOP;
  RETURN QUERY
  SELECT l.run_id, l.tenant, l.user_id,
         CASE WHEN l.user_id = 'org_' || l.tenant THEN l.role
              WHEN EXISTS (SELECT FROM auth_live_user(l.user_id)) THEN org_role_of(l.tenant, l.user_id) END,
         t.before IS NOT NULL
  FROM unnest(v_runs, v_befores) AS t (run_id, before) JOIN run_leases l ON l.run_id = t.run_id
  ORDER BY l.position;
END $$;

-- Holds runs for longer; those that are still the worker's.
CREATE FUNCTION run_extend(p_worker text, p_run_ids text[], p_seconds integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE run_leases SET lease_until = clock_timestamp() + make_interval(secs => p_seconds)
    WHERE run_id = ANY (p_run_ids) AND worker = p_worker RETURNING run_id;
END $$;

-- The run has ended; false when it is the worker's no more, who must then undo what it wrote with it.
CREATE FUNCTION run_release(p_worker text, p_run_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM run_leases WHERE run_id = p_run_id AND worker = p_worker;
  RETURN FOUND;
END $$;

-- Gives a run back, to be taken up by any worker after so many seconds; false as above.
CREATE FUNCTION run_postpone(p_worker text, p_run_id text, p_seconds integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE run_leases SET worker = NULL, lease_until = NULL, available_at = clock_timestamp() + make_interval(secs => p_seconds)
    WHERE run_id = p_run_id AND worker = p_worker;
  RETURN FOUND;
END $$;

-- Stores pieces of many replies at once and tells every replica of whose, by ids alone: a worker writes all it has heard in one
-- statement. Only runs that it holds take any; which those are comes back. Each organisation's rows are written under its own
-- row security.
CREATE FUNCTION run_deltas_append(p_worker text, p_organizations text[], p_runs text[], p_sequences integer[], p_texts text[])
RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_organization text;
  v_held text[];
  v_all text[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('run_worker:' || p_worker, 0));
  FOR v_organization IN SELECT DISTINCT o FROM unnest(p_organizations) AS o ORDER BY o LOOP
    PERFORM set_config('app.current_org_id', v_organization, true);
    WITH held AS MATERIALIZED (
      SELECT r.organization_id, r.id, r.agent_user_id, r.user_id, r.withheld
      FROM run_leases l JOIN runs r ON r.organization_id = v_organization AND r.id = l.run_id
      WHERE l.run_id = ANY (p_runs) AND l.tenant = v_organization AND l.worker = p_worker
    ), stored AS (
      -- What is there already was stored by an answer that got lost.
      INSERT INTO run_deltas (organization_id, run_id, sequence, agent_user_id, user_id, withheld, text)
      SELECT h.organization_id, h.id, d.sequence, h.agent_user_id, h.user_id, h.withheld, d.text
      FROM held h
      JOIN unnest(p_organizations, p_runs, p_sequences, p_texts) AS d (organization_id, run_id, sequence, text)
        ON d.organization_id = v_organization AND d.run_id = h.id
      ON CONFLICT DO NOTHING
    )
    SELECT array_agg(h.id) INTO v_held FROM held h;
    v_all := v_all || coalesce(v_held, '{}');
  END LOOP;
  PERFORM set_config('app.current_org_id', '', true);
  -- A payload holds less than 8,000 bytes, and an id at most 64.
  PERFORM pg_notify('agentry_reply', words) FROM (
    SELECT string_agg(s.run, ',') AS words FROM unnest(v_all) WITH ORDINALITY AS s (run, place) GROUP BY s.place / 100) AS batches;
  RETURN QUERY SELECT unnest(v_all);
END $$;
ALTER FUNCTION run_deltas_append(text, text[], text[], integer[], text[]) OWNER TO agentry_keeper;

REVOKE EXECUTE ON FUNCTION run_enqueue(text, text), run_withdraw(text), run_claim(text, integer, integer, integer),
  run_extend(text, text[], integer), run_release(text, text), run_postpone(text, text, integer),
  run_deltas_append(text, text[], text[], integer[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION run_enqueue(text, text), run_withdraw(text), run_claim(text, integer, integer, integer),
  run_extend(text, text[], integer), run_release(text, text), run_postpone(text, text, integer),
  run_deltas_append(text, text[], text[], integer[], text[]) TO agentry_app;
