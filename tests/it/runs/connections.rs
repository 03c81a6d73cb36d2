//! Which connection a run needs.

use serde_json::{Value, json};

use super::{agent, ask, done, still, stored};
use crate::conversations::mutate;
use crate::support::Caller;

async fn connection(caller: &Caller, service: &str, visibility: &str) -> Value {
    let input = json!({ "name": service, "service": service, "apiKey": "sk-0123456789abcdef", "visibility": visibility });
    let mut made = mutate(caller, "createApiConnection", "apiConnection { id }", input).await;
    made["apiConnection"]["id"].take()
}

async fn link(caller: &Caller, agent: &str, service: &str, visibility: &str) {
    let connection = connection(caller, service, visibility).await;
    let pair = json!({ "agentId": agent, "apiConnectionId": connection });
    let linked = mutate(caller, "linkApiConnection", "__typename", pair).await;
    assert_eq!(linked["__typename"], "LinkApiConnectionSuccess", "{linked}");
}

async fn send(caller: &Caller, agent: &str) -> Value {
    let input = json!({ "agentId": agent, "content": "Hello" });
    ask(caller, "sendMessage", input).await
}

#[tokio::test]
async fn missing_connection_is_named_and_nothing_is_stored() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    // A connection that is there and not linked is none.
    connection(&ada, "openai", "PRIVATE").await;
    for (model, linked, service) in [
        ("gpt-4o", "", json!("openai")),
        ("gpt-4o", "anthropic", json!("openai")),
        ("claude-sonnet-4-5", "openai", json!("anthropic")),
        ("groq/llama-3.3-70b", "openai", json!("groq")),
        ("llama-3.3-70b", "", Value::Null),
        ("llama-3.3-70b", "github", Value::Null),
        ("no-such-model", "groq openai", Value::Null),
    ] {
        let agent = agent(&ada, model, "PRIVATE").await;
        for service in linked.split_whitespace() {
            link(&ada, &agent, service, "PRIVATE").await;
        }
        let outcome = send(&ada, &agent).await;
        assert_eq!(outcome["__typename"], "ConnectionMissing", "{outcome}");
        assert_eq!(
            (&outcome["service"], &outcome["model"]),
            (&service, &json!(model))
        );
        let message = outcome["message"].as_str().unwrap();
        assert!(
            message.contains(model) && message.contains(service.as_str().unwrap_or("service/")),
            "{message}"
        );
    }
    assert_eq!(stored(&server).await, (0, 0, 0));
    let read = "{ conversations { totalCount } }";
    assert_eq!(
        ada.query(read, json!({})).await["conversations"]["totalCount"],
        0
    );
}

#[tokio::test]
async fn linked_connection_serves_and_another_model_needs_another() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "gpt-4o", "PRIVATE").await;
    link(&ada, &agent, "openai", "PRIVATE").await;
    let sent = send(&ada, &agent).await;
    assert_eq!(
        (&done(&sent)["run"]["service"], &sent["run"]["model"]),
        (&json!("openai"), &json!("gpt-4o"))
    );
    let turn = json!({ "id": agent, "model": "claude-sonnet-4-5" });
    mutate(&ada, "updateAgent", "__typename", turn).await;
    let into = json!({ "conversationId": sent["conversation"]["id"], "content": "x", "onBusy": "ENQUEUE" });
    let outcome = ask(&ada, "sendMessage", into).await;
    assert_eq!(outcome["service"], "anthropic", "{outcome}");
    for (field, input) in [
        (
            "regenerateMessage",
            json!({ "messageId": sent["message"]["id"], "onBusy": "ENQUEUE" }),
        ),
        (
            "editMessage",
            json!({ "messageId": sent["message"]["id"], "content": "y", "onBusy": "ENQUEUE" }),
        ),
    ] {
        let outcome = ask(&ada, field, input).await;
        assert_eq!(outcome["service"], "anthropic", "{field}: {outcome}");
    }
    assert_eq!(stored(&server).await, (1, 1, 1));
}

#[tokio::test]
async fn shared_agent_answers_colleagues_over_its_owners_private_connection() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let agent = agent(&ada, "gpt-4o", "ORGANIZATION").await;
    assert_eq!(send(&bob, &agent).await["__typename"], "ConnectionMissing");
    link(&ada, &agent, "openai", "PRIVATE").await;
    let sent = send(&bob, &agent).await;
    assert_eq!(done(&sent)["run"]["service"], "openai");
    // It serves him, and stays out of his sight.
    let read = "query($id: ID!, $run: ID!) { agent(id: $id) { apiConnections { id } } run(id: $run) { connection { id } } }";
    let read = bob
        .query(read, json!({ "id": agent, "run": sent["run"]["id"] }))
        .await;
    assert_eq!(
        read,
        json!({ "agent": { "apiConnections": [] }, "run": { "connection": null } })
    );
}
