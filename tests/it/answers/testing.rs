//! Trying a connection, before it is made and after.

use agentry_provider_testkit::{Answer, FaultServer, port_that_refuses};
use serde_json::{Value, json};

use super::working;
use crate::api_connections::create as connection;
use crate::support::Caller;

const KEY: &str = "sk-canary-0123456789abcdef";

async fn test(caller: &Caller, input: Value) -> Value {
    let document = "mutation($input: TestApiConnectionInput!) { testApiConnection(input: $input) { __typename
        ... on TestApiConnectionSuccess { tookMs models } ... on ConnectionFailed { code isTransient retryAfter }
        ... on ValidationFailed { fields { path } } ... on UserError { message } } }";
    let mut data = caller.query(document, json!({ "input": input })).await;
    data["testApiConnection"].take()
}

#[tokio::test]
async fn a_connection_is_tried_before_and_after_it_is_made() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let url = provider.openai_url();
    let unsaved =
        json!({ "unsaved": { "service": "openai", "apiKey": KEY, "baseUrl": url.as_str() } });
    let tried = test(&ada, unsaved.clone()).await;
    assert_eq!(tried["models"], json!(["model-a", "model-b"]), "{tried}");

    let made = connection(
        &ada,
        "Main",
        json!({ "service": "openai", "apiKey": KEY, "baseUrl": url.as_str() }),
    )
    .await;
    assert_eq!(made["lastUsedAt"], Value::Null, "trying one stores nothing");
    let tried = test(&ada, json!({ "id": made["id"] })).await;
    assert_eq!(tried["__typename"], "TestApiConnectionSuccess", "{tried}");
    let query = "query($id: ID!) { apiConnection(id: $id) { lastUsedAt } }";
    let used = ada.query(query, json!({ "id": made["id"] })).await;
    assert!(used["apiConnection"]["lastUsedAt"].is_string());
    for request in provider.requests() {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("GET", "/v1/models")
        );
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {KEY}").as_str())
        );
    }

    for (answer, code, transient) in [
        (
            Answer::refusal(401, "canary"),
            "PROVIDER_UNAUTHORIZED",
            false,
        ),
        (Answer::refusal(500, "oops"), "PROVIDER_SERVER_ERROR", true),
        (
            Answer::redirect("http://10.0.0.1/"),
            "PROVIDER_REDIRECTED",
            false,
        ),
    ] {
        provider.next(answer);
        let failed = test(&ada, unsaved.clone()).await;
        assert_eq!(
            (&failed["code"], &failed["isTransient"]),
            (&json!(code), &json!(transient)),
            "{failed}"
        );
        assert!(!failed.to_string().contains("canary"), "{failed}");
    }
}

#[tokio::test]
async fn addresses_inside_are_refused_when_saved_and_when_tried() {
    let provider = FaultServer::start().await;
    let nobody = port_that_refuses().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    for url in [
        format!("http://{nobody}/v1"),
        "https://169.254.169.254/latest".to_owned(),
        "https://localhost/".to_owned(),
        "http://api.example.com/".to_owned(),
    ] {
        let unsaved = json!({ "unsaved": { "service": "openai", "apiKey": KEY, "baseUrl": url } });
        let refused = test(&ada, unsaved).await;
        assert_eq!(
            refused["fields"],
            json!([{ "path": ["baseUrl"] }]),
            "{url}: {refused}"
        );
        let document =
            "mutation($input: CreateApiConnectionInput!) { createApiConnection(input: $input) {
            ... on ValidationFailed { fields { path } } } }";
        let input = json!({ "name": "Inside", "service": "openai", "apiKey": KEY, "baseUrl": url });
        let refused = ada.query(document, json!({ "input": input })).await;
        assert_eq!(
            refused["createApiConnection"]["fields"],
            json!([{ "path": ["baseUrl"] }]),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_connection_of_somebody_else_is_not_there_and_a_key_that_does_not_open_is_told() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, eve) = (server.sign_up("Ada").await, server.sign_up("Eve").await);
    let made = connection(&ada, "Main", json!({ "apiKey": KEY })).await;
    let foreign = test(&eve, json!({ "id": made["id"] })).await;
    assert_eq!(foreign["__typename"], "NotFound");
    let mut root = server.database.root().await;
    sqlx::query("UPDATE api_connections SET api_key = 'v1.test.AAAA'")
        .execute(&mut root)
        .await
        .unwrap();
    let unreadable = test(&ada, json!({ "id": made["id"] })).await;
    assert_eq!(unreadable["code"], "KEY_UNREADABLE", "{unreadable}");
    let both = json!({ "id": made["id"], "unsaved": { "service": "openai", "apiKey": KEY } });
    let document = "mutation($input: TestApiConnectionInput!) { testApiConnection(input: $input) { __typename } }";
    assert_eq!(
        ada.code(document, json!({ "input": both })).await,
        "GRAPHQL_VALIDATION_FAILED"
    );
}

#[tokio::test]
async fn trying_too_often_is_refused() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--runs-per-minute=2"]).await;
    let ada = server.sign_up("Ada").await;
    let echo = json!({ "unsaved": { "service": "echo", "apiKey": "none" } });
    for _ in 0..2 {
        assert_eq!(test(&ada, echo.clone()).await["models"], json!(["echo"]));
    }
    assert_eq!(test(&ada, echo).await["__typename"], "TooManyRequests");
}
