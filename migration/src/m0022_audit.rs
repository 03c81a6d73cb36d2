//! What the audit trail needs to tell of signing in, and to be asked about one thing.

crate::sql_migration!("m0022_audit");

const UP: &str = r#"
CREATE INDEX audit_events_target_idx ON audit_events (organization_id, target_type, target_id, created_at, id);

-- Where the events of signing in belong: the personal organisation of a user, who is known by id or by address. No row: nobody.
-- organization_id NULL: they have none yet; then alone name and email are told, to make it from.
CREATE FUNCTION auth_home(p_user_id text, p_email text)
RETURNS TABLE (user_id text, organization_id text, role text, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."id", h.id, h.role,
         CASE WHEN h.id IS NULL THEN u."name" END, CASE WHEN h.id IS NULL THEN u."email" END
  FROM "user" u
  LEFT JOIN LATERAL (
    SELECT o."id" AS id, app_highest_role(string_agg(m."role", ',')) AS role
    FROM "organization" o JOIN "member" m ON m."organizationId" = o."id" AND m."userId" = u."id"
    WHERE o.personal_user_id = u."id" GROUP BY o."id"
  ) h ON true
  WHERE CASE WHEN p_user_id IS NULL THEN u."email" = p_email ELSE u."id" = p_user_id END;
END $$;
REVOKE EXECUTE ON FUNCTION auth_home(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_home(text, text) TO agentry_app;
"#;

const DOWN: &str = r"
DROP FUNCTION auth_home(text, text);
DROP INDEX audit_events_target_idx;
";
