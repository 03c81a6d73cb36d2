-- The acting user says that a number is theirs: 'claimed', with a code of which the hash is kept for so many seconds; 'verified',
-- when they have shown it already, and no code; 'already_linked', when somebody else has; 'no_member', when they have no personal
-- organisation. `created_at`: since when they have said so. A claim takes the place of their earlier one, and leaves a verified number
-- as it is. `p_trusted`, here and below: the organisations whose bots are believed, NULL for all. What was shown to another one's is as
-- if it had not been.
CREATE FUNCTION whatsapp_claim(
  p_trusted text[], p_phone text, p_jid text, p_number text, p_code_hash bytea, p_template_id text, p_seconds integer)
RETURNS TABLE (outcome text, organization_id text, expires_at timestamptz, created_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_me text := app_current_user();
  v_home text;
  v_until timestamptz := date_trunc('milliseconds', now() + make_interval(secs => p_seconds));
BEGIN
  -- One claim of a user after the other; here and below, first the user and then the number.
  PERFORM FROM "user" u WHERE u."id" = v_me FOR NO KEY UPDATE;
  v_home := whatsapp_home(v_me);
  IF v_home IS NULL THEN RETURN QUERY SELECT 'no_member', NULL::text, NULL::timestamptz, NULL::timestamptz; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('whatsapp:' || p_number, 0));
  IF EXISTS (SELECT FROM whatsapp_claims c
             WHERE c.namespace = 'wa_jid' AND c.number = p_number AND c.verified_at IS NOT NULL AND c.user_id <> v_me
               AND (p_trusted IS NULL OR c.verified_by = ANY (p_trusted))) THEN
    RETURN QUERY SELECT 'already_linked', v_home, NULL::timestamptz, NULL::timestamptz;
    RETURN;
  END IF;
  -- Of two codes only the later one is good.
  DELETE FROM link_codes l WHERE l.user_id = v_me AND l.purpose = 'link:whatsapp';
  DELETE FROM link_codes l WHERE l.code_hash IN (
    SELECT e.code_hash FROM link_codes e WHERE e.expires_at < now() ORDER BY e.expires_at LIMIT 20 FOR UPDATE SKIP LOCKED);
  PERFORM whatsapp_forget(v_me, ARRAY(SELECT c.id FROM whatsapp_claims c
                                      WHERE c.user_id = v_me AND c.number <> p_number AND c.verified_at IS NULL));
  IF EXISTS (SELECT FROM whatsapp_claims c
             WHERE c.namespace = 'wa_jid' AND c.number = p_number AND c.verified_at IS NOT NULL AND c.user_id = v_me
               AND (p_trusted IS NULL OR c.verified_by = ANY (p_trusted))) THEN
    RETURN QUERY SELECT 'verified', v_home, NULL::timestamptz, NULL::timestamptz;
    RETURN;
  END IF;
  -- The same number in its other form takes the place of the one before.
  PERFORM whatsapp_forget(v_me, ARRAY(SELECT c.id FROM whatsapp_claims c
                                      WHERE c.user_id = v_me AND c.number = p_number AND c.identifier <> p_jid AND c.verified_at IS NULL));
  INSERT INTO whatsapp_claims (user_id, tenant, namespace, number, identifier, phone)
  VALUES (v_me, v_home, 'wa_jid', p_number, p_jid, p_phone) ON CONFLICT (user_id, number) WHERE namespace = 'wa_jid' DO NOTHING;
  PERFORM member_identity_note(v_home, v_me, 'phone', p_phone, 'link:whatsapp', false);
  PERFORM member_identity_note(v_home, v_me, 'wa_jid', p_jid, 'link:whatsapp', false);
  INSERT INTO link_codes (code_hash, user_id, tenant, purpose, template_id, publisher_org_id, expected_number, expected_phone, expires_at)
  VALUES (p_code_hash, v_me, v_home, 'link:whatsapp', p_template_id,
          (SELECT t.publisher_org_id FROM templates t WHERE t.id = p_template_id), p_number, p_phone, v_until);
  RETURN QUERY SELECT 'claimed', v_home, v_until, c.created_at FROM whatsapp_claims c
  WHERE c.user_id = v_me AND c.namespace = 'wa_jid' AND c.number = p_number;
END $$;

