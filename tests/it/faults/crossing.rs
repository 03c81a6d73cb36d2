//! Two transactions cross.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{Answer, CREATE_AGENT, names};
use crate::api_connections::create as connection;
use crate::conversations::agent;
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

/// The connection turns private while the agent it serves goes to a colleague: each alone keeps the link, both do not.
#[tokio::test]
async fn a_connection_that_turns_private_while_its_agent_changes_hands_leaves_it() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let helper = agent(&ada, "Helper", "ORGANIZATION").await;
    let shared = connection(&ada, "Main", json!({ "visibility": "ORGANIZATION" })).await;
    let link = "mutation($input: LinkApiConnectionInput!) { linkApiConnection(input: $input) { __typename } }";
    let pair = json!({ "agentId": helper, "apiConnectionId": shared["id"] });
    let linked = ada.query(link, json!({ "input": pair })).await;
    assert_eq!(
        linked["linkApiConnection"]["__typename"],
        "LinkApiConnectionSuccess"
    );

    let mut root = server.database.root().await;
    let mut transfer = root.begin().await.unwrap();
    sqlx::query("UPDATE agents SET user_id = $1 WHERE id = $2")
        .bind(&bob.user_id)
        .bind(&helper)
        .execute(&mut *transfer)
        .await
        .unwrap();
    let hide = "mutation($input: UpdateApiConnectionInput!) { updateApiConnection(input: $input) {
        ... on UpdateApiConnectionSuccess { apiConnection { visibility } } } }";
    let input = json!({ "id": shared["id"], "visibility": "PRIVATE" });
    let hidden = ada.post(hide, json!({ "input": input }));
    let hidden = tokio::spawn(Answer::to(hidden));
    waiting_for_locks(&server.database, 1).await;
    transfer.commit().await.unwrap();

    let hidden = hidden.await.unwrap().body;
    let connection = &hidden["data"]["updateApiConnection"]["apiConnection"];
    assert_eq!(connection["visibility"], "PRIVATE", "{hidden}");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM agent_api_connections")
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
