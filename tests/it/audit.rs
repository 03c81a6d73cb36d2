//! Audit events.

use serde_json::{Value, json};

use crate::api_connections::{create, mutate};
use crate::support::{Caller, Server};

const FIELDS: &str = "id action actorUserId credential targetType targetId metadata ip createdAt";

async fn events(caller: &Caller, arguments: &str) -> Vec<Value> {
    let query = format!("{{ auditEvents{arguments} {{ nodes {{ {FIELDS} }} }} }}");
    let data = caller.query(&query, json!({})).await;
    data["auditEvents"]["nodes"].as_array().unwrap().clone()
}

async fn actions(caller: &Caller, arguments: &str) -> Vec<String> {
    let events = events(caller, arguments).await;
    let action = |event: &Value| event["action"].as_str().unwrap().to_owned();
    events.iter().map(action).collect()
}

async fn agent(caller: &Caller) -> Value {
    let document = r#"mutation { createAgent(input: { name: "Helper", systemPrompt: "Be kind." }) {
        ... on CreateAgentSuccess { agent { id } } } }"#;
    caller.query(document, json!({})).await["createAgent"]["agent"]["id"].take()
}

/// Makes, changes, links and deletes a connection; its id.
async fn live(caller: &Caller) -> Value {
    let helper = agent(caller).await;
    let id = create(caller, "Nobody else's business", json!({})).await["id"].clone();
    let pair = json!({ "agentId": helper, "apiConnectionId": id });
    for (field, input) in [
        (
            "updateApiConnection",
            json!({ "id": id, "name": "Still nobody's" }),
        ),
        (
            "rotateApiConnectionKey",
            json!({ "id": id, "apiKey": "sk-canary-0123456789" }),
        ),
        ("linkApiConnection", pair.clone()),
        ("unlinkApiConnection", pair),
        ("deleteApiConnection", json!({ "id": id })),
    ] {
        let outcome = mutate(caller, field, input).await;
        let success = format!("{}{}Success", field[..1].to_uppercase(), &field[1..]);
        assert_eq!(outcome["__typename"], success, "{outcome}");
    }
    id
}

#[tokio::test]
async fn every_change_of_a_connection_is_noted_newest_first() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = live(&ada).await;
    let of_connections = r#"(filter: { targetType: "ConnectedApi" })"#;
    let expected = [
        "api_connection.delete",
        "api_connection.unlink",
        "api_connection.link",
        "api_connection.rotate_key",
        "api_connection.update",
        "api_connection.create",
    ];
    assert_eq!(actions(&ada, of_connections).await, expected);
    for event in events(&ada, of_connections).await {
        assert_eq!(event["targetId"], id);
        assert_eq!(event["actorUserId"], ada.user_id);
        assert_eq!(event["credential"], "bearer");
        assert!(event["metadata"].is_object(), "{event}");
        // An admin reads every event, and may not see a private connection of someone else.
        let text = event.to_string();
        assert!(
            !text.contains("canary") && !text.contains("obody"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_failed_is_not_noted() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for (field, input) in [
        (
            "createApiConnection",
            json!({ "name": "", "service": "x", "apiKey": "y" }),
        ),
        ("updateApiConnection", json!({ "id": "x", "name": "y" })),
        ("deleteApiConnection", json!({ "id": "x" })),
        (
            "linkApiConnection",
            json!({ "agentId": "x", "apiConnectionId": "y" }),
        ),
    ] {
        mutate(&ada, field, input).await;
    }
    assert!(events(&ada, "").await.is_empty());
}

#[tokio::test]
async fn a_member_sees_their_own_events_and_an_admin_everyones() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let stranger = server.sign_up("Mallory").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let eve = server
        .join(&ada, &server.sign_up("Eve").await, "admin")
        .await;
    agent(&ada).await;
    agent(&bob).await;
    let actors = |events: Vec<Value>| {
        events
            .iter()
            .map(|event| event["actorUserId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(actors(events(&bob, "").await), [bob.user_id.clone()]);
    for admin in [&ada, &eve] {
        assert_eq!(
            actors(events(admin, "").await),
            [bob.user_id.clone(), ada.user_id.clone()]
        );
    }
    assert!(events(&stranger, "").await.is_empty());
    let of_ada = format!(r#"(filter: {{ actorUserId: "{}" }})"#, ada.user_id);
    assert_eq!(actors(events(&eve, &of_ada).await), [ada.user_id.clone()]);
    assert!(events(&bob, &of_ada).await.is_empty());
    let event = events(&ada, &of_ada).await[0]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { __typename id } }";
    let seen = json!({ "__typename": "AuditEvent", "id": event });
    assert_eq!(eve.query(node, json!({ "id": event })).await["node"], seen);
    for other in [&bob, &stranger] {
        assert_eq!(
            other.query(node, json!({ "id": event })).await["node"],
            Value::Null
        );
    }
}

#[tokio::test]
async fn events_are_filtered_and_paged() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    live(&ada).await;
    assert_eq!(
        actions(&ada, r#"(filter: { action: "agent.create" })"#).await,
        ["agent.create"]
    );
    assert_eq!(
        actions(&ada, r#"(filter: { targetType: "Agent" })"#).await,
        ["agent.create"]
    );
    assert!(
        actions(&ada, r#"(filter: { until: "2000-01-01T00:00:00Z" })"#)
            .await
            .is_empty()
    );
    assert!(
        actions(&ada, r#"(filter: { since: "2100-01-01T00:00:00Z" })"#)
            .await
            .is_empty()
    );
    assert_eq!(
        actions(
            &ada,
            r#"(filter: { since: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z" })"#
        )
        .await
        .len(),
        7
    );
    let page = "query($after: String) { auditEvents(first: 3, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut ids) = (Value::Null, Vec::new());
    loop {
        let data = ada.query(page, json!({ "after": after })).await["auditEvents"].take();
        assert_eq!(data["totalCount"], 7);
        ids.extend(
            data["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["id"].as_str().unwrap().to_owned()),
        );
        if data["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = data["pageInfo"]["endCursor"].clone();
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

#[tokio::test]
async fn arguments_out_of_bounds_are_bad_input() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for arguments in [
        "first: 0",
        "first: 101",
        "first: -1",
        "first: 1, last: 1",
        r#"after: "forged""#,
        r#"filter: { action: "a\u0000" }"#,
        r#"filter: { targetType: "a\u0000" }"#,
        r#"filter: { since: "-4800-01-01T00:00:00Z" }"#,
        r#"filter: { until: "+200000-01-01T00:00:00Z" }"#,
    ] {
        let query = format!("{{ auditEvents({arguments}) {{ totalCount }} }}");
        assert_eq!(
            ada.code(&query, json!({})).await,
            "BAD_USER_INPUT",
            "{arguments}"
        );
    }
    assert!(
        actions(&ada, r#"(filter: { actorUserId: "a\u0000" })"#)
            .await
            .is_empty()
    );
}
