-- What an agent may be served by, in the order it was linked, for whoever may see the agent: a shared agent answers for colleagues
-- over connections of its owner's that are none of theirs to see. No key, no name and no address of them is told.
GRANT SELECT (api_connection_id, created_at, id) ON agent_api_connections TO agentry_keeper;
GRANT SELECT (service, base_url) ON api_connections TO agentry_keeper;
CREATE FUNCTION agent_services(p_agent_id text) RETURNS TABLE (api_connection_id text, service text, has_base_url boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT l.api_connection_id, c.service, c.base_url IS NOT NULL
  FROM agents a
  JOIN agent_api_connections l ON l.organization_id = a.organization_id AND l.agent_id = a.id
  JOIN api_connections c ON c.organization_id = l.organization_id AND c.id = l.api_connection_id
  WHERE a.organization_id = app_current_org() AND a.id = p_agent_id
    AND (a.user_id = app_current_user() OR a.visibility = 'organization' OR app_current_org_role() IN ('owner', 'admin'))
  ORDER BY l.created_at, l.id;
END $$;
ALTER FUNCTION agent_services(text) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION agent_services(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent_services(text) TO agentry_app;
