-- Leases to a worker what there is to do: answers whose run has ended, to be cut into parts (`awaiting`), and parts to be sent, which are
-- noted as being sent by this (`sending`). A part of a worker that was lost meanwhile is in doubt for so many seconds first. What nobody
-- may be sent any more, a day after they wrote, fails. So does what an agent says to a sender who does not lead to it any more, whose
-- link or install has ended meanwhile, or was shown to a publisher who is not trusted: those are told too, as `failed`, and nobody holds them.
--
-- The parts of one answer go one after the other. So do answers to one sender, in the order of what they wrote, as long as the earlier one
-- is not put off again and again or in doubt; and what the bot itself has to say does not wait for an agent.
--
-- No number has more than `p_each` parts under way at one server, so that one whose other end is slow does not keep the others' waiting; one
-- that was silent, or whose token is refused, is left out for a while and tried by a single part then. Numbers go by what has waited longest.
--
-- Sorting is off, for it to have one plan whatever the statistics: to go along the index that has the order asked for. This meets a table that
-- was quiet when they were made, and reading all that is open for each part of it is what would seem to cost nothing.
CREATE FUNCTION whatsapp_outbox_claim(p_trusted text[], p_worker text, p_seconds integer, p_limit integer, p_each integer, p_doubt integer)
RETURNS TABLE (id text, state text, attempts integer, sender text, content text, tenant text, user_id text, role text, run_id text,
               number_id text, publisher_org_id text, phone_number_id text, access_token text, app_secret text, gateway_url text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_due text[];
  v_number text;
  v_free integer;
BEGIN
  UPDATE whatsapp_outbox o SET state = 'doubt', worker = NULL, lease_until = NULL, available_at = v_now + make_interval(secs => p_doubt)
  WHERE o.id = ANY (ARRAY(
    SELECT w.id FROM whatsapp_outbox w WHERE w.open AND w.state = 'sending' AND w.lease_until < v_now
    ORDER BY w.number_id, w.lease_until, w.id LIMIT 1000 FOR UPDATE SKIP LOCKED));
  UPDATE whatsapp_outbox o SET state = 'failed', error = 'WINDOW_CLOSED', content = NULL, worker = NULL, lease_until = NULL
  WHERE o.id = ANY (ARRAY(
    SELECT w.id FROM whatsapp_outbox w
    WHERE w.open AND w.state IN ('awaiting', 'ready', 'doubt') AND w.window_until < v_now AND (w.state = 'ready' OR w.available_at <= v_now)
      AND (w.lease_until IS NULL OR w.lease_until < v_now)
    ORDER BY w.window_until, w.id LIMIT 1000 FOR UPDATE SKIP LOCKED));
  v_due := ARRAY(
    SELECT o.id FROM whatsapp_outbox o
    WHERE o.open AND o.state = 'awaiting' AND o.available_at <= v_now AND (o.lease_until IS NULL OR o.lease_until < v_now)
      AND (SELECT l.run_id FROM run_leases l WHERE l.run_id = o.run_id LIMIT 1) IS NULL
    ORDER BY o.available_at, o.id LIMIT p_limit FOR UPDATE SKIP LOCKED);
  FOR v_number, v_free IN
    -- From one number that something waits for to the next.
    WITH RECURSIVE line AS (
      (SELECT o.number_id, o.available_at FROM whatsapp_outbox o WHERE o.open AND o.state IN ('ready', 'doubt')
       ORDER BY o.number_id, o.available_at, o.id LIMIT 1)
      UNION ALL
      SELECT x.number_id, x.available_at FROM line l CROSS JOIN LATERAL (
        SELECT o.number_id, o.available_at FROM whatsapp_outbox o WHERE o.open AND o.state IN ('ready', 'doubt') AND o.number_id > l.number_id
        ORDER BY o.number_id, o.available_at, o.id LIMIT 1) x
    )
    SELECT n.id, CASE WHEN n.token_refused_at IS NULL AND n.held_until IS NULL THEN p_each ELSE 1 END - u.parts
    FROM line l JOIN whatsapp_numbers n ON n.id = l.number_id CROSS JOIN LATERAL (
      SELECT count(*)::integer AS parts FROM (
        SELECT FROM whatsapp_outbox s WHERE s.open AND s.state = 'sending' AND s.number_id = n.id AND s.worker = p_worker
        ORDER BY s.lease_until, s.id LIMIT p_each) s) u
    WHERE l.available_at <= v_now AND (n.token_refused_at IS NULL OR n.token_refused_at < v_now - interval '1 minute')
      AND (n.held_until IS NULL OR n.held_until < v_now)
    ORDER BY l.available_at, n.id
  LOOP
    EXIT WHEN cardinality(v_due) >= p_limit;
    v_due := v_due || ARRAY(
      SELECT o.id FROM whatsapp_outbox o
      WHERE o.open AND o.state IN ('ready', 'doubt') AND o.number_id = v_number AND o.available_at <= v_now
        AND (SELECT e.id FROM whatsapp_outbox e
             WHERE e.open AND e.number_id = o.number_id AND e.sender = o.sender AND (e.position, e.part) < (o.position, o.part)
               AND (e.position = o.position OR e.state = 'sending' OR e.state = 'ready' AND e.attempts < 3
                    OR e.state = 'awaiting' AND o.run_id IS NOT NULL)
             ORDER BY e.position, e.part LIMIT 1) IS NULL
      ORDER BY o.available_at, o.id LIMIT greatest(least(v_free, p_limit - cardinality(v_due)), 0) FOR UPDATE SKIP LOCKED);
  END LOOP;
  RETURN QUERY
  WITH judged AS MATERIALIZED (
    -- The bot's own words are nobody's.
    SELECT o.id, o.tenant IS NULL OR EXISTS (
      SELECT FROM whatsapp_route(p_trusted, n.template_id, o.namespace, o.linked) r
      WHERE r.organization_id = o.tenant AND r.user_id = o.user_id AND r.agent_id = o.agent_id) AS leads
    FROM whatsapp_outbox o JOIN whatsapp_numbers n ON n.id = o.number_id WHERE o.id = ANY (v_due)
  ), taken AS (
    UPDATE whatsapp_outbox o
    SET worker = CASE WHEN j.leads THEN p_worker END,
        lease_until = CASE WHEN j.leads THEN clock_timestamp() + make_interval(secs => p_seconds) END,
        attempts = o.attempts + 1,
        state = CASE WHEN NOT j.leads THEN 'failed' WHEN o.state = 'awaiting' THEN 'awaiting' ELSE 'sending' END,
        content = CASE WHEN j.leads THEN o.content END,
        error = CASE WHEN j.leads THEN o.error ELSE 'LINK_ENDED' END
    FROM judged j WHERE o.id = j.id AND o.id = ANY (v_due)
    RETURNING o.*
  )
  SELECT t.id, t.state, t.attempts, t.sender, t.content, t.tenant, t.user_id,
         CASE WHEN t.state = 'awaiting' THEN org_role_of(t.tenant, t.user_id) END, t.run_id,
         n.id, n.publisher_org_id, n.phone_number_id, n.access_token, n.app_secret, n.gateway_url
  FROM taken t JOIN whatsapp_numbers n ON n.id = t.number_id;
END $$;

-- An awaited answer is this; none, when there is nothing to say. False when it is another worker's by now.
CREATE FUNCTION whatsapp_outbox_fold(p_worker text, p_id text, p_ids text[], p_contents text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_awaited whatsapp_outbox%ROWTYPE;
BEGIN
  DELETE FROM whatsapp_outbox o WHERE o.id = p_id AND o.worker = p_worker AND o.state = 'awaiting' RETURNING o.* INTO v_awaited;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO whatsapp_outbox (id, number_id, message_id, position, part, sender, state, content, tenant, user_id, run_id, namespace, linked,
                               agent_id, window_until)
  SELECT a.id, v_awaited.number_id, v_awaited.message_id, v_awaited.position, a.part, v_awaited.sender, 'ready', a.content, v_awaited.tenant,
         v_awaited.user_id, v_awaited.run_id, v_awaited.namespace, v_awaited.linked, v_awaited.agent_id, v_awaited.window_until
  FROM unnest(p_ids, p_contents) WITH ORDINALITY AS a (id, content, part);
  RETURN true;
END $$;

-- A part was taken, under this id. A callback may have told so before.
CREATE FUNCTION whatsapp_outbox_sent(p_worker text, p_id text, p_provider_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE whatsapp_outbox o SET state = 'sent', provider_id = p_provider_id, sent_at = clock_timestamp(), content = NULL, error = NULL,
                               worker = NULL, lease_until = NULL
  WHERE o.id = p_id AND o.worker = p_worker AND o.state = 'sending';
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE whatsapp_numbers n SET token_refused_at = NULL, held_until = NULL, silences = 0
  FROM whatsapp_outbox o WHERE o.id = p_id AND n.id = o.number_id AND (n.token_refused_at IS NOT NULL OR n.held_until IS NOT NULL);
  RETURN true;
END $$;

-- A part was not taken, or it is not known (`doubt`): again after so many seconds. Where the other end was silent the whole number is
-- left alone, for longer each time; those that were under way at the same time count as one.
CREATE FUNCTION whatsapp_outbox_later(
  p_worker text, p_id text, p_state text, p_seconds integer, p_error text, p_token_refused boolean, p_silent boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_number text;
BEGIN
  UPDATE whatsapp_outbox o
  SET state = CASE WHEN o.state = 'awaiting' THEN 'awaiting' ELSE p_state END, error = p_error, worker = NULL, lease_until = NULL,
      available_at = clock_timestamp() + make_interval(secs => p_seconds)
  WHERE o.id = p_id AND o.worker = p_worker AND o.state IN ('awaiting', 'sending') RETURNING o.number_id INTO v_number;
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_token_refused THEN
    UPDATE whatsapp_numbers n SET token_refused_at = now_ms() WHERE n.id = v_number;
  END IF;
  IF p_silent THEN
    UPDATE whatsapp_numbers n
    SET silences = n.silences + 1, held_until = clock_timestamp() + make_interval(secs => least(5 * 2 ^ least(n.silences, 10), 300))
    WHERE n.id = v_number AND (n.held_until IS NULL OR n.held_until < clock_timestamp());
  END IF;
  RETURN true;
END $$;

-- A part will not be taken, ever; nor are those after it worth sending. One that is being sent right now is.
CREATE FUNCTION whatsapp_outbox_failed(p_worker text, p_id text, p_error text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_part whatsapp_outbox%ROWTYPE;
BEGIN
  UPDATE whatsapp_outbox o SET state = 'failed', error = p_error, content = NULL, worker = NULL, lease_until = NULL
  WHERE o.id = p_id AND o.worker = p_worker AND o.state IN ('awaiting', 'sending') RETURNING o.* INTO v_part;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE whatsapp_outbox o SET state = 'failed', error = 'EARLIER_PART_FAILED', content = NULL
  WHERE o.number_id = v_part.number_id AND o.message_id = v_part.message_id AND o.part > v_part.part AND o.state = 'ready';
  RETURN true;
END $$;

-- What callbacks tell of parts, by the ids that were sent along: how many changed. What is known never becomes less. Where one has failed,
-- those after it are not worth sending either.
CREATE FUNCTION whatsapp_statuses(p_numbers text[], p_parts text[], p_provider_ids text[], p_states text[], p_errors text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_count bigint;
BEGIN
  WITH told AS (
    SELECT DISTINCT ON (s.part) s.* FROM unnest(p_numbers, p_parts, p_provider_ids, p_states, p_errors)
      AS s (number_id, part, provider_id, state, error)
    ORDER BY s.part, array_position(ARRAY['sent', 'delivered', 'read', 'failed'], s.state) DESC
  ), held AS (
    SELECT o.id, t.provider_id, t.state, t.error FROM told t JOIN whatsapp_outbox o ON o.id = t.part AND o.number_id = t.number_id
    WHERE o.state IN ('sending', 'doubt', 'sent', 'delivered', 'read')
      AND array_position(ARRAY['sent', 'delivered', 'read', 'failed'], t.state)
          > coalesce(array_position(ARRAY['sent', 'delivered', 'read', 'failed'], o.state), 0)
    ORDER BY o.id FOR UPDATE OF o
  ), changed AS (
    UPDATE whatsapp_outbox o
    SET state = h.state, provider_id = h.provider_id, error = h.error, content = NULL, worker = NULL, lease_until = NULL,
        sent_at = coalesce(o.sent_at, clock_timestamp())
    FROM held h WHERE o.id = h.id
    RETURNING o.number_id, o.message_id, o.part, o.state
  ), stopped AS (
    UPDATE whatsapp_outbox o SET state = 'failed', error = 'EARLIER_PART_FAILED', content = NULL
    FROM changed c
    WHERE c.state = 'failed' AND o.number_id = c.number_id AND o.message_id = c.message_id AND o.part > c.part AND o.state = 'ready'
  ) SELECT count(*) INTO v_count FROM changed;
  RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION whatsapp_outbox_claim(text[], text, integer, integer, integer, integer), whatsapp_outbox_fold(text, text, text[], text[]),
  whatsapp_outbox_sent(text, text, text), whatsapp_outbox_later(text, text, text, integer, text, boolean, boolean),
  whatsapp_outbox_failed(text, text, text), whatsapp_statuses(text[], text[], text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whatsapp_outbox_claim(text[], text, integer, integer, integer, integer), whatsapp_outbox_fold(text, text, text[], text[]),
  whatsapp_outbox_sent(text, text, text), whatsapp_outbox_later(text, text, text, integer, text, boolean, boolean),
  whatsapp_outbox_failed(text, text, text), whatsapp_statuses(text[], text[], text[], text[], text[]) TO agentry_app;
