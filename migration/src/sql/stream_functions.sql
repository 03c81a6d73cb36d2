-- Both of these meet tables that are empty at one moment and full at the next: a plan for nothing, which is to read all there is, would be
-- kept when there is much. So they are told to go by indexes, always.

-- As before, and each organisation's pieces are taken out of the lists once: of 500 replies in 500 organisations it used to look at each
-- 500 times.
CREATE OR REPLACE FUNCTION run_deltas_append(p_worker text, p_organizations text[], p_runs text[], p_sequences integer[], p_texts text[])
RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  v_organization text;
  v_runs text[];
  v_sequences integer[];
  v_texts text[];
  v_held text[];
  v_all text[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('run_worker:' || p_worker, 0));
  FOR v_organization, v_runs, v_sequences, v_texts IN
    SELECT d.organization_id, array_agg(d.run_id), array_agg(d.sequence), array_agg(d.text)
    FROM unnest(p_organizations, p_runs, p_sequences, p_texts) AS d (organization_id, run_id, sequence, text)
    GROUP BY d.organization_id ORDER BY d.organization_id
  LOOP
    PERFORM set_config('app.current_org_id', v_organization, true);
    WITH held AS MATERIALIZED (
      SELECT r.organization_id, r.id, r.agent_user_id, r.user_id, r.withheld, d.sequence, d.text
      FROM unnest(v_runs, v_sequences, v_texts) AS d (run_id, sequence, text)
      JOIN run_leases l ON l.run_id = d.run_id AND l.tenant = v_organization AND l.worker = p_worker
      JOIN runs r ON r.organization_id = v_organization AND r.id = d.run_id
    ), stored AS (
      -- What is there already was stored by an answer that got lost.
      INSERT INTO run_deltas (organization_id, run_id, sequence, agent_user_id, user_id, withheld, text)
      SELECT h.organization_id, h.id, h.sequence, h.agent_user_id, h.user_id, h.withheld, h.text FROM held h
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

-- What there is of each run at the place asked for, for several who may see it: while it lasts, the pieces after that place, and once
-- it has ended, its message from there on. One statement sees both as they are at one moment, so what is being moved from the one
-- into the other is seen in exactly one of them. Whoever calls it does so in the name of each, one after the other, and under the row
-- security that binds them: it may do nothing that its caller may not.
--
-- The runs of all stand in one list, by whom they are followed; p_first tells where each one's begin, and where the last one's end.
CREATE FUNCTION replies_look(p_organizations text[], p_users text[], p_roles text[], p_first integer[], p_runs text[], p_afters integer[],
                             p_rows integer, p_characters integer)
RETURNS TABLE (tenant integer, id text, after integer, ended boolean, sequence integer, pieces bigint, said text, kept text, available integer)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
  v_organization text;
  v_runs text[];
  v_afters integer[];
BEGIN
  FOR v_tenant IN 1 .. cardinality(p_organizations) LOOP
    v_organization := p_organizations[v_tenant];
    v_runs := p_runs[p_first[v_tenant] : p_first[v_tenant + 1] - 1];
    v_afters := p_afters[p_first[v_tenant] : p_first[v_tenant + 1] - 1];
    PERFORM set_config('app.current_user_id', p_users[v_tenant], true), set_config('app.current_org_id', v_organization, true),
            set_config('app.org_role', p_roles[v_tenant], true);
    RETURN QUERY
    SELECT v_tenant, f.id, f.after, r.finished_at IS NOT NULL, d.sequence, d.pieces, d.text, m.text,
           coalesce(m.characters, (SELECT x.sequence FROM run_deltas x
                                   WHERE r.finished_at IS NULL AND x.organization_id = v_organization AND x.run_id = r.id
                                   ORDER BY x.sequence DESC LIMIT 1), 0)
    FROM unnest(v_runs, v_afters) AS f (id, after)
    JOIN runs r ON r.organization_id = v_organization AND r.id = f.id
    LEFT JOIN LATERAL (
      SELECT max(p.sequence) AS sequence, count(*) AS pieces, string_agg(p.text, '' ORDER BY p.sequence) AS text
      FROM (SELECT d.sequence, d.text FROM run_deltas d
            WHERE r.finished_at IS NULL AND d.organization_id = v_organization AND d.run_id = r.id AND d.sequence > f.after
            ORDER BY d.sequence LIMIT p_rows) p) d ON true
    LEFT JOIN LATERAL (
      SELECT char_length(m.content) AS characters, substr(m.content, least(f.after, char_length(m.content)) + 1, p_characters) AS text
      FROM agent_messages m
      WHERE r.finished_at IS NOT NULL AND m.organization_id = v_organization AND m.conversation_id = r.conversation_id AND m.id = r.reply_id) m ON true;
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION replies_look(text[], text[], text[], integer[], text[], integer[], integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION replies_look(text[], text[], text[], integer[], text[], integer[], integer, integer) TO agentry_app;
