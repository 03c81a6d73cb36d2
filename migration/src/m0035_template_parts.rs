//! What a version brings, by name, for whoever looks at its page.

crate::sql_migration!("m0035_template_parts");

const UP: &str = "
-- The names of what a version brings, so many of each kind: of a template that is to be had by everyone.
CREATE FUNCTION template_parts(p_template text, p_version integer, p_most integer) RETURNS TABLE (kind text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT k.kind, p.name
  FROM template_versions v
  JOIN templates t ON t.id = v.template_id
  CROSS JOIN (VALUES ('entity', 'entityTypes'), ('relationship', 'relationshipTypes'), ('watcher', 'watchers'),
                     ('classifier', 'classifiers')) k (kind, member)
  CROSS JOIN LATERAL (
    SELECT coalesce(e.value ->> 'name', e.key) AS name FROM jsonb_each(v.definition -> k.member) e
    ORDER BY 1, e.key LIMIT p_most) p
  WHERE v.template_id = p_template AND v.version = p_version AND v.yanked_at IS NULL AND t.status IN ('published', 'unlisted');
END $$;

REVOKE EXECUTE ON FUNCTION template_parts(text, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION template_parts(text, integer, integer) TO agentry_app;
";

const DOWN: &str = "
DROP FUNCTION template_parts(text, integer, integer);
";
