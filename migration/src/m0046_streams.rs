//! Replies of many organisations at once: stored and read in as many turns as there are organisations, and no more.

crate::sql_migration!("m0046_streams");

const UP: &str = include_str!("sql/stream_functions.sql");

const DOWN: &str = "
DROP FUNCTION replies_look(text[], text[], text[], integer[], text[], integer[], integer, integer);
CREATE OR REPLACE FUNCTION run_deltas_append(p_worker text, p_organizations text[], p_runs text[], p_sequences integer[], p_texts text[])
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
";
