-- Leases to a worker what there is to do: answers whose run has ended, to be cut into parts (`awaiting`), and parts to be sent, which are
-- noted as being sent by this (`sending`). A part of a worker that was lost meanwhile is in doubt for so many seconds first. What nobody
-- may be sent any more, a day after they wrote, fails. So does what an agent says to a sender who does not lead to it any more, whose
-- link or install has ended meanwhile, or was shown to a publisher who is not trusted: those are told too, as `failed`, and nobody holds them.
--
-- The parts of one answer go one after the other. So do answers to one sender, in the order of what they wrote, as long as the earlier one
-- is not put off again and again or in doubt; and what the bot itself has to say does not wait for an agent.
CREATE FUNCTION whatsapp_outbox_claim(p_trusted text[], p_worker text, p_seconds integer, p_limit integer, p_doubt integer)
RETURNS TABLE (id text, state text, attempts integer, sender text, content text, tenant text, user_id text, role text, run_id text,
               number_id text, publisher_org_id text, phone_number_id text, access_token text, app_secret text, gateway_url text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE whatsapp_outbox o SET state = 'doubt', worker = NULL, lease_until = NULL, available_at = clock_timestamp() + make_interval(secs => p_doubt)
  WHERE o.id IN (SELECT w.id FROM whatsapp_outbox w WHERE w.state = 'sending' AND w.lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED);
  UPDATE whatsapp_outbox o SET state = 'failed', error = 'WINDOW_CLOSED', content = NULL, worker = NULL, lease_until = NULL
  WHERE o.id IN (SELECT w.id FROM whatsapp_outbox w
                 WHERE w.state IN ('awaiting', 'ready', 'doubt') AND w.available_at <= clock_timestamp() AND w.window_until < clock_timestamp()
                   AND (w.lease_until IS NULL OR w.lease_until < clock_timestamp()) FOR UPDATE SKIP LOCKED);
  RETURN QUERY
  WITH due AS (
    SELECT o.id, o.tenant, o.user_id, o.namespace, o.linked, o.agent_id, n.template_id
    FROM whatsapp_outbox o JOIN whatsapp_numbers n ON n.id = o.number_id
    WHERE o.state IN ('awaiting', 'ready', 'doubt') AND o.available_at <= clock_timestamp()
      AND (o.lease_until IS NULL OR o.lease_until < clock_timestamp())
      AND CASE WHEN o.state = 'awaiting' THEN NOT EXISTS (SELECT FROM run_leases l WHERE l.run_id = o.run_id)
          ELSE NOT EXISTS (
              SELECT FROM whatsapp_outbox e
              WHERE e.number_id = o.number_id AND e.sender = o.sender AND (e.position, e.part) < (o.position, o.part)
                AND e.state IN ('awaiting', 'ready', 'sending', 'doubt')
                AND (e.position = o.position OR e.state = 'sending' OR e.state = 'ready' AND e.attempts < 3
                     OR e.state = 'awaiting' AND o.run_id IS NOT NULL))
            -- A number whose token is refused is tried now and then.
            AND (n.token_refused_at IS NULL OR n.token_refused_at < clock_timestamp() - interval '1 minute') END
    ORDER BY o.available_at, o.id LIMIT p_limit FOR UPDATE OF o SKIP LOCKED
  ), judged AS MATERIALIZED (
    -- The bot's own words are nobody's.
    SELECT d.id, d.tenant IS NULL OR EXISTS (
      SELECT FROM whatsapp_route(p_trusted, d.template_id, d.namespace, d.linked) r
      WHERE r.organization_id = d.tenant AND r.user_id = d.user_id AND r.agent_id = d.agent_id) AS leads
    FROM due d
  ), taken AS (
    UPDATE whatsapp_outbox o
    SET worker = CASE WHEN j.leads THEN p_worker END,
        lease_until = CASE WHEN j.leads THEN clock_timestamp() + make_interval(secs => p_seconds) END,
        attempts = o.attempts + 1,
        state = CASE WHEN NOT j.leads THEN 'failed' WHEN o.state = 'awaiting' THEN 'awaiting' ELSE 'sending' END,
        content = CASE WHEN j.leads THEN o.content END,
        error = CASE WHEN j.leads THEN o.error ELSE 'LINK_ENDED' END
    FROM judged j WHERE o.id = j.id
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
  UPDATE whatsapp_numbers n SET token_refused_at = NULL
  FROM whatsapp_outbox o WHERE o.id = p_id AND n.id = o.number_id AND n.token_refused_at IS NOT NULL;
  RETURN true;
END $$;

-- A part was not taken, or it is not known (`doubt`): again after so many seconds.
CREATE FUNCTION whatsapp_outbox_later(p_worker text, p_id text, p_state text, p_seconds integer, p_error text, p_token_refused boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE whatsapp_outbox o
  SET state = CASE WHEN o.state = 'awaiting' THEN 'awaiting' ELSE p_state END, error = p_error, worker = NULL, lease_until = NULL,
      available_at = clock_timestamp() + make_interval(secs => p_seconds)
  WHERE o.id = p_id AND o.worker = p_worker AND o.state IN ('awaiting', 'sending');
  IF NOT FOUND THEN RETURN false; END IF;
  IF p_token_refused THEN
    UPDATE whatsapp_numbers n SET token_refused_at = now_ms() FROM whatsapp_outbox o WHERE o.id = p_id AND n.id = o.number_id;
  END IF;
  RETURN true;
END $$;

-- A part will not be taken, ever; nor are those after it worth sending.
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

-- What callbacks tell of parts, by the ids that were sent along: how many changed. What is known never becomes less.
CREATE FUNCTION whatsapp_statuses(p_numbers text[], p_parts text[], p_provider_ids text[], p_states text[], p_errors text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
  )
  UPDATE whatsapp_outbox o
  SET state = h.state, provider_id = h.provider_id, error = h.error, content = NULL, worker = NULL, lease_until = NULL,
      sent_at = coalesce(o.sent_at, clock_timestamp())
  FROM held h WHERE o.id = h.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION whatsapp_outbox_claim(text[], text, integer, integer, integer), whatsapp_outbox_fold(text, text, text[], text[]),
  whatsapp_outbox_sent(text, text, text), whatsapp_outbox_later(text, text, text, integer, text, boolean),
  whatsapp_outbox_failed(text, text, text), whatsapp_statuses(text[], text[], text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whatsapp_outbox_claim(text[], text, integer, integer, integer), whatsapp_outbox_fold(text, text, text[], text[]),
  whatsapp_outbox_sent(text, text, text), whatsapp_outbox_later(text, text, text, integer, text, boolean),
  whatsapp_outbox_failed(text, text, text), whatsapp_statuses(text[], text[], text[], text[], text[]) TO agentry_app;
