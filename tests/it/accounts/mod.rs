//! What people change of themselves beyond signing in: their profile, and whether they are there at all.

mod crossing;
mod deletion;
mod profile;
mod trail;

use serde_json::{Value, json};

use crate::conversations::mutate;
use crate::support::{Caller, Server};

/// What deleting their account so answers.
async fn delete(caller: &Caller, password: Option<&str>) -> Value {
    let success = "deletedUserId deletedOrganizationIds";
    let input = json!({ "password": password });
    mutate(caller, "deleteAccount", success, input).await
}

/// Every place where this person's id is still found, but in the audit trail.
async fn traces(server: &Server, user: &str) -> Vec<String> {
    let pool = crate::support::pool(&server.database.root).await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> 'audit_events' ORDER BY 1, 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (table, column) in columns {
        let statement = format!(r#"SELECT count(*) FROM "{table}" WHERE "{column}" = $1"#);
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(user)
            .fetch_one(&pool)
            .await
            .unwrap();
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}
