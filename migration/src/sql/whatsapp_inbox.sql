-- Stores what came in, many messages at once, each once: how many were new. They come to stand in the line as they are told, and are
-- stored in the order of their ids, so that two servers that are told the same wait for each other in one direction only. Where a number is
-- gone it fails: another one may stand for it by now, which whoever delivers again learns.
CREATE FUNCTION whatsapp_receive(
  p_numbers text[], p_messages text[], p_senders text[], p_scoped text[], p_kinds text[], p_contents text[], p_sent timestamptz[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_count bigint;
BEGIN
  WITH placed AS MATERIALIZED (
    SELECT nextval('whatsapp_inbox_position_seq') AS position, t.* FROM (
      SELECT m.* FROM unnest(p_numbers, p_messages, p_senders, p_scoped, p_kinds, p_contents, p_sent) WITH ORDINALITY
        AS m (number_id, message_id, sender, scoped_id, kind, content, sent_at, place)
      ORDER BY m.place) t
  ), stored AS (
    INSERT INTO whatsapp_inbox (number_id, message_id, position, sender, scoped_id, kind, content, sent_at) OVERRIDING SYSTEM VALUE
    SELECT p.number_id, p.message_id, p.position, p.sender, p.scoped_id, p.kind, p.content, p.sent_at
    FROM placed p ORDER BY p.number_id, p.message_id, p.position
    ON CONFLICT DO NOTHING RETURNING 1
  ) SELECT count(*) INTO v_count FROM stored;
  RETURN v_count;
END $$;

-- Leases messages to a worker: of each sender the oldest that is not dealt with, so that one is dealt with after the other. Those whose
-- worker let its lease run out are among them.
--
-- Sorting is off, for it to have one plan whatever the statistics: to go along the index that has the order asked for.
CREATE FUNCTION whatsapp_inbox_claim(p_worker text, p_seconds integer, p_limit integer)
RETURNS TABLE (place bigint, number_id text, publisher_org_id text, template_id text, template_name text, template_slug text, sender text,
               scoped_id text, kind text, content text, sent_at timestamptz, attempts integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_due bigint[];
BEGIN
  v_due := ARRAY(
    SELECT i.position FROM whatsapp_inbox i
    WHERE i.done_at IS NULL AND i.available_at <= v_now AND (i.lease_until IS NULL OR i.lease_until < v_now)
      AND i.position = (SELECT e.position FROM whatsapp_inbox e
                        WHERE e.outcome IS NULL AND e.number_id = i.number_id AND e.sender = i.sender ORDER BY e.position LIMIT 1)
    ORDER BY i.position LIMIT p_limit FOR UPDATE SKIP LOCKED);
  RETURN QUERY
  WITH taken AS (
    UPDATE whatsapp_inbox i SET worker = p_worker, lease_until = clock_timestamp() + make_interval(secs => p_seconds),
                                attempts = i.attempts + 1
    WHERE i.position = ANY (v_due) AND i.done_at IS NULL
    RETURNING i.*
  )
  SELECT t.position, t.number_id, n.publisher_org_id, n.template_id, p.name, p.slug, t.sender, t.scoped_id, t.kind, t.content, t.sent_at, t.attempts
  FROM taken t JOIN whatsapp_numbers n ON n.id = t.number_id JOIN templates p ON p.id = n.template_id
  ORDER BY t.position;
END $$;

-- The message is dealt with; false when it is the worker's no more, who must then undo what it did for it.
CREATE FUNCTION whatsapp_inbox_close(p_worker text, p_place bigint, p_outcome text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE whatsapp_inbox i SET done_at = clock_timestamp(), outcome = p_outcome, content = NULL, worker = NULL, lease_until = NULL
  WHERE i.position = p_place AND i.done_at IS NULL AND i.worker = p_worker;
  RETURN FOUND;
END $$;

-- The same, and this is said to whoever sent it.
CREATE FUNCTION whatsapp_inbox_answer(p_worker text, p_place bigint, p_outcome text, p_ids text[], p_contents text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_message whatsapp_inbox%ROWTYPE;
BEGIN
  UPDATE whatsapp_inbox i SET done_at = clock_timestamp(), outcome = p_outcome, content = NULL, worker = NULL, lease_until = NULL
  WHERE i.position = p_place AND i.done_at IS NULL AND i.worker = p_worker RETURNING i.* INTO v_message;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO whatsapp_outbox (id, number_id, message_id, position, part, sender, state, content, window_until)
  SELECT a.id, v_message.number_id, v_message.message_id, v_message.position, a.part, v_message.sender, 'ready', a.content,
         v_message.sent_at + interval '24 hours'
  FROM unnest(p_ids, p_contents) WITH ORDINALITY AS a (id, content, part);
  RETURN true;
END $$;

-- The same, and what a run of the acting user's says will be, for as long as this sender is linked to them and leads to this agent.
CREATE FUNCTION whatsapp_inbox_await(
  p_worker text, p_place bigint, p_id text, p_run_id text, p_namespace text, p_linked text, p_agent_id text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_message whatsapp_inbox%ROWTYPE;
BEGIN
  UPDATE whatsapp_inbox i SET done_at = clock_timestamp(), outcome = 'asked', content = NULL, worker = NULL, lease_until = NULL
  WHERE i.position = p_place AND i.done_at IS NULL AND i.worker = p_worker RETURNING i.* INTO v_message;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO whatsapp_outbox (id, number_id, message_id, position, part, sender, state, tenant, user_id, run_id, namespace, linked, agent_id,
                               window_until)
  VALUES (p_id, v_message.number_id, v_message.message_id, v_message.position, 1, v_message.sender, 'awaiting', app_current_org(),
          app_current_user(), p_run_id, p_namespace, p_linked, p_agent_id, v_message.sent_at + interval '24 hours');
  RETURN true;
END $$;

-- Gives a message back, to be taken up by any worker after so many seconds.
CREATE FUNCTION whatsapp_inbox_postpone(p_worker text, p_place bigint, p_seconds integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE whatsapp_inbox i SET worker = NULL, lease_until = NULL, available_at = clock_timestamp() + make_interval(secs => p_seconds)
  WHERE i.position = p_place AND i.done_at IS NULL AND i.worker = p_worker;
  RETURN FOUND;
END $$;

-- Forgets what was received so many days ago, so many messages at once, with what was answered: how many. Nobody sends it again then.
CREATE FUNCTION whatsapp_sweep(p_days integer, p_limit integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_count bigint;
BEGIN
  DELETE FROM whatsapp_inbox i WHERE (i.number_id, i.message_id) IN (
    SELECT o.number_id, o.message_id FROM whatsapp_inbox o WHERE o.received_at < clock_timestamp() - make_interval(days => p_days)
    LIMIT p_limit FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION whatsapp_receive(text[], text[], text[], text[], text[], text[], timestamptz[]),
  whatsapp_inbox_claim(text, integer, integer), whatsapp_inbox_close(text, bigint, text),
  whatsapp_inbox_answer(text, bigint, text, text[], text[]), whatsapp_inbox_await(text, bigint, text, text, text, text, text),
  whatsapp_inbox_postpone(text, bigint, integer), whatsapp_sweep(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whatsapp_receive(text[], text[], text[], text[], text[], text[], timestamptz[]),
  whatsapp_inbox_claim(text, integer, integer), whatsapp_inbox_close(text, bigint, text),
  whatsapp_inbox_answer(text, bigint, text, text[], text[]), whatsapp_inbox_await(text, bigint, text, text, text, text, text),
  whatsapp_inbox_postpone(text, bigint, integer), whatsapp_sweep(integer, integer) TO agentry_app;
