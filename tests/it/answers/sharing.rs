//! A shared agent answers by its owner's key for colleagues who may not see that key's connection.

use agentry_provider_testkit::FaultServer;
use serde_json::{Value, json};

use super::{agent, ended, linked, send, working};

#[tokio::test]
async fn a_colleague_is_answered_by_the_owners_connection_and_does_not_see_it() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "visibility": "ORGANIZATION" })).await;
    let key = "sk-of-ada-0123456789";
    let link = linked(&ada, &provider, &helper, json!({ "apiKey": key })).await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let run = ended(&bob, &send(&bob, &helper, "Hello?").await).await;
    assert_eq!(run["reply"]["content"], "Hello there", "{run}");
    assert_eq!(run["connection"], Value::Null, "it is none of his");
    let asked = &provider.requests()[0];
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {key}").as_str())
    );
    let query = "query($id: ID!) { apiConnection(id: $id) { id } }";
    assert_eq!(
        bob.query(query, json!({ "id": link })).await["apiConnection"],
        Value::Null
    );
    let used = "query($id: ID!) { apiConnection(id: $id) { lastUsedAt } }";
    let used = ada.query(used, json!({ "id": link })).await;
    assert!(used["apiConnection"]["lastUsedAt"].is_string(), "{used}");
}
