-- Numbers: by owners and admins of the acting organisation, whose role is read anew.
CREATE FUNCTION whatsapp_number_register(
  p_id text, p_template text, p_phone_number_id text, p_display text, p_number text, p_gateway text, p_token text, p_secret text,
  p_hash text, p_most integer)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_acting_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  PERFORM FROM templates t WHERE t.id = p_template AND t.publisher_org_id = app_current_org() FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'no_such_template'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  -- Whoever registers another one at the same time waits here.
  PERFORM pg_advisory_xact_lock(hashtextextended('whatsapp_numbers:' || app_current_org(), 0));
  IF (SELECT count(*) FROM whatsapp_numbers n WHERE n.publisher_org_id = app_current_org()) >= p_most THEN RETURN 'numbers_full'; END IF;
  INSERT INTO whatsapp_numbers (id, publisher_org_id, template_id, phone_number_id, display_phone, number, gateway_url, access_token, app_secret,
                                verify_token_hash)
  VALUES (p_id, app_current_org(), p_template, p_phone_number_id, p_display, p_number, p_gateway, p_token, p_secret, p_hash)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN 'number_taken'; END IF;
  -- Where people are told to write to.
  UPDATE templates t SET bot_phone = p_display WHERE t.id = p_template AND t.bot_phone IS NULL;
  RETURN 'ok';
END $$;

-- What is NULL stays. What waited for another token is tried at once.
CREATE FUNCTION whatsapp_number_rotate(p_id text, p_token text, p_secret text, p_hash text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_acting_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  PERFORM FROM whatsapp_numbers n WHERE n.id = p_id AND n.publisher_org_id = app_current_org() FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'no_such_number'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  UPDATE whatsapp_numbers n
  SET access_token = coalesce(p_token, n.access_token), app_secret = coalesce(p_secret, n.app_secret),
      verify_token_hash = coalesce(p_hash, n.verify_token_hash), rotated_at = now_ms(),
      token_refused_at = CASE WHEN p_token IS NULL THEN n.token_refused_at END,
      held_until = CASE WHEN p_token IS NULL THEN n.held_until END
  WHERE n.id = p_id;
  IF p_token IS NOT NULL THEN
    UPDATE whatsapp_outbox o SET available_at = clock_timestamp() WHERE o.number_id = p_id AND o.state = 'ready' AND o.worker IS NULL;
  END IF;
  RETURN 'ok';
END $$;

-- What waits to go out by it goes with it.
CREATE FUNCTION whatsapp_number_remove(p_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_acting_role();
  v_template text;
  v_display text;
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  SELECT n.template_id, n.display_phone INTO v_template, v_display
  FROM whatsapp_numbers n WHERE n.id = p_id AND n.publisher_org_id = app_current_org() FOR UPDATE;
  IF NOT FOUND THEN RETURN 'no_such_number'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  DELETE FROM whatsapp_numbers n WHERE n.id = p_id;
  UPDATE templates t SET bot_phone = NULL WHERE t.id = v_template AND t.bot_phone = v_display;
  RETURN 'ok';
END $$;

-- By what a delivery is known to be genuine, before there is a tenant to speak of, oldest number first. The secrets are sealed.
CREATE FUNCTION whatsapp_number_secrets()
RETURNS TABLE (id text, publisher_org_id text, phone_number_id text, app_secret text, verify_token_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT n.id, n.publisher_org_id, n.phone_number_id, n.app_secret, n.verify_token_hash FROM whatsapp_numbers n
               ORDER BY n.created_at, n.id;
END $$;

REVOKE EXECUTE ON FUNCTION whatsapp_number_register(text, text, text, text, text, text, text, text, text, integer),
  whatsapp_number_rotate(text, text, text, text), whatsapp_number_remove(text), whatsapp_number_secrets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whatsapp_number_register(text, text, text, text, text, text, text, text, text, integer),
  whatsapp_number_rotate(text, text, text, text), whatsapp_number_remove(text), whatsapp_number_secrets() TO agentry_app;
