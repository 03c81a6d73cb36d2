-- Two doors, one behind the other: what the service may call runs as the keeper, whom row security binds to the installs of the
-- acting organisation, and asks functions for the publisher's rows that only the keeper may call.

-- JSON Merge Patch (RFC 7396): the one place where an install's overrides meet the version's definition.
CREATE FUNCTION template_merge(p_base jsonb, p_patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_base jsonb := CASE WHEN jsonb_typeof(p_base) = 'object' THEN p_base ELSE '{}'::jsonb END;
BEGIN
  IF jsonb_typeof(p_patch) <> 'object' THEN RETURN p_patch; END IF;
  IF p_patch = '{}' THEN RETURN v_base; END IF;
  -- Each member once: building the result member by member would copy it as often as there are members.
  RETURN (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}') FROM (
    SELECT b.key, b.value FROM jsonb_each(v_base) b WHERE NOT p_patch ? b.key
    UNION ALL
    SELECT p.key, CASE WHEN jsonb_typeof(p.value) = 'object' THEN template_merge(v_base -> p.key, p.value) ELSE p.value END
    FROM jsonb_each(p_patch) p WHERE p.value <> 'null') m);
END $$;

-- A version's definition under the overrides of an install. Those of watchers and classifiers that this version does not have wait
-- for one that does.
CREATE FUNCTION template_overlay(p_definition jsonb, p_overrides jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_overrides jsonb := p_overrides;
  v_part text;
  v_entries jsonb;
BEGIN
  FOREACH v_part IN ARRAY ARRAY['watchers', 'classifiers'] LOOP
    IF p_overrides ? v_part THEN
      SELECT jsonb_object_agg(e.key, e.value) INTO v_entries FROM jsonb_each(p_overrides -> v_part) e
      WHERE p_definition -> v_part ? e.key;
      v_overrides := v_overrides - v_part;
      IF v_entries IS NOT NULL THEN v_overrides := v_overrides || jsonb_build_object(v_part, v_entries); END IF;
    END IF;
  END LOOP;
  RETURN template_merge(p_definition, v_overrides);
END $$;

-- The version that an install shows: the pinned one, else the newest that asks for no more than was granted; where all are yanked,
-- the one that was last. With the agent's part of it.
CREATE FUNCTION template_agent(p_template text, p_pinned integer, p_granted jsonb)
RETURNS TABLE (version integer, agent jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT v.version, v.agent FROM template_versions v
  WHERE v.template_id = p_template
    AND CASE WHEN p_pinned IS NULL THEN p_granted @> v.capabilities ELSE v.version = p_pinned END
  ORDER BY v.yanked_at DESC NULLS FIRST, v.version DESC LIMIT 1;
END $$;

CREATE FUNCTION template_state(p_template text, p_pinned integer, p_granted jsonb)
RETURNS TABLE (version integer, agent jsonb, capabilities jsonb, provides jsonb, latest integer, latest_capabilities jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT v.version, e.agent, v.capabilities, v.provides, l.version, l.capabilities
  FROM template_agent(p_template, p_pinned, p_granted) e
  JOIN template_versions v ON v.template_id = p_template AND v.version = e.version
  LEFT JOIN LATERAL (SELECT l.* FROM template_versions l WHERE l.template_id = p_template AND l.yanked_at IS NULL
                     ORDER BY l.version DESC LIMIT 1) l ON true;
END $$;

CREATE FUNCTION template_definition(p_template text, p_version integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT v.definition FROM template_versions v WHERE v.template_id = p_template AND v.version = p_version);
END $$;

-- A version and its catalogs, in the order in which their types are searched.
CREATE FUNCTION template_sources(p_template text, p_version integer) RETURNS TABLE (template_id text, version integer, place integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT p_template, p_version, 0
  UNION ALL SELECT c.catalog_template_id, c.catalog_version, c.position FROM template_catalogs c
  WHERE c.template_id = p_template AND c.version = p_version;
END $$;

-- What the slugs of types mean inside a version: {slug: id}, its own before those of its catalogs.
CREATE FUNCTION template_type_ids(p_template text, p_version integer, p_kind text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(y.slug, y.id ORDER BY s.place DESC), '{}')
          FROM template_sources(p_template, p_version) s
          JOIN template_types y ON y.template_id = s.template_id AND y.version = s.version AND y.kind = p_kind);
END $$;

-- A type as it is told: what a relationship leads from and to, and its inverse, by the ids that their slugs mean where it stands.
CREATE FUNCTION template_type_body(p_body jsonb, p_things jsonb, p_relationships jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF p_things IS NULL THEN RETURN p_body; END IF;
  RETURN p_body || jsonb_strip_nulls(jsonb_build_object(
    'fromTypeIds', (SELECT jsonb_agg(p_things -> s) FROM jsonb_array_elements_text(p_body -> 'from') s WHERE p_things ? s),
    'toTypeIds', (SELECT jsonb_agg(p_things -> s) FROM jsonb_array_elements_text(p_body -> 'to') s WHERE p_things ? s),
    'inverseTypeId', p_relationships -> (p_body ->> 'inverse')));
END $$;

-- The types that a version brings: its own, then those of its catalogs.
CREATE FUNCTION template_vocabulary(p_template text, p_version integer, p_kind text, p_slug text)
RETURNS TABLE (id text, slug text, catalog text, body jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT y.id, y.slug, t.slug, template_type_body(b.value, n.things, n.relationships)
  FROM template_sources(p_template, p_version) s
  JOIN templates t ON t.id = s.template_id
  JOIN template_versions v ON v.template_id = s.template_id AND v.version = s.version
  CROSS JOIN LATERAL (SELECT
    CASE WHEN p_kind = 'relationship' THEN template_type_ids(s.template_id, s.version, 'entity') END AS things,
    CASE WHEN p_kind = 'relationship' THEN template_type_ids(s.template_id, s.version, 'relationship') END AS relationships) n
  CROSS JOIN LATERAL jsonb_each(v.definition -> CASE p_kind WHEN 'entity' THEN 'entityTypes' ELSE 'relationshipTypes' END) b
  JOIN template_types y ON y.template_id = s.template_id AND y.version = s.version AND y.kind = p_kind AND y.slug = b.key
  WHERE p_slug IS NULL OR b.key = p_slug;
END $$;

-- The types of these ids, once for each version that brings them, by itself or by a catalog.
CREATE FUNCTION template_types_of(p_ids text[])
RETURNS TABLE (id text, kind text, slug text, template_id text, version integer, by_template_id text, by_version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT y.id, y.kind, y.slug, y.template_id, y.version, u.template_id, u.version
  FROM template_types y
  CROSS JOIN LATERAL (
    SELECT y.template_id, y.version
    UNION ALL SELECT c.template_id, c.version FROM template_catalogs c
    WHERE c.catalog_template_id = y.template_id AND c.catalog_version = y.version) u
  WHERE y.id = ANY (p_ids);
END $$;

CREATE FUNCTION template_type(p_template text, p_version integer, p_kind text, p_slug text) RETURNS TABLE (catalog text, body jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT y.catalog, y.body FROM template_vocabulary(p_template, p_version, p_kind, p_slug) y
  JOIN templates t ON t.id = p_template AND t.slug = y.catalog;
END $$;

CREATE FUNCTION template_cards(p_ids text[]) RETURNS SETOF template_card
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT s.* FROM template_shelf() s WHERE s.id = ANY (p_ids);
END $$;

-- What an installed agent is made of now: {"version": …, "agent": {…}}.
CREATE FUNCTION agent_effective(p_agent text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('version', e.version, 'agent', template_merge(e.agent, coalesce(i.overrides -> 'agent', '{}')))
          FROM template_installs i
          CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
          WHERE i.organization_id = app_current_org() AND i.agent_id = p_agent);
END $$;

CREATE FUNCTION template_install_states(p_ids text[])
RETURNS TABLE (id text, version integer, model text, capabilities jsonb, provides jsonb, latest integer, latest_capabilities jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT i.id, e.version, template_merge(e.agent, coalesce(i.overrides -> 'agent', '{}')) ->> 'model',
    e.capabilities, e.provides, e.latest, e.latest_capabilities
  FROM template_installs i
  CROSS JOIN LATERAL template_state(i.template_id, i.pinned_version, i.granted_capabilities) e
  WHERE i.organization_id = app_current_org() AND i.id = ANY (p_ids);
END $$;

-- A version's definition as it would be under these overrides; NULL: those of the install, and its own version.
CREATE FUNCTION template_install_definition(p_install text, p_version integer, p_overrides jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT template_overlay(template_definition(i.template_id, coalesce(p_version, e.version)), coalesce(p_overrides, i.overrides))
          FROM template_installs i
          CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
          WHERE i.organization_id = app_current_org() AND i.id = p_install);
END $$;

-- The whole definitions of these installs, as they are now.
CREATE FUNCTION template_install_definitions(p_ids text[]) RETURNS TABLE (id text, definition jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT i.id, template_overlay(template_definition(i.template_id, e.version), i.overrides)
  FROM template_installs i
  CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
  WHERE i.organization_id = app_current_org() AND i.id = ANY (p_ids);
END $$;

-- The watchers and classifiers of these installs as they are now, and what the slugs of types in them mean.
CREATE FUNCTION template_install_parts(p_ids text[]) RETURNS TABLE (id text, watchers jsonb, classifiers jsonb, types jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT i.id, d.definition -> 'watchers', d.definition -> 'classifiers', template_type_ids(i.template_id, e.version, 'entity')
  FROM template_installs i
  CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
  CROSS JOIN LATERAL (SELECT template_overlay(template_definition(i.template_id, e.version), i.overrides) AS definition) d
  WHERE i.organization_id = app_current_org() AND i.id = ANY (p_ids);
END $$;

CREATE FUNCTION template_pick(p_template text, p_version integer) RETURNS TABLE (version integer, capabilities jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT v.version, v.capabilities FROM template_versions v
  WHERE v.template_id = p_template AND v.yanked_at IS NULL AND (p_version IS NULL OR v.version = p_version)
  ORDER BY v.version DESC LIMIT 1;
END $$;

-- The version that an install can go to, with what it asks for; NULL is the newest. A yanked one is none.
CREATE FUNCTION template_install_version(p_install text, p_version integer) RETURNS TABLE (version integer, capabilities jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT p.version, p.capabilities FROM template_installs i
  CROSS JOIN LATERAL template_pick(i.template_id, p_version) p
  WHERE i.organization_id = app_current_org() AND i.id = p_install;
END $$;

-- The cards of templates that are, or were, installed here, whatever became of them.
CREATE FUNCTION template_installed(p_ids text[]) RETURNS SETOF template_card
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT c.* FROM template_cards(ARRAY(
    SELECT i.template_id FROM template_installs i
    WHERE i.organization_id = app_current_org() AND i.template_id = ANY (p_ids))) c;
END $$;

-- The types that the live installs of the acting organisation bring. One brought by two of them is there once.
CREATE FUNCTION template_types_seen(p_kind text, p_slug text)
RETURNS TABLE (id text, slug text, catalog text, body jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT DISTINCT ON (y.id) y.id, y.slug, y.catalog, y.body
  FROM template_installs i
  CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
  CROSS JOIN LATERAL template_vocabulary(i.template_id, e.version, p_kind, p_slug) y
  WHERE i.organization_id = app_current_org() AND i.uninstalled_at IS NULL
  ORDER BY y.id, i.created_at DESC;
END $$;

-- The types of these ids that installs of the acting organisation bring or, since ended, brought.
CREATE FUNCTION template_types_by_id(p_ids text[])
RETURNS TABLE (kind text, id text, slug text, catalog text, body jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH brought AS MATERIALIZED (
    SELECT DISTINCT ON (y.id) y.*
    FROM template_types_of(p_ids) y
    JOIN template_installs i ON i.organization_id = app_current_org() AND i.template_id = y.by_template_id
    CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
    WHERE e.version = y.by_version
    ORDER BY y.id, (i.uninstalled_at IS NULL) DESC, i.created_at DESC)
  SELECT y.kind, y.id, y.slug, b.catalog, b.body
  FROM brought y CROSS JOIN LATERAL template_type(y.template_id, y.version, y.kind, y.slug) b;
END $$;

CREATE FUNCTION template_version_slugs(p_template text, p_version integer) RETURNS TABLE (kind text, slug text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT y.kind, y.slug FROM template_types y WHERE y.template_id = p_template AND y.version = p_version;
END $$;

-- The slugs of the types that live installs of other templates than this one bring.
CREATE FUNCTION template_slugs_installed(p_template text) RETURNS TABLE (kind text, slug text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT DISTINCT y.kind, y.slug FROM template_installs i
  CROSS JOIN LATERAL template_agent(i.template_id, i.pinned_version, i.granted_capabilities) e
  CROSS JOIN LATERAL template_version_slugs(i.template_id, e.version) y
  WHERE i.organization_id = app_current_org() AND i.uninstalled_at IS NULL AND i.template_id <> p_template;
END $$;

-- By how many organisations each of these is installed, of the templates of the acting one.
CREATE FUNCTION template_install_counts(p_templates text[]) RETURNS TABLE (id text, installs bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT t.id, (SELECT count(*) FROM template_uses u WHERE u.template_id = t.id)
  FROM templates t WHERE t.id = ANY (p_templates) AND t.publisher_org_id = app_current_org();
END $$;

ALTER FUNCTION agent_effective(text) OWNER TO agentry_keeper;
ALTER FUNCTION template_install_states(text[]) OWNER TO agentry_keeper;
ALTER FUNCTION template_install_definition(text, integer, jsonb) OWNER TO agentry_keeper;
ALTER FUNCTION template_install_definitions(text[]) OWNER TO agentry_keeper;
ALTER FUNCTION template_install_parts(text[]) OWNER TO agentry_keeper;
ALTER FUNCTION template_types_by_id(text[]) OWNER TO agentry_keeper;
ALTER FUNCTION template_install_version(text, integer) OWNER TO agentry_keeper;
ALTER FUNCTION template_installed(text[]) OWNER TO agentry_keeper;
ALTER FUNCTION template_types_seen(text, text) OWNER TO agentry_keeper;
ALTER FUNCTION template_slugs_installed(text) OWNER TO agentry_keeper;

REVOKE EXECUTE ON FUNCTION
  template_merge(jsonb, jsonb), template_overlay(jsonb, jsonb), template_sources(text, integer), template_type_ids(text, integer, text),
  template_type_body(jsonb, jsonb, jsonb), template_types_of(text[]), template_type(text, integer, text, text), template_agent(text, integer, jsonb), template_state(text, integer, jsonb),
  template_definition(text, integer), template_vocabulary(text, integer, text, text), template_cards(text[]),
  agent_effective(text), template_install_states(text[]), template_install_definitions(text[]), template_install_parts(text[]),
  template_types_by_id(text[]), template_install_definition(text, integer, jsonb),
  template_installed(text[]), template_types_seen(text, text), template_install_counts(text[]),
  template_version_slugs(text, integer), template_slugs_installed(text), template_pick(text, integer),
  template_install_version(text, integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  template_merge(jsonb, jsonb), template_overlay(jsonb, jsonb), template_type_ids(text, integer, text),
  template_types_of(text[]), template_type(text, integer, text, text), template_agent(text, integer, jsonb), template_state(text, integer, jsonb),
  template_definition(text, integer), template_vocabulary(text, integer, text, text), template_cards(text[]),
  template_version_slugs(text, integer), template_pick(text, integer)
TO agentry_keeper;
GRANT EXECUTE ON FUNCTION
  agent_effective(text), template_install_states(text[]), template_install_definitions(text[]), template_install_parts(text[]),
  template_types_by_id(text[]), template_install_definition(text, integer, jsonb),
  template_installed(text[]), template_types_seen(text, text), template_install_counts(text[]),
  template_slugs_installed(text), template_install_version(text, integer)
TO agentry_app;
