//! What is granted to whom, as text. The owner's own rights are left out: they are everything.

use sqlx::postgres::PgConnection;

const GRANTS: &str = "
WITH ours AS (SELECT oid, relname, relowner, relacl, relkind FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
granted AS (
  SELECT CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || relname AS what,
         a.grantee, a.privilege_type AS privilege, NULL::text AS attribute, a.is_grantable
  FROM ours, aclexplode(relacl) a WHERE a.grantee <> relowner
  UNION ALL
  SELECT 'table ' || relname, a.grantee, a.privilege_type, t.attname, a.is_grantable
  FROM ours JOIN pg_attribute t ON t.attrelid = ours.oid AND NOT t.attisdropped, aclexplode(t.attacl) a WHERE a.grantee <> relowner
  UNION ALL
  SELECT 'schema ' || nspname, a.grantee, a.privilege_type, NULL, a.is_grantable
  FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'public' AND a.grantee <> nspowner
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure || CASE WHEN prosecdef AND proowner = 'agentry_keeper'::regrole THEN ', as agentry_keeper'
                                                    WHEN prosecdef THEN ', as the owner' ELSE '' END,
         a.grantee, a.privilege_type, NULL, a.is_grantable
  FROM pg_proc p, aclexplode(proacl) a WHERE pronamespace = 'public'::regnamespace AND a.grantee <> proowner
  UNION ALL
  SELECT 'by default, on ' || defaclobjtype::text, a.grantee, a.privilege_type, NULL, a.is_grantable
  FROM pg_default_acl, aclexplode(defaclacl) a WHERE a.grantee <> defaclrole
), merged AS (
  SELECT what, grantee, privilege || coalesce(' (' || string_agg(attribute, ', ' ORDER BY attribute) || ')', '')
                        || CASE WHEN is_grantable THEN ' and may pass it on' ELSE '' END AS right_
  FROM granted GROUP BY what, grantee, privilege, is_grantable, attribute IS NULL
)
SELECT line FROM (
  SELECT what || ': ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END || ': '
         || string_agg(right_, ', ' ORDER BY right_ COLLATE \"C\") AS line
  FROM merged GROUP BY what, grantee) lines
ORDER BY line COLLATE \"C\"";

/// One line for each thing and role.
pub(super) async fn read(connection: &mut PgConnection) -> String {
    let lines: Vec<String> = sqlx::query_scalar(GRANTS)
        .fetch_all(connection)
        .await
        .unwrap();
    lines.join("\n") + "\n"
}
