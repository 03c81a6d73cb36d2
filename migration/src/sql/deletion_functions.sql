-- What becomes of each organisation of the acting user when they go: it 'goes' with them when nobody else is in it; it 'blocks'
-- them when they own it and none of the others does; otherwise it 'stays'.
CREATE FUNCTION my_deletion_organizations()
RETURNS TABLE (id text, name text, slug text, personal boolean, fate text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT o."id", o."name", o."slug", coalesce(o.personal_user_id = app_current_user(), false),
         CASE WHEN NOT EXISTS (SELECT FROM "member" m WHERE m."organizationId" = o."id" AND m."userId" <> app_current_user())
                THEN 'goes'
              WHEN org_role_of(o."id", app_current_user()) = 'owner'
                   AND NOT EXISTS (SELECT FROM "member" m WHERE m."organizationId" = o."id" AND m."userId" <> app_current_user()
                                     AND app_highest_role(m."role") = 'owner')
                THEN 'blocks'
              ELSE 'stays' END
  FROM "organization" o
  WHERE o.personal_user_id = app_current_user()
     OR EXISTS (SELECT FROM "member" m WHERE m."organizationId" = o."id" AND m."userId" = app_current_user())
  ORDER BY o."createdAt", o."id";
END $$;

-- The keeper counts for the person; it reads who owns a row, never what is in it.
GRANT SELECT (visibility) ON agents TO agentry_keeper;
GRANT SELECT (organization_id, user_id, agent_user_id) ON conversations, agent_messages TO agentry_keeper;
CREATE POLICY conversations_keeper_select ON conversations FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY agent_messages_keeper_select ON agent_messages FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());

