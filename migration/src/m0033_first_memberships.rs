//! Where somebody acts who has no personal organisation and is given none.

crate::sql_migration!("m0033_first_memberships");

const UP: &str = r#"
-- The organisation that a user has been a member of for longest, with their role there.
CREATE FUNCTION auth_first_membership(p_user_id text) RETURNS TABLE (organization_id text, role text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT m."organizationId", app_highest_role(string_agg(m."role", ','))
  FROM "member" m WHERE m."userId" = p_user_id
  GROUP BY m."organizationId" ORDER BY min(m."createdAt"), m."organizationId" LIMIT 1;
END $$;
REVOKE EXECUTE ON FUNCTION auth_first_membership(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_first_membership(text) TO agentry_app;
"#;

const DOWN: &str = "
DROP FUNCTION auth_first_membership(text);
";
