//! Every table of publishers, every verb, every actor: who gets through, as a table that is kept.
//!
//! These are read across organisations by design, so they have no `organization_id`, and the grid of tenants leaves them out.

use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use super::database;
use super::probe::ACTORS;
use super::seed::PEOPLE;
use super::snapshot::assert_kept;

const HEAD: &str = "\
# Who gets through to the tables of publishers, as the service. The rows are of the organisation `there`; Alice and Dave act there in
# the fourth and fifth column, everyone else elsewhere or nowhere. yes: done. no: not seen. denied: no grant.
";

// What has no tenant of its own and hangs on templates; found by its columns, so that nothing new is left out.
const TABLES: &str = "
SELECT c.relname::text FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
              AND a.attname IN ('publisher_org_id', 'template_id'))
  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = 'organization_id')
ORDER BY c.relname";

const ROWS: &str = r#"
INSERT INTO template_versions (template_id, version, publisher_org_id, definition, capabilities, provides, checksum)
  SELECT id, 1, 'there', '{"name":"T","agent":{"systemPrompt":"p"}}', '{}', '{}', repeat('0', 64) FROM templates
  WHERE id IN ('template-1', 'template-2');
INSERT INTO template_types (template_id, version, publisher_org_id, kind, slug, id) VALUES ('template-1', 1, 'there', 'entity', 'a', 't1');
INSERT INTO template_catalogs (template_id, version, position, publisher_org_id, catalog_template_id, catalog_version)
  VALUES ('template-1', 1, 1, 'there', 'template-2', 1);
INSERT INTO template_uses (template_id, install_id) VALUES ('template-1', 'install');
INSERT INTO whatsapp_numbers (id, publisher_org_id, template_id, display_phone, number, gateway_url, app_secret, verify_token_hash)
  VALUES ('number', 'there', 'template-1', '447900000001', '447900000001@s.whatsapp.net', 'https://gateway.example.com', 'sealed', repeat('0', 64));
"#;

#[tokio::test]
async fn publishers_read_their_own_rows_and_nobody_writes_any() {
    let (owner, service) = database().await;
    let mut transaction = owner.begin().await.unwrap();
    transaction.execute(PEOPLE).await.unwrap();
    transaction.execute(ROWS).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
    assert!(tables.len() >= 6, "{tables:?}");
    let mut all = HEAD.to_owned();
    let names = ACTORS.map(|actor| actor.name);
    line(&mut all, "table", "verb", &names);
    for table in &tables {
        for (verb, statement) in [
            (
                "select",
                format!("SELECT count(*) FROM (SELECT FROM {table}) t"),
            ),
            ("insert", format!("INSERT INTO {table} DEFAULT VALUES")),
            (
                "update",
                format!("UPDATE {table} SET template_id = template_id"),
            ),
            ("delete", format!("DELETE FROM {table}")),
        ] {
            let statement = match table.as_str() {
                "templates" => statement.replace("template_id", "status"),
                _ => statement,
            };
            let mut outcomes = Vec::new();
            for actor in &ACTORS {
                let enter = actor.enter(&service);
                outcomes.push(attempt(&mut transaction, &enter, &statement).await);
            }
            line(&mut all, table, verb, &outcomes);
        }
    }
    transaction.rollback().await.unwrap();
    assert_kept("publishers.snapshot.txt", &all);
}

async fn attempt(connection: &mut PgConnection, enter: &str, statement: &str) -> &'static str {
    let enter = format!("SAVEPOINT attempt; {enter}");
    connection.execute(AssertSqlSafe(enter)).await.unwrap();
    let outcome = sqlx::query_scalar::<_, i64>(AssertSqlSafe(statement.to_owned()))
        .fetch_optional(&mut *connection)
        .await;
    connection
        .execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
        .await
        .unwrap();
    match outcome {
        Ok(Some(0)) => "no",
        Ok(_) => "yes",
        Err(error) => {
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
            "denied"
        }
    }
}

fn line(text: &mut String, table: &str, verb: &str, outcomes: &[&str]) {
    let _ = write!(text, "{table:<20}{verb:<8}");
    for outcome in outcomes {
        let _ = write!(text, "{outcome:<13}");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
}