-- A code has arrived from a sender, by a bot of this publisher's. 'verified', with whose the sender is from now on; 'unknown', when there
-- is no such code, or no longer, or the publisher is not trusted, or the code was for another publisher's bot; 'expired'; 'sender_mismatch', when it was to come from another number;
-- 'already_linked', when somebody has shown the number meanwhile. But for a publisher who is not trusted, the code is used up, whatever
-- becomes of it: of many who bring it at once, one finds it. `p_bsuid`: the business-scoped id of the same person, where WhatsApp tells
-- both. `dropped`: of how many others a claim to the number ends, which they had not shown, or not to anybody who is believed.
CREATE FUNCTION whatsapp_verify(
  p_trusted text[], p_publisher text, p_namespace text, p_identifier text, p_number text, p_bsuid text, p_code_hash bytea)
RETURNS TABLE (outcome text, user_id text, organization_id text, template_id text, phone text, dropped integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_code link_codes;
  v_refusal text;
  v_phone text;
  v_bsuid text := CASE WHEN p_namespace = 'wa_bsuid' THEN p_identifier ELSE p_bsuid END;
  v_other record;
  v_dropped integer := 0;
BEGIN
  IF p_trusted IS NULL OR p_publisher = ANY (p_trusted) THEN
    PERFORM FROM "user" u WHERE u."id" = (SELECT l.user_id FROM link_codes l WHERE l.code_hash = p_code_hash) FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(hashtextextended('whatsapp:' || k, 0))
    FROM (SELECT DISTINCT k FROM unnest(ARRAY[p_number, v_bsuid]) AS k WHERE k IS NOT NULL ORDER BY k) keys;
    -- The row decides: of two uses at once the second finds it gone. Only now, for whoever shows the number first ends the codes of others.
    DELETE FROM link_codes l WHERE l.code_hash = p_code_hash AND l.purpose = 'link:whatsapp' RETURNING l.* INTO v_code;
  END IF;
  IF v_code.user_id IS NULL THEN RETURN QUERY SELECT 'unknown', NULL::text, NULL::text, NULL::text, NULL::text, 0; RETURN; END IF;
  v_refusal := CASE
    WHEN v_code.expires_at <= clock_timestamp() THEN 'expired'
    -- Whoever publishes a template says where its codes are sent to, and hears of them: they are good for nobody else's bot.
    WHEN v_code.publisher_org_id <> p_publisher THEN 'other_publisher'
    WHEN p_namespace = 'wa_jid' AND p_number <> v_code.expected_number THEN 'sender_mismatch'
    WHEN EXISTS (SELECT FROM whatsapp_claims c
                 WHERE c.verified_at IS NOT NULL AND c.user_id <> v_code.user_id AND (p_trusted IS NULL OR c.verified_by = ANY (p_trusted))
                   AND ((p_namespace = 'wa_jid' AND c.namespace = 'wa_jid' AND c.number = p_number)
                     OR (c.namespace = 'wa_bsuid' AND c.number = v_bsuid AND c.verified_by = p_publisher)))
      THEN 'already_linked'
    WHEN whatsapp_home(v_code.user_id) IS DISTINCT FROM v_code.tenant OR NOT EXISTS (SELECT FROM auth_live_user(v_code.user_id)) THEN 'unknown' END;
  IF v_refusal IS NOT NULL THEN
    PERFORM whatsapp_audit(v_code.tenant, v_code.user_id, CASE v_refusal WHEN 'already_linked' THEN 'whatsapp.conflict' ELSE 'whatsapp.refuse' END,
                           v_code.expected_phone, jsonb_build_object('reason', v_refusal));
    RETURN QUERY SELECT CASE v_refusal WHEN 'other_publisher' THEN 'unknown' ELSE v_refusal END, v_code.user_id, v_code.tenant, v_code.template_id, v_code.expected_phone, 0;
    RETURN;
  END IF;
  -- A new number takes the place of the old one. Where the sender is known by a business-scoped id alone, none was seen: what was
  -- typed is forgotten, and a number that was shown before stays. Of such ids each publisher has one, and knows nothing of the others'.
  PERFORM whatsapp_forget(v_code.user_id, ARRAY(
    SELECT c.id FROM whatsapp_claims c
    WHERE c.user_id = v_code.user_id
      AND ((c.namespace = 'wa_jid' AND c.number <> p_number AND (p_namespace = 'wa_jid' OR c.verified_at IS NULL))
        OR (c.namespace = 'wa_bsuid' AND c.verified_by = p_publisher AND c.number IS DISTINCT FROM v_bsuid))));
  IF p_namespace = 'wa_jid' THEN
    FOR v_other IN
      SELECT c.id, c.user_id, c.tenant, c.phone FROM whatsapp_claims c
      WHERE c.namespace = 'wa_jid' AND c.number = p_number AND c.user_id <> v_code.user_id ORDER BY c.user_id
    LOOP
      DELETE FROM link_codes l WHERE l.user_id = v_other.user_id AND l.expected_number = p_number;
      PERFORM whatsapp_forget(v_other.user_id, ARRAY[v_other.id]);
      PERFORM whatsapp_audit(v_other.tenant, v_other.user_id, 'whatsapp.drop', v_other.phone, '{"reason": "verified_by_another"}');
      v_dropped := v_dropped + 1;
    END LOOP;
    v_phone := v_code.expected_phone;
    -- What was typed may be the other form of what is observed.
    PERFORM member_identity_end(v_code.tenant, v_code.user_id, ARRAY['phone', 'wa_jid'], 'link:whatsapp', ARRAY[v_phone, p_identifier], true);
    INSERT INTO whatsapp_claims (user_id, tenant, namespace, number, identifier, phone, verified_by, verified_at)
    VALUES (v_code.user_id, v_code.tenant, 'wa_jid', p_number, p_identifier, v_phone, p_publisher, now_ms())
    ON CONFLICT (user_id, number) WHERE namespace = 'wa_jid' DO UPDATE
      SET identifier = EXCLUDED.identifier, phone = EXCLUDED.phone, verified_by = EXCLUDED.verified_by, verified_at = EXCLUDED.verified_at;
    PERFORM member_identity_note(v_code.tenant, v_code.user_id, 'phone', v_phone, 'link:whatsapp', true);
    PERFORM member_identity_note(v_code.tenant, v_code.user_id, 'wa_jid', p_identifier, 'link:whatsapp', true);
  END IF;
  IF v_bsuid IS NOT NULL THEN
    INSERT INTO whatsapp_claims AS c (user_id, tenant, namespace, number, identifier, beside, verified_by, verified_at)
    VALUES (v_code.user_id, v_code.tenant, 'wa_bsuid', v_bsuid, v_bsuid, CASE WHEN p_namespace = 'wa_jid' THEN p_number END, p_publisher, now_ms())
    ON CONFLICT (number, verified_by) WHERE namespace = 'wa_bsuid' DO UPDATE
      SET beside = coalesce(EXCLUDED.beside, c.beside), verified_at = EXCLUDED.verified_at;
    PERFORM member_identity_note(v_code.tenant, v_code.user_id, 'wa_bsuid', v_bsuid, 'link:whatsapp', true);
  END IF;
  PERFORM whatsapp_audit(v_code.tenant, v_code.user_id, 'whatsapp.verify', v_phone,
                         jsonb_build_object('namespace', p_namespace, 'dropped', v_dropped));
  RETURN QUERY SELECT 'verified', v_code.user_id, v_code.tenant, v_code.template_id, v_phone, v_dropped;
END $$;

-- Takes back what the acting user said or showed: of a number, whose codes are good for nothing then; of a business-scoped id; or, where
-- neither is given, of all of theirs: which those were.
CREATE FUNCTION whatsapp_unlink(p_number text, p_bsuid text) RETURNS TABLE (organization_id text, phones text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_me text := app_current_user();
  v_all boolean := p_number IS NULL AND p_bsuid IS NULL;
BEGIN
  PERFORM FROM "user" u WHERE u."id" = v_me FOR NO KEY UPDATE;
  DELETE FROM link_codes l WHERE l.user_id = v_me AND l.purpose = 'link:whatsapp' AND (v_all OR l.expected_number = p_number);
  RETURN QUERY SELECT whatsapp_home(v_me), whatsapp_forget(v_me, ARRAY(
    SELECT c.id FROM whatsapp_claims c WHERE c.user_id = v_me AND (v_all OR c.number IN (p_number, p_bsuid))));
END $$;

-- What the acting user has said and shown, newest first.
CREATE FUNCTION whatsapp_my_links(p_trusted text[])
RETURNS TABLE (namespace text, identifier text, phone text, verified_at timestamptz, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT c.namespace, c.identifier, c.phone, CASE WHEN p_trusted IS NULL OR c.verified_by = ANY (p_trusted) THEN c.verified_at END, c.created_at
  FROM whatsapp_claims c WHERE c.user_id = app_current_user() ORDER BY c.created_at DESC, c.namespace, c.number LIMIT 100;
END $$;

-- The live installs of a template in one organisation that a member may use: theirs, or shared.
CREATE FUNCTION whatsapp_installs_in(p_organization text, p_user text, p_template_id text)
RETURNS TABLE (template_id text, agent_id text, install_id text, created_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', p_organization, true);
  RETURN QUERY SELECT i.template_id, i.agent_id, i.id, i.created_at FROM template_installs i
  WHERE i.organization_id = p_organization AND (p_template_id IS NULL OR i.template_id = p_template_id) AND i.uninstalled_at IS NULL
    AND (i.agent_user_id = p_user OR i.agent_visibility = 'organization');
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
END $$;
ALTER FUNCTION whatsapp_installs_in(text, text, text) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION whatsapp_installs_in(text, text, text) FROM PUBLIC;

-- Where a message to a template's bot goes: the live installs of that template that are the sender's to use, their personal one
-- first, then by age. None, when the sender has shown nothing, or their user is banned, or the template's publisher is not trusted.
-- `p_number` is one for all forms of a number; a business-scoped id is one of the template's publisher.
CREATE FUNCTION whatsapp_route(p_trusted text[], p_template_id text, p_namespace text, p_number text)
RETURNS TABLE (user_id text, organization_id text, agent_id text, install_id text, role text, is_personal boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE v_user text;
BEGIN
  SELECT c.user_id INTO v_user FROM whatsapp_claims c JOIN templates t ON t.id = p_template_id
  WHERE c.namespace = p_namespace AND c.number = p_number AND c.verified_at IS NOT NULL
    AND (p_namespace = 'wa_jid' OR c.verified_by = t.publisher_org_id)
    AND (p_trusted IS NULL OR (c.verified_by = ANY (p_trusted) AND t.publisher_org_id = ANY (p_trusted)));
  IF v_user IS NULL OR NOT EXISTS (SELECT FROM auth_live_user(v_user)) THEN RETURN; END IF;
  RETURN QUERY
  SELECT v_user, h.id, i.agent_id, i.install_id, h.role, h.is_personal
  FROM (SELECT o."id" AS id, app_highest_role(string_agg(m."role", ',')) AS role,
               o.personal_user_id IS NOT DISTINCT FROM v_user AS is_personal
        FROM "member" m JOIN "organization" o ON o."id" = m."organizationId"
        WHERE m."userId" = v_user GROUP BY o."id") h
  CROSS JOIN LATERAL whatsapp_installs_in(h.id, v_user, p_template_id) i
  ORDER BY h.is_personal DESC, i.created_at, i.install_id;
END $$;

-- Whose a sender of a publisher's is: whether anybody has shown it, and nothing else of them.
CREATE FUNCTION whatsapp_is_linked(p_trusted text[], p_publisher text, p_namespace text, p_number text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM whatsapp_claims c
                 WHERE c.namespace = p_namespace AND c.number = p_number AND c.verified_at IS NOT NULL
                   AND (p_namespace = 'wa_jid' OR c.verified_by = p_publisher)
                   AND (p_trusted IS NULL OR c.verified_by = ANY (p_trusted)));
END $$;

-- Which member of the acting organisation a sender is, and what they may use there: their live installs. A member without one is one
-- row without an install. None: nobody has shown it, or it is nobody here, which look the same. A business-scoped id is one of the acting
-- organisation's own bots.
CREATE FUNCTION whatsapp_sender(p_trusted text[], p_namespace text, p_number text)
RETURNS TABLE (user_id text, identifier text, verified_at timestamptz, template_id text, agent_id text, install_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT c.user_id, c.identifier, c.verified_at, i.template_id, i.agent_id, i.install_id
  FROM whatsapp_claims c
  LEFT JOIN LATERAL whatsapp_installs_in(app_current_org(), c.user_id, NULL) i ON true
  WHERE c.namespace = p_namespace AND c.number = p_number AND c.verified_at IS NOT NULL
    AND (p_namespace = 'wa_jid' OR c.verified_by = app_current_org()) AND (p_trusted IS NULL OR c.verified_by = ANY (p_trusted))
    AND org_role_of(app_current_org(), c.user_id) IS NOT NULL AND EXISTS (SELECT FROM auth_live_user(c.user_id))
  ORDER BY i.created_at, i.install_id;
END $$;

REVOKE EXECUTE ON FUNCTION
  whatsapp_claim(text[], text, text, text, bytea, text, integer), whatsapp_verify(text[], text, text, text, text, text, bytea),
  whatsapp_unlink(text, text), whatsapp_my_links(text[]), whatsapp_route(text[], text, text, text),
  whatsapp_is_linked(text[], text, text, text), whatsapp_sender(text[], text, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  whatsapp_claim(text[], text, text, text, bytea, text, integer), whatsapp_verify(text[], text, text, text, text, text, bytea),
  whatsapp_unlink(text, text), whatsapp_my_links(text[]), whatsapp_route(text[], text, text, text),
  whatsapp_is_linked(text[], text, text, text), whatsapp_sender(text[], text, text)
TO agentry_app;
