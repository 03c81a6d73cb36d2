//! What is no reply to follow, and who may not.

use serde_json::{Value, json};

use super::client::{Ear, Way};
use super::{REPLY, Stage};
use crate::support::Caller;

/// The code and the extensions of what this is answered with.
async fn refused(caller: &Caller, way: Way, variables: Value) -> Value {
    let mut ear = Ear::open(caller, way, REPLY, variables).await.unwrap();
    ear.error().await["extensions"].take()
}

#[tokio::test]
async fn a_run_that_is_missing_foreign_or_no_id_reads_as_missing() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let eve = stage.server.sign_up("Eve").await;
    let colleague = stage.server.join(&stage.ada, &eve, "admin").await;
    for way in [Way::Socket, Way::Events] {
        for id in ["tz4a98xxat96iws9zmbrgj3a", "", "a\0b", "a,b", "'"] {
            let refusal = refused(&stage.ada, way, json!({ "run": id })).await;
            assert_eq!(refusal["code"], "NOT_FOUND", "{id}: {refusal}");
        }
        for other in [&eve, &colleague] {
            let refusal = refused(other, way, json!({ "run": run })).await;
            assert_eq!(refusal["code"], "NOT_FOUND", "{refusal}");
        }
        let nobody = Caller::nobody(&stage.server);
        let refusal = refused(&nobody, way, json!({ "run": run })).await;
        assert_eq!(refusal["code"], "UNAUTHENTICATED", "{refusal}");
    }
}

#[tokio::test]
async fn a_place_that_is_none_is_refused_with_what_there_is() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    let refuse = async |after: i64| {
        let variables = json!({ "run": run, "after": after });
        let mut ear = Ear::open(&stage.ada, Way::Socket, REPLY, variables)
            .await
            .unwrap();
        let error = ear.error().await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(error["extensions"]["path"], json!(["after"]), "{error}");
        error["message"].as_str().unwrap().to_owned()
    };
    assert!(refuse(-1).await.contains("0 or more"));
    assert!(refuse(1).await.contains("0 characters"));
    stage.worker.begin(&run).await;
    stage.worker.say(&run, 2, "é👍").await;
    assert!(refuse(3).await.contains("2 characters"));
    stage.worker.finish(&run, "é👍", "completed").await;
    assert!(refuse(3).await.contains("2 characters"));
    assert!(refuse(i64::from(i32::MAX)).await.contains("2 characters"));
    for after in [json!(i64::from(i32::MAX) + 1), json!("0"), json!(0.5)] {
        let refusal = refused(
            &stage.ada,
            Way::Socket,
            json!({ "run": run, "after": after }),
        )
        .await;
        assert_eq!(refusal["code"], "GRAPHQL_VALIDATION_FAILED", "{refusal}");
    }
}

#[tokio::test]
async fn a_key_must_be_good_for_reading_messages() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    let create = "mutation($p: JSON!) { createApiKey(input: { name: \"k\", permissions: $p }) { ... on CreateApiKeySuccess { key } } }";
    for (permissions, code) in [
        (json!({ "messages": ["read"] }), None),
        (
            json!({ "agents": ["read"], "messages": ["write"] }),
            Some("FORBIDDEN"),
        ),
    ] {
        let made = stage.ada.query(create, json!({ "p": permissions })).await;
        let key = made["createApiKey"]["key"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"));
        let request = Caller::nobody(&stage.server)
            .post(REPLY, json!({ "run": run }))
            .header("x-api-key", key)
            .header("accept", "text/event-stream");
        let mut ear = Ear::Events(super::client::Events::open(request).await.unwrap());
        if let Some(code) = code {
            let error = ear.error().await;
            assert_eq!(error["extensions"]["code"], code, "{error}");
        } else {
            stage.worker.begin(&run).await;
            stage.worker.say(&run, 2, "hi").await;
            assert_eq!(ear.event().await["data"]["said"]["text"], "hi");
        }
    }
}

#[tokio::test]
async fn one_subscription_has_one_field() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    let both = "subscription($run: ID!) { a: replyStream(runId: $run) { __typename } b: replyStream(runId: $run) { __typename } }";
    for way in [Way::Socket, Way::Events] {
        let mut ear = Ear::open(&stage.ada, way, both, json!({ "run": run }))
            .await
            .unwrap();
        let error = ear.error().await;
        assert_eq!(
            error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{error}"
        );
    }
}
