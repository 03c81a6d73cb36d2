//! What guards each table, and what the service may do with it.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Row as _};

use super::{Fact, SERVICE, fact};
use crate::DbError;
use crate::sealed::SEALED_COLUMNS;

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the catalog on its own"
)]
struct Table {
    name: String,
    tenant: bool,
    enabled: bool,
    forced: bool,
    restrictive: bool,
    /// Verbs granted without a permissive policy, and verbs that no service needs.
    unruled: Vec<String>,
    excess: Vec<String>,
}

impl FromRow<'_, PgRow> for Table {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            tenant: row.try_get("tenant")?,
            enabled: row.try_get("enabled")?,
            forced: row.try_get("forced")?,
            restrictive: row.try_get("restrictive")?,
            unruled: row.try_get("unruled")?,
            excess: row.try_get("excess")?,
        })
    }
}

// `seaql_migrations` is the list of what was applied, and nobody's data.
const TABLES: &str = "
WITH service AS (SELECT oid FROM pg_roles WHERE rolname = 'agentry_app')
SELECT c.relname::text AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
  EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped) AS tenant,
  EXISTS (SELECT FROM pg_policy p, service s WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd = '*'
            AND p.polroles && ARRAY[0::oid, s.oid]
            AND replace(pg_get_expr(p.polqual, p.polrelid), 'public.', '') = '(organization_id = app_current_org())'
            AND coalesce(replace(pg_get_expr(p.polwithcheck, p.polrelid), 'public.', ''), '(organization_id = app_current_org())')
              = '(organization_id = app_current_org())') AS restrictive,
  ARRAY(SELECT v.verb FROM (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) v (verb, letter)
        WHERE (has_table_privilege($1::name, c.oid, v.verb)
               OR (v.verb <> 'DELETE' AND has_any_column_privilege($1::name, c.oid, v.verb)))
          AND NOT EXISTS (SELECT FROM pg_policy p, service s WHERE p.polrelid = c.oid AND p.polpermissive
                            AND p.polcmd::text IN ('*', v.letter) AND p.polroles && ARRAY[0::oid, s.oid])) AS unruled,
  ARRAY(SELECT v.verb FROM (VALUES ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) v (verb)
        WHERE has_table_privilege($1::name, c.oid, v.verb)
           OR (v.verb = 'REFERENCES' AND has_any_column_privilege($1::name, c.oid, v.verb))) AS excess
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'seaql_migrations'
ORDER BY c.relname";

// Views and the like read with their owner's rights; only a view that says `security_invoker` does not. And columns whose
// content is a credential, or a key to one.
const LEAKS: &str = "
SELECT 'relation ' || c.relname AS subject, 'reads with the rights of its reader' AS claim,
       'As the owner: REVOKE ALL ON ' || quote_ident(c.relname) || ' FROM ' || $4 || ';' AS remedy
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm', 'f')
  AND (has_table_privilege($1::name, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
       OR has_any_column_privilege($1::name, c.oid, 'SELECT, INSERT, UPDATE'))
  AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false)
UNION ALL
SELECT 'table ' || c.relname, 'the column ' || a.attname || ' is not readable',
       'As the owner: REVOKE SELECT ON ' || quote_ident(c.relname) || ' FROM ' || $4 || '; then grant the other columns one by one.'
FROM unnest($2::text[], $3::text[]) AS secret (relation, attribute)
JOIN pg_class c ON c.relnamespace = 'public'::regnamespace AND c.relname = secret.relation
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = secret.attribute AND NOT a.attisdropped
WHERE has_column_privilege($1::name, c.oid, a.attnum, 'SELECT')";

/// Credentials of the auth tables, beside our own sealed columns.
const CREDENTIALS: [(&str, &str); 8] = [
    ("account", "password"),
    ("account", "accessToken"),
    ("account", "refreshToken"),
    ("account", "idToken"),
    ("apikey", "key"),
    ("jwks", "privateKey"),
    ("session", "token"),
    ("verification", "value"),
];

pub(super) async fn facts(connection: &mut PgConnection, role: &str) -> Result<Vec<Fact>, DbError> {
    let tables: Vec<Table> = sqlx::query_as(TABLES)
        .bind(role)
        .fetch_all(&mut *connection)
        .await?;
    // A grant may have been given to any of them; taking it from one that has none is no error.
    let holders = match role {
        SERVICE => format!("{SERVICE}, PUBLIC"),
        role => format!("{SERVICE}, {}, PUBLIC", quoted(role)),
    };
    let (relations, columns): (Vec<&str>, Vec<&str>) =
        SEALED_COLUMNS.iter().chain(&CREDENTIALS).copied().unzip();
    let leaks: Vec<(String, String, String)> = sqlx::query_as(LEAKS)
        .bind(role)
        .bind(relations)
        .bind(columns)
        .bind(&holders)
        .fetch_all(&mut *connection)
        .await?;
    let mut facts = vec![fact(
        "database",
        "has tenant tables",
        tables.iter().any(|table| table.tenant),
        "As the owner: `agentry migrate`.",
    )];
    facts.extend(tables.iter().flat_map(|table| of_table(table, &holders)));
    facts.push(fact(
        "database",
        "shows the service no sealed column, no credential and no view of the owner's",
        leaks.is_empty(),
        "See below.",
    ));
    let leak = |(subject, claim, remedy): &(String, String, String)| {
        fact(subject, claim.as_str(), false, remedy.as_str())
    };
    facts.extend(leaks.iter().map(leak));
    Ok(facts)
}

fn of_table(table: &Table, holders: &str) -> Vec<Fact> {
    let name = quoted(&table.name);
    let subject = format!("table {}", table.name);
    let mut facts = vec![fact(
        &subject,
        "row security is enabled",
        table.enabled,
        format!("As the owner: ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"),
    )];
    if table.tenant {
        facts.push(fact(
            &subject,
            "row security is forced",
            table.forced,
            format!("As the owner: ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"),
        ));
        facts.push(fact(
            &subject,
            "a restrictive policy names the tenant",
            table.restrictive,
            format!(
                "As the owner: CREATE POLICY {} ON {name} AS RESTRICTIVE FOR ALL TO agentry_app, agentry_keeper \
                 USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());",
                quoted(&format!("{}_tenant", table.name))
            ),
        ));
    }
    facts.push(fact(
        &subject,
        "every verb that is granted has a policy",
        table.unruled.is_empty(),
        format!(
            "As the owner: restore the policy for {}, or revoke the grant.",
            table.unruled.join(", ")
        ),
    ));
    facts.push(fact(
        &subject,
        "TRUNCATE, REFERENCES and TRIGGER are not granted",
        table.excess.is_empty(),
        format!(
            "As the owner: REVOKE {} ON {name} FROM {holders};",
            table.excess.join(", ")
        ),
    ));
    facts
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
