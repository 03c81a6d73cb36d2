-- What somebody said to an agent stays theirs when the agent goes to somebody else: such a conversation is withheld from
-- whoever owns the agent later. Copied onto messages and feedback by reference, as the owner is.
ALTER TABLE conversations ADD COLUMN withheld boolean NOT NULL DEFAULT false;
ALTER TABLE agent_messages ADD COLUMN withheld boolean NOT NULL DEFAULT false;
ALTER TABLE agent_feedback ADD COLUMN withheld boolean NOT NULL DEFAULT false;
ALTER TABLE conversations ADD CONSTRAINT conversations_copied_key
  UNIQUE (organization_id, id, agent_id, agent_user_id, user_id, withheld);
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_conversation_fkey;
ALTER TABLE agent_feedback DROP CONSTRAINT agent_feedback_conversation_fkey;
ALTER TABLE conversations DROP CONSTRAINT conversations_organization_id_id_agent_id_agent_user_id_use_key;
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_conversation_fkey
  FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, user_id, withheld)
  REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id, withheld) ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE agent_feedback ADD CONSTRAINT agent_feedback_conversation_fkey
  FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, conversation_user_id, withheld)
  REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id, withheld) ON DELETE CASCADE ON UPDATE CASCADE;

ALTER POLICY conversations_select ON conversations
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld)));
ALTER POLICY agent_messages_select ON agent_messages
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld)));
ALTER POLICY agent_feedback_select ON agent_feedback
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld)));
ALTER POLICY agent_feedback_insert ON agent_feedback
  WITH CHECK (organization_id = app_current_org() AND (user_id = app_current_user()
              AND (conversation_user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld))));
-- Nobody begins one that way.
ALTER POLICY conversations_insert ON conversations
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user() AND NOT withheld);

GRANT SELECT (agent_id, withheld), UPDATE (withheld) ON conversations TO agentry_keeper;
CREATE POLICY conversations_keeper_update ON conversations FOR UPDATE TO agentry_keeper
  USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());

-- Who is a member of the acting organisation.
CREATE FUNCTION auth_colleagues() RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT DISTINCT m."userId" FROM "member" m WHERE m."organizationId" = app_current_org();
END $$;
REVOKE EXECUTE ON FUNCTION auth_colleagues() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_colleagues() TO agentry_app, agentry_keeper;

-- Hands agents to a colleague; the caller holds them locked, so no conversation begins meanwhile. How many links ended: those
-- to private connections that the new owner may not use. What their owner until now said to them is withheld, and what
-- those said who have left; conversations of colleagues follow, as all copies of the owner do, by reference.
CREATE FUNCTION agents_hand_over(p_agent_ids text[], p_new_owner text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_members text[] := ARRAY(SELECT auth_colleagues());
  v_ended bigint;
BEGIN
  DELETE FROM agent_api_connections WHERE organization_id = app_current_org() AND agent_id = ANY (p_agent_ids)
    AND connection_visibility = 'private' AND connection_user_id <> p_new_owner;
  GET DIAGNOSTICS v_ended = ROW_COUNT;
  UPDATE conversations SET withheld = true
  WHERE organization_id = app_current_org() AND agent_id = ANY (p_agent_ids) AND NOT withheld
    AND user_id <> p_new_owner AND (user_id = agent_user_id OR user_id <> ALL (v_members));
  UPDATE agents SET user_id = p_new_owner WHERE organization_id = app_current_org() AND id = ANY (p_agent_ids);
  RETURN v_ended;
END $$;
REVOKE EXECUTE ON FUNCTION agents_hand_over(text[], text) FROM PUBLIC;
ALTER FUNCTION agents_hand_over(text[], text) OWNER TO agentry_keeper;

-- Hands one agent to a colleague: 'done', 'missing' (or not writable by the caller, which looks the same) or
-- 'not_a_colleague'. An UPDATE under the caller's policies could not, since the row leaves what its writer may write.
DROP FUNCTION agent_transfer(text, text);
CREATE FUNCTION agent_transfer(p_agent_id text, p_new_owner text) RETURNS TABLE (status text, ended_links bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM agents WHERE organization_id = app_current_org() AND id = p_agent_id
    AND (user_id = app_current_user() OR app_current_org_role() IN ('owner', 'admin')) FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'missing', 0::bigint; RETURN; END IF;
  IF NOT auth_is_colleague(p_new_owner) THEN RETURN QUERY SELECT 'not_a_colleague', 0::bigint; RETURN; END IF;
  RETURN QUERY SELECT 'done', agents_hand_over(ARRAY[p_agent_id], p_new_owner);
END $$;
ALTER FUNCTION agent_transfer(text, text) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agent_transfer(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent_transfer(text, text) TO agentry_app;

-- Hands all agents of somebody who has left to a colleague, for owners and admins: 'done', 'admins_only', 'still_a_member',
-- 'not_a_colleague', or 'nothing' where they left none.
CREATE FUNCTION agents_take_over(p_former_owner text, p_new_owner text)
RETURNS TABLE (status text, agent_ids text[], ended_links bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_ids text[];
BEGIN
  status := CASE WHEN app_current_org_role() IN ('owner', 'admin') IS NOT TRUE THEN 'admins_only'
                 WHEN auth_is_colleague(p_former_owner) THEN 'still_a_member'
                 WHEN NOT auth_is_colleague(p_new_owner) THEN 'not_a_colleague' END;
  IF status IS NOT NULL THEN RETURN NEXT; RETURN; END IF;
  v_ids := ARRAY(SELECT id FROM agents WHERE organization_id = app_current_org() AND user_id = p_former_owner ORDER BY id FOR UPDATE);
  IF v_ids = '{}' THEN status := 'nothing'; RETURN NEXT; RETURN; END IF;
  status := 'done';
  agent_ids := v_ids;
  ended_links := agents_hand_over(v_ids, p_new_owner);
  RETURN NEXT;
END $$;
ALTER FUNCTION agents_take_over(text, text) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agents_take_over(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agents_take_over(text, text) TO agentry_app;
