//! Reading an installed agent: one function behind the other instead of three.

crate::sql_migration!("m0045_effective_agents");

const UP: &str = "
-- What `template_agent` picks, under this patch (NULL: none), as one value: a table that a function returns is stored and read again.
-- Its caller has said by its settings how to plan.
CREATE FUNCTION template_shown(p_template text, p_pinned integer, p_granted jsonb, p_patch jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('version', v.version, 'agent',
            CASE WHEN p_patch IS NULL AND jsonb_typeof(v.agent) = 'object' THEN v.agent
                 ELSE template_merge(v.agent, coalesce(p_patch, '{}')) END)
          FROM template_versions v
          WHERE v.template_id = p_template
            AND CASE WHEN p_pinned IS NULL THEN p_granted @> v.capabilities ELSE v.version = p_pinned END
          ORDER BY v.yanked_at DESC NULLS FIRST, v.version DESC LIMIT 1);
END $$;
REVOKE EXECUTE ON FUNCTION template_shown(text, integer, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION template_shown(text, integer, jsonb, jsonb) TO agentry_keeper;

CREATE OR REPLACE FUNCTION agent_effective(p_agent text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (SELECT template_shown(i.template_id, i.pinned_version, i.granted_capabilities, i.overrides -> 'agent')
          FROM template_installs i WHERE i.organization_id = app_current_org() AND i.agent_id = p_agent);
END $$;
";

const DOWN: &str = "
CREATE OR REPLACE FUNCTION agent_effective(p_agent text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('version', e.version, 'agent', template_merge(e.agent, coalesce(i.overrides -> 'agent', '{}')))
          FROM template_installs i
          CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
          WHERE i.organization_id = app_current_org() AND i.agent_id = p_agent);
END $$;
DROP FUNCTION template_shown(text, integer, jsonb, jsonb);
";
