-- $1: the tables asked for. One row: what the catalog says of them, as JSON.
WITH definer AS (
  -- Whose rights the look-up functions run with; as long as there are none, of whoever is about to make them.
  SELECT r.oid, r.rolname, r.rolbypassrls FROM pg_roles r
  WHERE r.oid = coalesce(
    (SELECT p.proowner FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND p.proname = 'auth_resolve_session' LIMIT 1),
    (SELECT me.oid FROM pg_roles me WHERE me.rolname = current_user))
), service AS (
  SELECT oid FROM pg_roles WHERE rolname = 'agentry_app'
), keys AS (
  -- What ON CONFLICT can name, and what a reference can point at.
  SELECT x.indrelid, x.indisprimary,
         (SELECT jsonb_agg(a.attname) FROM pg_attribute a
          WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey[0:x.indnkeyatts - 1])) AS columns
  FROM pg_index x
  WHERE x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL AND x.indexprs IS NULL
)
SELECT jsonb_build_object(
  'definer', (SELECT rolname FROM definer),
  'reader', current_user,
  'tables', coalesce(jsonb_object_agg(c.relname, jsonb_build_object(
    'kind', c.relkind,
    'owner', o.rolname,
    'reached', pg_has_role(definer.oid, c.relowner, 'USAGE')
      OR (definer.rolbypassrls AND has_table_privilege(definer.oid, c.oid, 'SELECT')
          AND has_table_privilege(definer.oid, c.oid, 'INSERT') AND has_table_privilege(definer.oid, c.oid, 'UPDATE')
          AND has_table_privilege(definer.oid, c.oid, 'DELETE')),
    'alterable', pg_has_role(current_user, c.relowner, 'USAGE'),
    'forced', c.relforcerowsecurity,
    'columns', (
      SELECT coalesce(jsonb_object_agg(a.attname, jsonb_build_object(
        'type', a.atttypid::regtype::text, 'not_null', a.attnotnull,
        'filled', a.atthasdef OR a.attidentity <> '')), '{}')
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'keys', (SELECT coalesce(jsonb_agg(k.columns), '[]') FROM keys k WHERE k.indrelid = c.oid),
    'primary', (SELECT k.columns FROM keys k WHERE k.indrelid = c.oid AND k.indisprimary),
    'references', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', k.conname, 'column', a.attname, 'target', t.relname, 'target_column', f.attname,
        'cascades', k.confdeltype = 'c')), '[]')
      FROM pg_constraint k
      JOIN pg_class t ON t.oid = k.confrelid AND t.relnamespace = 'public'::regnamespace
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
      JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
      WHERE k.conrelid = c.oid AND k.contype = 'f' AND cardinality(k.conkey) = 1),
    'triggers', (
      SELECT coalesce(jsonb_agg(g.tgname), '[]') FROM pg_trigger g
      WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')),
    'policies', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', p.polname, 'permissive', p.polpermissive, 'everyone', 0 = ANY (p.polroles)) ORDER BY p.polname), '[]')
      FROM pg_policy p WHERE p.polrelid = c.oid),
    'grants', (
      SELECT coalesce(jsonb_agg(verb || ' ' || a.attname), '[]')
      FROM service s, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS verb,
           pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(s.oid, c.oid, a.attnum, verb)),
    'deletes', coalesce((SELECT has_table_privilege(s.oid, c.oid, 'DELETE') FROM service s), false)
  )), '{}')
)::text
FROM definer, pg_class c JOIN pg_roles o ON o.oid = c.relowner
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
