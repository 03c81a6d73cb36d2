-- Publishing: by owners and admins of the acting organisation, whose role is read anew.

-- Adds a version to a publisher's template of this slug, made now when there is none and the publisher has fewer than `p_most`. What is NULL
-- of the template stays as it is, what is empty goes. The very definition of the newest version makes no new one. `p_catalogs`:
-- slugs of other templates, as a JSON array; `p_references`: the types that those must bring. For the function
-- below, and for the owner, who publishes the templates that come with the program.
CREATE FUNCTION template_add(
  p_org text, p_id text, p_slug text, p_definition jsonb, p_capabilities jsonb, p_provides jsonb, p_checksum text, p_notes text,
  p_category text, p_icon text, p_bot_phone text, p_catalogs jsonb, p_references jsonb, p_most integer)
RETURNS TABLE (outcome text, template_id text, version integer)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_template templates%ROWTYPE;
  v_last template_versions%ROWTYPE;
  v_version integer;
  v_missing text;
BEGIN
  INSERT INTO templates (id, publisher_org_id, slug, name) VALUES (p_id, p_org, p_slug, p_definition ->> 'name')
  ON CONFLICT (slug) DO NOTHING;
  SELECT t.* INTO v_template FROM templates t WHERE t.slug = p_slug FOR NO KEY UPDATE;
  IF v_template.id IS NULL OR v_template.publisher_org_id <> p_org THEN
    RETURN QUERY SELECT 'slug_taken'::text, NULL::text, NULL::integer; RETURN;
  END IF;
  -- Whoever makes another one at the same time waits here, so a limit of n is never passed by two at once.
  IF v_template.id = p_id THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('templates:' || p_org, 0));
    IF (SELECT count(*) FROM templates t WHERE t.publisher_org_id = p_org) > p_most THEN
      DELETE FROM templates t WHERE t.id = p_id;
      RETURN QUERY SELECT 'templates_full'::text, NULL::text, NULL::integer; RETURN;
    END IF;
  END IF;
  SELECT c.slug INTO v_missing FROM jsonb_array_elements_text(p_catalogs) c (slug)
  WHERE NOT EXISTS (SELECT FROM template_shelf() s WHERE s.slug = c.slug AND s.id <> v_template.id AND s.version IS NOT NULL
                    AND (s.status IN ('published', 'unlisted') OR s.publisher_org_id = p_org)) LIMIT 1;
  IF v_missing IS NOT NULL THEN
    -- Nothing was published: the template that was made for it must not stay.
    IF v_template.id = p_id THEN DELETE FROM templates t WHERE t.id = p_id; END IF;
    RETURN QUERY SELECT 'no_such_catalog'::text, v_missing, NULL::integer; RETURN;
  END IF;
  SELECT r.value ->> 'slug' INTO v_missing FROM jsonb_array_elements(p_references) r
  WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(p_catalogs) c (slug) JOIN template_shelf() s ON s.slug = c.slug
                    JOIN template_types y ON y.template_id = s.id AND y.version = s.version
                     AND y.kind = r.value ->> 'kind' AND y.slug = r.value ->> 'slug') LIMIT 1;
  IF v_missing IS NOT NULL THEN
    IF v_template.id = p_id THEN DELETE FROM templates t WHERE t.id = p_id; END IF;
    RETURN QUERY SELECT 'no_such_type'::text, v_missing, NULL::integer; RETURN;
  END IF;
  SELECT v.* INTO v_last FROM template_versions v WHERE v.template_id = v_template.id ORDER BY v.version DESC LIMIT 1;
  IF v_last.checksum = p_checksum AND v_last.yanked_at IS NULL THEN
    v_version := v_last.version;
  ELSE
    v_version := coalesce(v_last.version, 0) + 1;
    INSERT INTO template_versions (template_id, version, publisher_org_id, definition, capabilities, provides, checksum, notes)
    VALUES (v_template.id, v_version, p_org, p_definition, p_capabilities, p_provides, p_checksum, p_notes);
    -- The id follows from the template and the slug, so it is the same in every version.
    INSERT INTO template_types (template_id, version, publisher_org_id, kind, slug, id)
    SELECT v_template.id, v_version, p_org, k.kind, s.slug,
           't' || substr(encode(sha256(convert_to(v_template.id || ':' || k.kind || ':' || s.slug, 'UTF8')), 'hex'), 1, 23)
    FROM (VALUES ('entity', 'entityTypes'), ('relationship', 'relationshipTypes')) k (kind, member)
    CROSS JOIN LATERAL jsonb_object_keys(coalesce(p_definition -> k.member, '{}')) s (slug);
    INSERT INTO template_catalogs (template_id, version, position, publisher_org_id, catalog_template_id, catalog_version)
    SELECT v_template.id, v_version, c.position, p_org, s.id, s.version
    FROM jsonb_array_elements_text(p_catalogs) WITH ORDINALITY c (slug, position) JOIN template_shelf() s ON s.slug = c.slug;
  END IF;
  UPDATE templates t
  SET name = p_definition ->> 'name', description = p_definition ->> 'description',
      category = CASE WHEN p_category IS NULL THEN t.category ELSE nullif(p_category, '') END,
      icon = CASE WHEN p_icon IS NULL THEN t.icon ELSE nullif(p_icon, '') END,
      bot_phone = CASE WHEN p_bot_phone IS NULL THEN t.bot_phone ELSE nullif(p_bot_phone, '') END
  WHERE t.id = v_template.id;
  RETURN QUERY SELECT 'ok'::text, v_template.id, v_version;
