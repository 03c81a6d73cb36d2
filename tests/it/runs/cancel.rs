//! `cancelRun`.

use serde_json::{Value, json};

use super::{answer, ask, begin, done, echo, id, more, root, still, stored};
use crate::support::Server;

async fn set(server: &Server, statement: &'static str, run: &Value) {
    let done = sqlx::query(statement)
        .bind(run["run"]["id"].as_str())
        .execute(&root(server).await)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
}

#[tokio::test]
async fn run_that_waits_ends_at_once_and_the_next_is_first() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let first = begin(&ada, &echo(&ada, "PRIVATE").await, "1").await;
    let conversation = id(&first["conversation"]);
    let second = more(&ada, &conversation, "2").await;
    let cancel = json!({ "runId": first["run"]["id"] });
    let cancelled = ask(&ada, "cancelRun", cancel.clone()).await;
    let run = &done(&cancelled)["run"];
    assert_eq!(run["status"], "CANCELLED");
    assert!(run["finishedAt"].is_string() && run["cancelRequestedAt"].is_string());
    assert_eq!(run["activeIn"]["activeRun"]["id"], second["run"]["id"]);
    assert_eq!(
        stored(&server).await,
        (2, 2, 1),
        "it is in line no more, and its message stays"
    );
    assert_eq!(ask(&ada, "cancelRun", cancel).await, cancelled);
}

#[tokio::test]
async fn run_that_is_going_on_is_asked_to_end_once() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let first = begin(&ada, &echo(&ada, "PRIVATE").await, "1").await;
    let cancel = json!({ "runId": first["run"]["id"] });
    for taken in [
        // Taken up, and not said so yet.
        "UPDATE run_leases SET worker = 'w', lease_until = now() + interval '15 s' WHERE run_id = $1",
        "UPDATE runs SET status = 'running', started_at = now_ms(), cancel_requested_at = NULL WHERE id = $1",
    ] {
        set(&server, taken, &first).await;
        let asked = ask(&ada, "cancelRun", cancel.clone()).await;
        let run = &done(&asked)["run"];
        assert!(["QUEUED", "RUNNING"].contains(&run["status"].as_str().unwrap()));
        assert!(run["cancelRequestedAt"].is_string() && run["finishedAt"].is_null());
        assert_eq!(ask(&ada, "cancelRun", cancel.clone()).await, asked);
    }
    assert_eq!(
        stored(&server).await,
        (1, 1, 1),
        "its worker is to end it, and holds it until then"
    );
}

#[tokio::test]
async fn run_that_has_ended_stays_as_it_is() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    for (reply, status) in [("Reply", "COMPLETED"), ("", "FAILED")] {
        let sent = begin(&ada, &agent, "1").await;
        answer(&server, &ada, &sent, reply).await;
        let ended = ask(&ada, "cancelRun", json!({ "runId": sent["run"]["id"] })).await;
        let run = &done(&ended)["run"];
        assert_eq!(
            (&run["status"], &run["text"]),
            (&json!(status), &json!(reply))
        );
        assert_eq!(run["cancelRequestedAt"], Value::Null);
        let code = if reply.is_empty() {
            json!("PROVIDER_UNAUTHORIZED")
        } else {
            Value::Null
        };
        assert_eq!(run["errorCode"], code);
    }
}
