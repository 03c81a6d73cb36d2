//! What every table, policy, key, reference and function must be: each rule is a query for what breaks it.
//!
//! They enumerate the schema `public`, so a new table is judged without being named here. Only the list of applied
//! migrations is left out: it is nobody's data.

/// The claim, and the query whose rows break it.
pub(super) const RULES: [(&str, &str); 25] = [
    (
        "every table has row security",
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND relname <> 'seaql_migrations' AND NOT relrowsecurity",
    ),
    (
        "every tenant table forces it",
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity",
    ),
    (
        "organization_id takes no NULL",
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attnotnull",
    ),
    (
        "every tenant table has the one restrictive policy",
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd = '*'
             AND p.polroles @> ARRAY['agentry_app'::regrole::oid, 'agentry_keeper'::regrole::oid]
             AND pg_get_expr(p.polqual, p.polrelid) = '(organization_id = app_current_org())'
             AND pg_get_expr(p.polwithcheck, p.polrelid) = '(organization_id = app_current_org())')",
    ),
    (
        "every permissive policy of a tenant table begins with the tenant",
        "SELECT p.polname || ' on ' || c.relname
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         CROSS JOIN LATERAL (VALUES (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) e (said)
         WHERE p.polpermissive AND e.said IS NOT NULL
           AND e.said <> '(organization_id = app_current_org())'
           AND NOT starts_with(e.said, '((organization_id = app_current_org()) AND ')",
    ),
    (
        "every policy of the service that adds or changes rows asks who acts",
        "SELECT p.polname || ' on ' || c.relname
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         WHERE p.polpermissive AND p.polroles @> ARRAY['agentry_app'::regrole::oid] AND p.polcmd IN ('a', 'w')
           AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') NOT LIKE '%app_current_user()%'",
    ),
    (
        "every policy elsewhere compares one column with who acts",
        "SELECT p.polname || ' on ' || c.relname
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         CROSS JOIN LATERAL (VALUES (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) e (said)
         WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id')
           AND e.said IS NOT NULL AND e.said !~ '^\\(\"?[A-Za-z_]+\"? = app_current_(user|org)\\(\\)\\)$'",
    ),
    (
        "every verb that is granted has a policy",
        "SELECT r.rolname || ' ' || v.verb || ' on ' || c.relname
         FROM pg_class c CROSS JOIN pg_roles r
         CROSS JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) v (verb, letter)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'seaql_migrations'
           AND r.rolname IN ('agentry_app', 'agentry_keeper')
           AND (has_table_privilege(r.oid, c.oid, v.verb)
                OR (v.verb <> 'DELETE' AND has_any_column_privilege(r.oid, c.oid, v.verb)))
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
                             AND p.polcmd::text IN ('*', v.letter) AND r.oid = ANY (p.polroles))",
    ),
    (
        "every tenant table has policies to read and to write for the service",
        "SELECT c.relname || ' ' || v.verb
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         CROSS JOIN (VALUES ('SELECT', 'r'), ('INSERT', 'a')) v (verb, letter)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
                             AND p.polcmd::text IN ('*', v.letter) AND 'agentry_app'::regrole = ANY (p.polroles))",
    ),
    (
        "every policy names its roles",
        "SELECT p.polname || ' on ' || c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         WHERE EXISTS (SELECT FROM unnest(p.polroles) r
                       WHERE r NOT IN ('agentry_app'::regrole::oid, 'agentry_keeper'::regrole::oid))",
    ),
    (
        "no policy holds a sub-query",
        "SELECT p.polname || ' on ' || c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         WHERE p.polqual::text LIKE '%{SUBLINK%' OR p.polwithcheck::text LIKE '%{SUBLINK%'",
    ),
    (
        "no policy calls a function of ours but the three that say who acts",
        "SELECT p.polname || ' on ' || c.relname || ' calls ' || f.proname
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
         JOIN pg_proc f ON f.oid = d.refobjid
         WHERE f.proname NOT IN ('app_current_user', 'app_current_org', 'app_current_org_role')",
    ),
    (
        "the functions that say who acts are stable and read their setting",
        "SELECT w.name FROM (VALUES ('app_current_user', 'app.current_user_id'), ('app_current_org', 'app.current_org_id'),
                                    ('app_current_org_role', 'app.org_role')) w (name, setting)
         WHERE NOT EXISTS (SELECT FROM pg_proc f WHERE f.pronamespace = 'public'::regnamespace AND f.proname = w.name
           AND f.pronargs = 0 AND f.provolatile = 's' AND NOT f.prosecdef
           AND pg_get_function_sqlbody(f.oid) = format('RETURN NULLIF(current_setting(%L::text, true), ''''::text)', w.setting))",
    ),
    (
        "every key and index of a tenant table leads with organization_id",
        "SELECT i.indexrelid::regclass::text
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         WHERE c.relnamespace = 'public'::regnamespace AND i.indkey[0] <> a.attnum",
    ),
    (
        "every tenant table has a primary key",
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)",
    ),
    (
        "every reference between tenant tables carries organization_id, and follows what it refers to",
        "SELECT f.conname || ' on ' || c.relname
         FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
         JOIN pg_attribute h ON h.attrelid = f.conrelid AND h.attname = 'organization_id'
         LEFT JOIN pg_attribute t ON t.attrelid = f.confrelid AND t.attname = 'organization_id'
         WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace
           AND (f.confupdtype <> 'c' OR f.confdeltype <> 'c'
                OR (t.attnum IS NOT NULL
                    AND NOT EXISTS (SELECT FROM unnest(f.conkey, f.confkey) k (here, there)
                                    WHERE k.here = h.attnum AND k.there = t.attnum)))",
    ),
    (
        "no table of one tenant is referred to from a table of none",
        "SELECT f.conname || ' on ' || f.conrelid::regclass
         FROM pg_constraint f JOIN pg_attribute t ON t.attrelid = f.confrelid AND t.attname = 'organization_id'
         WHERE f.contype = 'f'
           AND NOT EXISTS (SELECT FROM pg_attribute h WHERE h.attrelid = f.conrelid AND h.attname = 'organization_id')",
    ),
    (
        "every function with its owner's rights fixes its search path and is not everyone's",
        "SELECT p.oid::regprocedure::text FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
           AND (NOT coalesce('search_path=pg_catalog, public, pg_temp' = ANY (p.proconfig), false)
                OR p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))",
    ),
    (
        "every trigger fires",
        "SELECT t.tgname || ' on ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled NOT IN ('O', 'A')",
    ),
    (
        "updated_at is kept by a trigger",
        "SELECT c.relname::text FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
         JOIN pg_attribute u ON u.attrelid = c.oid AND u.attname = 'updated_at'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled IN ('O', 'A') AND NOT t.tgisinternal
                             -- 1: for each row, 2: before, 16: on update.
                             AND t.tgtype = 1 + 2 + 16 AND t.tgqual IS NULL AND t.tgfoid = 'touch_updated_at()'::regprocedure)",
    ),
    (
        "being used does not change a connection",
        "SELECT 'api_connections' WHERE NOT EXISTS (
           SELECT FROM pg_trigger t WHERE t.tgrelid = 'api_connections'::regclass AND t.tgenabled IN ('O', 'A')
             AND t.tgtype = 1 + 2 + 16 AND t.tgqual IS NULL AND t.tgname = 'api_connections_used'
             AND t.tgfoid = 'keep_updated_at()'::regprocedure)",
    ),
    (
        "whoever writes an agent, its versions are numbered and kept",
        "SELECT w.name FROM (VALUES
           -- 1: for each row, 2: before, 4: on insert, 16: on update.
           ('agents_number_first', 1 + 2 + 4, 'agents_number'), ('agents_number', 1 + 2 + 16, 'agents_number'),
           ('agents_keep_first_version', 1 + 4, 'agents_keep_version'), ('agents_keep_version', 1 + 16, 'agents_keep_version')
         ) w (name, kind, function)
         WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'agents'::regclass AND t.tgname = w.name AND t.tgtype = w.kind
                             AND t.tgenabled IN ('O', 'A') AND t.tgfoid = (w.function || '()')::regprocedure)",
    ),
    (
        "whoever ends a run, it is counted",
        // 1: for each row, 8: on delete, 16: on update.
        "SELECT w.name FROM (VALUES ('runs_count', 1 + 16), ('runs_count_gone', 1 + 8)) w (name, kind)
         WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'runs'::regclass AND t.tgname = w.name AND t.tgtype = w.kind
                             AND t.tgenabled IN ('O', 'A') AND t.tgattr = '' AND t.tgfoid = (w.name || '()')::regprocedure)",
    ),
    (
        "whoever makes or changes an account, what its user goes by is noted",
        "SELECT w.name FROM (VALUES
           -- 1: for each row, 4: on insert, 16: on update.
           ('organization', 'organization_identify', 1 + 4 + 16, 'organization_identify'), ('user', 'user_identify', 1 + 16, 'user_identify')
         ) w (of, name, kind, function)
         WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = quote_ident(w.of)::regclass AND t.tgname = w.name AND t.tgtype = w.kind
                             AND t.tgenabled IN ('O', 'A') AND t.tgfoid = (w.function || '()')::regprocedure)",
    ),
    (
        "nothing is granted to PUBLIC, and nobody may truncate, refer to or hang triggers on a table",
        "SELECT c.relname || ' ' || a.privilege_type
         FROM pg_class c
         CROSS JOIN LATERAL (SELECT (aclexplode(c.relacl)).* UNION ALL
                             SELECT (aclexplode(t.attacl)).* FROM pg_attribute t WHERE t.attrelid = c.oid) a
         WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
           AND (a.grantee = 0 OR a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') OR a.is_grantable)",
    ),
];