END $$;

-- The same for the acting organisation.
CREATE FUNCTION template_publish(
  p_id text, p_slug text, p_definition jsonb, p_capabilities jsonb, p_provides jsonb, p_checksum text, p_notes text,
  p_category text, p_icon text, p_bot_phone text, p_catalogs jsonb, p_references jsonb, p_most integer)
RETURNS TABLE (outcome text, template_id text, version integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_acting_role();
BEGIN
  IF v_role IS NULL THEN RETURN QUERY SELECT 'gone'::text, NULL::text, NULL::integer; RETURN; END IF;
  IF v_role = 'member' THEN RETURN QUERY SELECT 'admins_only'::text, NULL::text, NULL::integer; RETURN; END IF;
  RETURN QUERY SELECT a.* FROM template_add(app_current_org(), p_id, p_slug, p_definition, p_capabilities, p_provides, p_checksum,
    p_notes, p_category, p_icon, p_bot_phone, p_catalogs, p_references, p_most) a;
END $$;

CREATE FUNCTION template_set_status(p_template text, p_status text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_acting_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF NOT EXISTS (SELECT FROM templates t WHERE t.id = p_template AND t.publisher_org_id = app_current_org()) THEN
    RETURN 'no_such_template';
  END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  UPDATE templates t SET status = p_status,
    first_published_at = CASE WHEN p_status IN ('published', 'unlisted') THEN coalesce(t.first_published_at, now_ms()) ELSE t.first_published_at END
  WHERE t.id = p_template;
  RETURN 'ok';
END $$;

-- A yanked version is not given to new installs, nor to those that follow the newest while there is another.
CREATE FUNCTION template_yank(p_template text, p_version integer, p_yanked boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_role text := org_acting_role();
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF NOT EXISTS (SELECT FROM template_versions v WHERE v.template_id = p_template AND v.version = p_version
                 AND v.publisher_org_id = app_current_org()) THEN
    RETURN 'no_such_template';
  END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  UPDATE template_versions v SET yanked_at = CASE WHEN p_yanked THEN coalesce(v.yanked_at, now_ms()) END
  WHERE v.template_id = p_template AND v.version = p_version;
  RETURN 'ok';
END $$;

-- A draft that nobody could ever have installed goes, with its versions; its slug is free again. Whose types another template uses is
-- held by the reference to it.
CREATE FUNCTION template_delete(p_template text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_acting_role();
  v_published timestamptz;
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  SELECT t.first_published_at INTO v_published FROM templates t
  WHERE t.id = p_template AND t.publisher_org_id = app_current_org() FOR UPDATE;
  IF NOT FOUND THEN RETURN 'no_such_template'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  IF v_published IS NOT NULL THEN RETURN 'was_published'; END IF;
  DELETE FROM templates t WHERE t.id = p_template;
  RETURN 'ok';
END $$;

REVOKE EXECUTE ON FUNCTION
  template_add(text, text, text, jsonb, jsonb, jsonb, text, text, text, text, text, jsonb, jsonb, integer),
  template_publish(text, text, jsonb, jsonb, jsonb, text, text, text, text, text, jsonb, jsonb, integer),
  template_set_status(text, text), template_yank(text, integer, boolean), template_delete(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  template_publish(text, text, jsonb, jsonb, jsonb, text, text, text, text, text, jsonb, jsonb, integer),
  template_set_status(text, text), template_yank(text, integer, boolean), template_delete(text)
TO agentry_app;