-- How many rows go with the acting user in each of their organisations: everything where the organisation goes, what is theirs
-- and what hangs on it elsewhere. It acts in one after the other, each of them theirs, and in their own again at the end.
CREATE FUNCTION my_deletion_rows()
RETURNS TABLE (organization_id text, agents bigint, shared_agents bigint, connections bigint, conversations bigint,
               foreign_conversations bigint, messages bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_me text := app_current_user();
  v_own text := app_current_org();
  v_one record;
BEGIN
  FOR v_one IN SELECT o.id, o.fate = 'goes' AS whole FROM my_deletion_organizations() o LOOP
    PERFORM set_config('app.current_org_id', v_one.id, true);
    RETURN QUERY
    SELECT v_one.id, a.everything, a.shared, c.everything, v.everything, v.of_others, m.everything
    FROM (SELECT count(*) AS everything, count(*) FILTER (WHERE visibility = 'organization' AND NOT v_one.whole) AS shared
          FROM agents WHERE organization_id = v_one.id AND (v_one.whole OR user_id = v_me)) a,
         (SELECT count(*) AS everything
          FROM api_connections WHERE organization_id = v_one.id AND (v_one.whole OR user_id = v_me)) c,
         (SELECT count(*) AS everything, count(*) FILTER (WHERE user_id <> v_me) AS of_others
          FROM conversations WHERE organization_id = v_one.id AND (v_one.whole OR user_id = v_me OR agent_user_id = v_me)) v,
         (SELECT count(*) AS everything
          FROM agent_messages WHERE organization_id = v_one.id AND (v_one.whole OR user_id = v_me OR agent_user_id = v_me)) m;
  END LOOP;
  PERFORM set_config('app.current_org_id', v_own, true);
END $$;
ALTER FUNCTION my_deletion_rows() OWNER TO agentry_keeper;

-- What goes of the account itself.
CREATE FUNCTION my_deletion_account()
RETURNS TABLE (has_password boolean, sessions bigint, api_keys bigint, invitations bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT
    EXISTS (SELECT FROM my_password()),
    (SELECT count(*) FROM "session" s WHERE s."userId" = app_current_user() AND s."expiresAt" > now()),
    (SELECT count(*) FROM "apikey" k WHERE k."userId" = app_current_user() OR k."referenceId" = app_current_user()),
    (SELECT count(*) FROM "invitation" i
     WHERE i."inviterId" = app_current_user() AND i."status" = 'pending' AND i."expiresAt" > now());
END $$;

-- Deletes the acting user and all that hangs on them. `p_password` is the hash that their word was compared with, NULL where there
-- is none: then only a session less than a day old will do, as better-auth has it. Answers 'ok', with the organisations
-- that went and those that stay, or what stands in the way.
CREATE FUNCTION my_account_delete(p_password text, p_session_id text)
RETURNS TABLE (status text, gone text[], kept text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_me text := app_current_user();
  v_all text[];
  v_gone text[];
  v_kept text[];
  v_hash text;
  v_email text;
BEGIN
  -- The organisations first, in one order for everyone, then the person: whoever stores a row holds its organisation while they
  -- wait for its user. Memberships are then as they are found until this ends, better-auth's doing included.
  SELECT coalesce(array_agg(o.id), '{}') INTO v_all FROM my_deletion_organizations() o;
  PERFORM FROM "organization" o WHERE o."id" = ANY (v_all) ORDER BY o."id" FOR NO KEY UPDATE;
  SELECT coalesce(array_agg(o.id), '{}') INTO v_gone FROM my_deletion_organizations() o WHERE o.fate = 'goes';
  PERFORM FROM "organization" o WHERE o."id" = ANY (v_gone) ORDER BY o."id" FOR UPDATE;
  PERFORM FROM "member" m WHERE m."organizationId" = ANY (v_all) ORDER BY m."id" FOR SHARE;
  SELECT u."email" INTO v_email FROM "user" u WHERE u."id" = v_me FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'gone', NULL::text[], NULL::text[]; RETURN; END IF;
  IF EXISTS (SELECT FROM my_deletion_organizations() o
             WHERE o.id <> ALL (v_all) OR (o.fate = 'goes') <> (o.id = ANY (v_gone))) THEN
    RAISE serialization_failure USING MESSAGE = 'the memberships changed meanwhile';
  END IF;

  SELECT p.password INTO v_hash FROM my_password() p;
  IF v_hash IS DISTINCT FROM p_password THEN
    RETURN QUERY SELECT 'password_changed', NULL::text[], NULL::text[]; RETURN;
  END IF;
  IF v_hash IS NULL AND NOT EXISTS (
    SELECT FROM "session" s WHERE s."id" = p_session_id AND s."userId" = v_me AND s."expiresAt" > now()
      AND s."createdAt" > now() - interval '1 day') THEN
    RETURN QUERY SELECT 'not_fresh', NULL::text[], NULL::text[]; RETURN;
  END IF;
  IF EXISTS (SELECT FROM my_deletion_organizations() o WHERE o.fate = 'blocks') THEN
    RETURN QUERY SELECT 'blocked', NULL::text[], NULL::text[]; RETURN;
  END IF;

  SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') INTO v_kept FROM my_deletion_organizations() o WHERE o.fate = 'stays';
  -- What was theirs alone and has another owner by now is an organisation like any other.
  UPDATE "organization" o SET personal_user_id = NULL WHERE o.personal_user_id = v_me AND o."id" = ANY (v_kept);
  UPDATE "session" s SET "activeOrganizationId" = NULL WHERE s."activeOrganizationId" = ANY (v_gone);
  DELETE FROM "organization" o WHERE o."id" = ANY (v_gone);
  -- These two refer to nothing: better-auth from 1.5 on names a key's owner in "referenceId", and a waiting change in "value".
  DELETE FROM "apikey" k WHERE k."referenceId" = v_me OR k."referenceId" = ANY (v_gone);
  DELETE FROM "verification" v WHERE v."value" = v_me OR v."identifier" = v_email;
  DELETE FROM "user" u WHERE u."id" = v_me;
  RETURN QUERY SELECT 'ok', v_gone, v_kept;
END $$;

REVOKE EXECUTE ON FUNCTION
  my_deletion_organizations(), my_deletion_rows(), my_deletion_account(), my_account_delete(text, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  my_deletion_organizations(), my_deletion_rows(), my_deletion_account(), my_account_delete(text, text)
TO agentry_app;
GRANT EXECUTE ON FUNCTION my_deletion_organizations() TO agentry_keeper;
