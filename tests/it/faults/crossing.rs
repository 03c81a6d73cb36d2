//! Two transactions cross.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{Answer, CREATE_AGENT, names};
use crate::support::{Database, Server, waiting_for_locks};

/// The creating mutation claims its idempotency key and then waits for the organisation's turn to add an agent. Somebody
/// who takes the turn first and then wants the key makes a deadlock of it.
#[tokio::test]
async fn a_write_that_crossed_another_is_done_again() {
    let database = Database::copy().await;
    let mut root = database.root().await;
    // PostgreSQL undoes the transaction that finds the deadlock. The service's looks after a second, by when the other has
    // long come to its own wait; the other never does.
    let login = database.service.get_username();
    let name = database.service.get_database().unwrap();
    for setting in [
        format!("ALTER ROLE {login} IN DATABASE {name} SET deadlock_timeout = '1s'"),
        "SET deadlock_timeout = '10min'".to_owned(),
    ] {
        root.execute(AssertSqlSafe(setting)).await.unwrap();
    }
    let server = Server::on(database, &[]).await;
    let ada = server.sign_up("Ada").await;

    let mut other = root.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('agents:' || $1, 0))")
        .bind(&ada.organization_id)
        .execute(&mut *other)
        .await
        .unwrap();
    let input = json!({ "name": "Once", "systemPrompt": "Be kind.", "idempotencyKey": "key" });
    let crossed = ada.post(CREATE_AGENT, json!({ "input": input }));
    let crossed = tokio::spawn(Answer::to(crossed));
    waiting_for_locks(&server.database, 1).await;
    sqlx::query(
        "INSERT INTO idempotency_keys (organization_id, user_id, key, operation, input_hash, target_id)
         VALUES ($1, $2, 'key', 'x', 'x', 'x')",
    )
    .bind(&ada.organization_id)
    .bind(&ada.user_id)
    .execute(&mut *other)
    .await
    .expect("the service's transaction gave way");
    other.rollback().await.unwrap();

    crossed.await.unwrap().assert_made("Once");
    assert_eq!(names(&ada).await, ["Once"]);
}
