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
        assert_eq!(event["credential"], "BEARER");
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
    // Both of one moment.
    let mut noted = actions(&ada, "").await;
    noted.sort();
    assert_eq!(noted, ["session.create", "user.sign_up"]);
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
    let of_agents = r#"(filter: { targetType: "Agent" })"#;
    assert_eq!(actors(events(&bob, "").await), [bob.user_id.clone()]);
    for admin in [&ada, &eve] {
        assert_eq!(
            actors(events(admin, of_agents).await),
            [bob.user_id.clone(), ada.user_id.clone()]
        );
    }
    let of_stranger = actors(events(&stranger, "").await);
    assert!(of_stranger.iter().all(|actor| *actor == stranger.user_id));
    let of_ada = format!(
        r#"(filter: {{ actorUserId: "{}", targetType: "Agent" }})"#,
        ada.user_id
    );
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
        9
    );
    let page = "query($after: String) { auditEvents(first: 3, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut ids) = (Value::Null, Vec::new());
    loop {
        let data = ada.query(page, json!({ "after": after })).await["auditEvents"].take();
        assert_eq!(data["totalCount"], 9);
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
    assert_eq!(ids.len(), 9);
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

async fn done(caller: &Caller, field: &str, input: Value) {
    let ended = crate::conversations::mutate(caller, field, "__typename", input).await;
    let kind = ended["__typename"].as_str().unwrap();
    assert!(kind.ends_with("Success"), "{ended}");
}

/// The metadata of the newest event of this action.
async fn told(caller: &Caller, action: &str) -> Value {
    let mut events = events(caller, &format!(r#"(filter: {{ action: "{action}" }})"#)).await;
    events[0]["metadata"].take()
}

#[tokio::test]
async fn changes_of_agents_tell_before_and_after_and_nothing_long() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada).await;
    let prompt = "p".repeat(501);
    let input = json!({ "id": id, "name": "New", "systemPrompt": prompt, "temperature": 0.7 });
    done(&ada, "updateAgent", input).await;
    let update = told(&ada, "agent.update").await;
    assert_eq!(
        update["before"],
        json!({ "name": "Helper", "systemPrompt": "Be kind." })
    );
    assert_eq!(update["after"]["name"], "New");
    assert_eq!(update["after"]["systemPrompt"]["characters"], 501);
    assert!(!update.to_string().contains("ppp"), "{update}");
    let bob = server.sign_up("Bob").await;
    server.join(&ada, &bob, "member").await;
    let input = json!({ "id": id, "newOwnerId": bob.user_id });
    done(&ada, "transferAgent", input).await;
    assert_eq!(
        told(&ada, "agent.transfer").await,
        json!({ "before": { "ownerId": ada.user_id }, "after": { "ownerId": bob.user_id }, "endedLinks": 0 })
    );
    done(&ada, "deleteAgent", json!({ "id": id })).await;
    let gone = told(&ada, "agent.delete").await;
    assert_eq!(
        (&gone["before"]["name"], &gone["after"]),
        (&json!("New"), &json!({}))
    );
}

#[tokio::test]
async fn changes_of_connections_tell_what_their_readers_may_see() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "Nobody else's", json!({})).await["id"].clone();
    let change = async |input: Value| {
        let mut input = input;
        input["id"] = id.clone();
        mutate(&ada, "updateApiConnection", input).await;
        told(&ada, "api_connection.update").await
    };
    assert_eq!(
        change(json!({ "name": "Still nobody's", "service": "github" })).await,
        json!({ "before": { "service": "openai" }, "after": { "service": "github" }, "concealed": ["name"] })
    );
    assert_eq!(
        change(json!({ "name": "Ours", "visibility": "ORGANIZATION" })).await,
        json!({ "before": { "visibility": "private" }, "after": { "visibility": "organization" }, "concealed": ["name"] })
    );
    assert_eq!(
        change(json!({ "name": "Everyone's", "baseUrl": "https://example.com/v1" })).await,
        json!({ "before": { "name": "Ours", "baseUrl": null },
                "after": { "name": "Everyone's", "baseUrl": "https://example.com/v1" } })
    );
    assert_eq!(
        change(json!({ "name": "Everyone's" })).await,
        json!({ "before": {}, "after": {} })
    );
}

#[tokio::test]
async fn changes_of_keys_members_organizations_and_people_tell_before_and_after() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    server.join(&ada, &bob, "member").await;
    let made = "mutation { createApiKey(input: { name: \"ci\" }) { ... on CreateApiKeySuccess { key apiKey { id } } } }";
    let made = ada.query(made, json!({})).await["createApiKey"].take();
    let id = &made["apiKey"]["id"];
    let permissions = json!({ "agents": ["read"] });
    let wanted = [
        (
            "updateApiKey",
            json!({ "id": id, "enabled": false, "permissions": permissions }),
            "api_key.update",
            json!({ "before": { "enabled": true, "permissions": null },
                 "after": { "enabled": false, "permissions": permissions } }),
        ),
        (
            "updateMemberRole",
            json!({ "userId": bob.user_id, "role": "ADMIN" }),
            "member.update_role",
            json!({ "before": { "role": "member" }, "after": { "role": "admin" } }),
        ),
        (
            "removeMember",
            json!({ "userId": bob.user_id }),
            "member.remove",
            json!({ "before": { "role": "admin" }, "after": {} }),
        ),
        (
            "updateOrganization",
            json!({ "name": "Acme" }),
            "organization.update",
            json!({ "before": { "name": "Ada" }, "after": { "name": "Acme" } }),
        ),
        (
            "updateProfile",
            json!({ "name": "Ada L.", "bio": "Here.", "preferences": { "canary": 1 } }),
            "user.update",
            json!({ "before": { "name": "Ada", "bio": null }, "after": { "name": "Ada L.", "bio": "Here." },
                 "concealed": ["preferences"] }),
        ),
    ];
    for (field, input, action, metadata) in wanted {
        done(&ada, field, input).await;
        assert_eq!(told(&ada, action).await, metadata, "{action}");
    }
    done(&ada, "deleteApiKey", json!({ "id": id })).await;
    let all = json!(events(&ada, "(first: 100)").await).to_string();
    assert!(!all.contains("canary") && !all.contains(made["key"].as_str().unwrap()));
}
