-- What anyone may know of a template, with its newest version that is not yanked; none, when all are.
CREATE TYPE template_card AS (
  id text, slug text, status text, name text, description text, category text, icon text, bot_phone text,
  created_at timestamptz, updated_at timestamptz, publisher_org_id text, publisher_name text, publisher_slug text,
  version integer, capabilities jsonb, provides jsonb, notes text, published_at timestamptz);

-- For the functions below, not for the service.
CREATE FUNCTION template_shelf() RETURNS SETOF template_card LANGUAGE sql STABLE AS $$
  SELECT t.id, t.slug, t.status, t.name, t.description, t.category, t.icon, t.bot_phone, t.created_at, t.updated_at,
         t.publisher_org_id, o."name", o."slug", v.version, v.capabilities, v.provides, v.notes, v.published_at
  FROM public.templates t
  JOIN public."organization" o ON o."id" = t.publisher_org_id
  LEFT JOIN LATERAL (SELECT v.* FROM public.template_versions v WHERE v.template_id = t.id AND v.yanked_at IS NULL
                     ORDER BY v.version DESC LIMIT 1) v ON true
$$;

-- The published templates by name, those after one place and before another, so many from the one end or, `p_backwards`, the other.
CREATE FUNCTION template_catalogue(
  p_search text, p_category text, p_after_name text, p_after_id text, p_before_name text, p_before_id text, p_backwards boolean,
  p_limit integer)
RETURNS SETOF template_card LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF p_backwards THEN
    RETURN QUERY SELECT s.* FROM template_shelf() s
    WHERE s.status = 'published' AND s.version IS NOT NULL
      AND (p_search IS NULL OR s.name ILIKE p_search OR s.description ILIKE p_search)
      AND (p_category IS NULL OR s.category = p_category)
      AND (p_after_id IS NULL OR (s.name, s.id) > (p_after_name, p_after_id))
      AND (p_before_id IS NULL OR (s.name, s.id) < (p_before_name, p_before_id))
    ORDER BY s.name DESC, s.id DESC LIMIT p_limit;
  ELSE
    RETURN QUERY SELECT s.* FROM template_shelf() s
    WHERE s.status = 'published' AND s.version IS NOT NULL
      AND (p_search IS NULL OR s.name ILIKE p_search OR s.description ILIKE p_search)
      AND (p_category IS NULL OR s.category = p_category)
      AND (p_after_id IS NULL OR (s.name, s.id) > (p_after_name, p_after_id))
      AND (p_before_id IS NULL OR (s.name, s.id) < (p_before_name, p_before_id))
    ORDER BY s.name, s.id LIMIT p_limit;
  END IF;
END $$;

-- Whether whoever acts is of this publisher: a member, or the organisation itself by a key of its own.
CREATE FUNCTION template_is_own(p_publisher text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN CASE WHEN p_publisher = app_current_org() THEN org_acting_role() ELSE org_role_of(p_publisher, app_current_user()) END IS NOT NULL;
END $$;

-- One template by slug or id: to everyone while it is published or unlisted, to a member of its publisher always. Whatever else is
-- missing, and looks the same.
CREATE FUNCTION template_find(p_slug text, p_id text) RETURNS SETOF template_card
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT s.* FROM template_shelf() s
  WHERE (s.slug = p_slug OR s.id = p_id)
    AND ((s.status IN ('published', 'unlisted') AND s.version IS NOT NULL) OR template_is_own(s.publisher_org_id));
END $$;

-- Those of these ids, as above; and those that are, or were, installed in the acting organisation come through `template_installed`.
CREATE FUNCTION template_find_many(p_ids text[]) RETURNS SETOF template_card
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT s.* FROM template_shelf() s
  WHERE s.id = ANY (p_ids)
    AND ((s.status IN ('published', 'unlisted') AND s.version IS NOT NULL) OR template_is_own(s.publisher_org_id));
END $$;

-- A version that may be installed: its capabilities and what it provides. Of a template that is to be had, or of one's own.
CREATE FUNCTION template_version_of(p_template text, p_version integer)
RETURNS TABLE (version integer, agent jsonb, name text, capabilities jsonb, provides jsonb, yanked boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT v.version, v.agent, v.definition ->> 'name', v.capabilities, v.provides, v.yanked_at IS NOT NULL
  FROM template_versions v JOIN templates t ON t.id = v.template_id
  WHERE v.template_id = p_template AND v.version = p_version
    AND (t.status IN ('published', 'unlisted') OR t.publisher_org_id = app_current_org());
END $$;

-- Which of these slugs are those of a version's types, for whoever is about to install it. What it costs depends on the slugs asked
-- for, not on how many types the version has.
CREATE FUNCTION template_slugs(p_template text, p_version integer, p_slugs text[]) RETURNS TABLE (kind text, slug text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF cardinality(p_slugs) = 0 THEN RETURN; END IF;
  RETURN QUERY SELECT y.kind, y.slug FROM template_types y JOIN templates t ON t.id = y.template_id
  WHERE y.template_id = p_template AND y.version = p_version AND y.kind IN ('entity', 'relationship') AND y.slug = ANY (p_slugs)
    AND t.status <> 'draft';
END $$;

REVOKE EXECUTE ON FUNCTION template_is_own(text), template_shelf(), template_catalogue(text, text, text, text, text, text, boolean, integer), template_find(text, text), template_find_many(text[]),
  template_version_of(text, integer), template_slugs(text, integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION template_catalogue(text, text, text, text, text, text, boolean, integer), template_find(text, text), template_find_many(text[]),
  template_version_of(text, integer), template_slugs(text, integer, text[]) TO agentry_app;
