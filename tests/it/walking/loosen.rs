//! The proof that the walking tests bite: each policy in turn is dropped or loosened, row security is switched off table by
//! table, functions are opened and triggers silenced, and every time at least one of the tests must see it.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use super::snapshot::{assert_kept, difference};
use super::tenancy::Grid;
use super::{catalog, database};

/// One way to make the database less safe.
struct Loosening {
    table: String,
    sql: String,
}

const POLICIES: &str = "
SELECT c.relname::text, v.sql FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
CROSS JOIN LATERAL (VALUES
  (1, true, format('DROP POLICY %I ON %I', p.polname, c.relname)),
  (2, p.polqual IS NOT NULL, format('ALTER POLICY %I ON %I USING (true)', p.polname, c.relname)),
  (3, p.polwithcheck IS NOT NULL, format('ALTER POLICY %I ON %I WITH CHECK (true)', p.polname, c.relname))
) v (place, applies, sql)
WHERE c.relnamespace = 'public'::regnamespace AND v.applies
ORDER BY c.relname, p.polname, v.place";

const TABLES: &str = "
SELECT c.relname::text, format(v.sql, c.relname) FROM pg_class c
CROSS JOIN (VALUES (1, 'ALTER TABLE %I DISABLE ROW LEVEL SECURITY'), (2, 'ALTER TABLE %I NO FORCE ROW LEVEL SECURITY')) v (place, sql)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND ((v.place = 1 AND c.relrowsecurity) OR (v.place = 2 AND c.relforcerowsecurity))
ORDER BY c.relname, v.place";

// Of the functions with their owner's rights, and of what stands guard on the tenant tables' rows.
const CODE: &str = "
SELECT '' AS relation, format(v.sql, p.oid::regprocedure) FROM pg_proc p
CROSS JOIN (VALUES (1, 'ALTER FUNCTION %s RESET search_path'), (2, 'GRANT EXECUTE ON FUNCTION %s TO PUBLIC')) v (place, sql)
WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
UNION ALL
SELECT c.relname::text, format('ALTER TABLE %I DISABLE TRIGGER %I', c.relname, t.tgname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
ORDER BY 1, 2";

/// One at a time, and undone. Which test saw what is kept in a file, so that a test which goes blind shows even while the
/// other still sees.
#[tokio::test]
async fn whatever_is_loosened_is_seen() {
    let (owner, service) = database().await;
    let mut transaction = owner.begin().await.unwrap();
    let grid = Grid::seed(&mut transaction, &service).await;
    let mut before = Vec::new();
    for table in grid.tables() {
        let rows = grid.rows(&mut transaction, Some(&table.name)).await;
        before.push((table.name.as_str(), rows));
    }
    // Else the catalog would seem to see whatever is done.
    let broken = catalog::violations(&mut transaction).await;
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let mut seen = Vec::new();
    let mut unseen = Vec::new();
    for Loosening { table, sql } in loosenings(&mut transaction).await {
        let undone = "ROLLBACK TO SAVEPOINT loosened";
        transaction.execute("SAVEPOINT loosened").await.unwrap();
        transaction
            .execute(AssertSqlSafe(sql.clone()))
            .await
            .unwrap();
        let catalog = !catalog::violations(&mut transaction).await.is_empty();
        let tenancy = match before.iter().find(|(name, _)| *name == table) {
            Some((_, rows)) => {
                let now = grid.rows(&mut transaction, Some(&table)).await;
                !difference(rows, &now).is_empty()
            }
            None => false,
        };
        transaction.execute(undone).await.unwrap();
        let by = match (catalog, tenancy) {
            (true, true) => "both",
            (true, false) => "catalog",
            (false, true) => "tenancy",
            (false, false) => "NOBODY",
        };
        seen.push(format!("{by:<7} {sql}"));
        if !(catalog || tenancy) {
            unseen.push(sql);
        }
    }
    transaction.rollback().await.unwrap();
    assert!(!seen.is_empty(), "there was nothing to loosen");
    assert!(unseen.is_empty(), "nobody sees:\n{}", unseen.join("\n"));
    assert_kept("loosen.snapshot.txt", &(seen.join("\n") + "\n"));
}

const ALL_PERMISSIVE: &str = "
SELECT format('ALTER POLICY %I ON %I', p.polname, c.relname)
       || CASE WHEN p.polqual IS NULL THEN '' ELSE ' USING (true)' END
       || CASE WHEN p.polwithcheck IS NULL THEN '' ELSE ' WITH CHECK (true)' END
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
WHERE c.relnamespace = 'public'::regnamespace AND p.polpermissive";

/// With every permissive policy letting everyone through.
#[tokio::test]
async fn restrictive_policies_alone_keep_tenants_apart() {
    let (owner, service) = database().await;
    let mut transaction = owner.begin().await.unwrap();
    let grid = Grid::seed(&mut transaction, &service).await;
    let ways: Vec<String> = sqlx::query_scalar(ALL_PERMISSIVE)
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
    assert!(!ways.is_empty(), "there was nothing to loosen");
    transaction
        .execute(AssertSqlSafe(ways.join("; ")))
        .await
        .unwrap();
    let through = grid.strangers(&mut transaction).await;
    transaction.rollback().await.unwrap();
    assert!(through.is_empty(), "{}", through.join("\n"));
}

async fn loosenings(connection: &mut PgConnection) -> Vec<Loosening> {
    let mut found = Vec::new();
    for sql in [POLICIES, TABLES, CODE] {
        let ways: Vec<(String, String)> = sqlx::query_as(sql)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        found.extend(
            ways.into_iter()
                .map(|(table, sql)| Loosening { table, sql }),
        );
    }
    found
}
