-- Keys for workers, and the note that a connection was used.
GRANT SELECT (agent_id) ON runs TO agentry_keeper;
GRANT SELECT (metadata, last_used_at), UPDATE (last_used_at) ON api_connections TO agentry_keeper;

-- One of the connections linked to the agent of a run of the acting user's, for the worker that holds the run, whoever owns the
-- connection: an agent that is shared answers by its owner's keys. The key is sealed. That it is used is noted once a minute.
CREATE FUNCTION run_connection(p_worker text, p_run_id text, p_connection_id text)
RETURNS TABLE (id text, service text, api_key text, base_url text, metadata jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM runs r
  JOIN agent_api_connections l ON l.organization_id = r.organization_id AND l.agent_id = r.agent_id
  WHERE r.organization_id = app_current_org() AND r.id = p_run_id AND r.user_id = app_current_user()
    AND l.api_connection_id = p_connection_id
    AND EXISTS (SELECT FROM run_leases e WHERE e.run_id = r.id AND e.tenant = r.organization_id AND e.worker = p_worker);
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE api_connections c SET last_used_at = date_trunc('milliseconds', clock_timestamp())
  WHERE c.organization_id = app_current_org() AND c.id = p_connection_id
    AND (c.last_used_at IS NULL OR c.last_used_at < clock_timestamp() - interval '1 minute');
  RETURN QUERY SELECT c.id, c.service, c.api_key, c.base_url, c.metadata
  FROM api_connections c WHERE c.organization_id = app_current_org() AND c.id = p_connection_id;
END $$;
ALTER FUNCTION run_connection(text, text, text) OWNER TO agentry_keeper;

-- Notes that the acting user tried a connection that they may see.
CREATE FUNCTION api_connection_used(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE api_connections c SET last_used_at = date_trunc('milliseconds', clock_timestamp())
  WHERE c.organization_id = app_current_org() AND c.id = p_id
    AND (c.user_id = app_current_user() OR c.visibility = 'organization')
    AND (c.last_used_at IS NULL OR c.last_used_at < clock_timestamp() - interval '1 minute');
END $$;
ALTER FUNCTION api_connection_used(text) OWNER TO agentry_keeper;

-- Being used does not change a connection. It comes after the trigger that keeps updated_at, by its name.
CREATE FUNCTION keep_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := OLD.updated_at;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION keep_updated_at() FROM PUBLIC;
CREATE TRIGGER api_connections_used BEFORE UPDATE OF last_used_at ON api_connections
  FOR EACH ROW EXECUTE FUNCTION keep_updated_at();

REVOKE EXECUTE ON FUNCTION run_connection(text, text, text), api_connection_used(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION run_connection(text, text, text), api_connection_used(text) TO agentry_app;
