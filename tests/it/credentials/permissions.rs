//! What a key may be used for.

use serde_json::{Value, json};

use super::{key, send};
use crate::support::Server;

/// A document for each noun and action.
const DOCUMENTS: [(&str, &str); 11] = [
    ("agents:read", "{ agents { totalCount } }"),
    (
        "agents:write",
        r#"mutation { deleteAgent(input: { id: "x" }) { __typename } }"#,
    ),
    ("audit:read", "{ auditEvents { totalCount } }"),
    ("connections:read", "{ apiConnections { totalCount } }"),
    (
        "connections:write",
        r#"mutation { deleteApiConnection(input: { id: "x" }) { __typename } }"#,
    ),
    ("conversations:read", "{ conversations { totalCount } }"),
    (
        "conversations:write",
        r#"mutation { deleteConversation(input: { id: "x" }) { __typename } }"#,
    ),
    (
        "feedback:write",
        r#"mutation { giveFeedback(input: { messageId: "x", rating: UP }) { __typename } }"#,
    ),
    ("messages:read", r#"{ message(id: "x") { id } }"#),
    (
        "messages:write",
        r#"mutation { appendMessage(input: { conversationId: "x", role: USER, content: "x" }) { __typename } }"#,
    ),
    ("profile:read", "{ viewer { user { id } } }"),
];

/// What of the above these permissions let through.
async fn granted(server: &Server, key: &str) -> Vec<&'static str> {
    let mut granted = Vec::new();
    for (name, document) in DOCUMENTS {
        let (status, body) = send(server, document, &[("x-api-key", key)]).await;
        assert_eq!(status, 200, "{name}: {body}");
        let code = &body["errors"][0]["extensions"]["code"];
        if code == "FORBIDDEN" {
            assert!(body.to_string().contains(name), "{name}: {body}");
        } else {
            granted.push(name);
        }
    }
    granted
}

#[tokio::test]
async fn key_is_good_for_what_its_permissions_say_and_no_more() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let all: Vec<&str> = DOCUMENTS.iter().map(|(name, _)| *name).collect();
    let reads: Vec<&str> = all
        .iter()
        .copied()
        .filter(|name| name.ends_with("read"))
        .collect();
    for (permissions, expected) in [
        (Value::Null, all.clone()),
        (json!({ "*": ["*"] }), all.clone()),
        (json!({ "*": ["read"] }), reads),
        (json!({}), vec![]),
        (json!({ "agents": ["read"] }), vec!["agents:read"]),
        (
            json!({ "agents": ["*"] }),
            vec!["agents:read", "agents:write"],
        ),
        (
            json!({ "connections": ["write"] }),
            vec!["connections:write"],
        ),
        (json!({ "project": ["read", "write"] }), vec![]),
    ] {
        let input = json!({ "name": "ci", "permissions": permissions });
        let (key, _) = key(&ada, input).await;
        assert_eq!(granted(&server, &key).await, expected, "{permissions}");
    }
}

#[tokio::test]
async fn nested_fields_and_nodes_are_guarded_too() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let made = ada
        .query(
            r#"mutation { createAgent(input: { name: "A", systemPrompt: "p" }) { ... on CreateAgentSuccess { agent { id } } } }"#,
            json!({}),
        )
        .await;
    let agent = made["createAgent"]["agent"]["id"].as_str().unwrap();
    let only = |noun: &str| json!({ "name": "ci", "permissions": { noun: ["read"] } });
    let (agents, _) = key(&ada, only("agents")).await;
    let (messages, _) = key(&ada, only("messages")).await;
    let nested = "{ agents { nodes { id apiConnections { id } } } }";
    let (_, body) = send(&server, nested, &[("x-api-key", &agents)]).await;
    assert_eq!(
        body["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{body}"
    );
    let node = format!(r#"{{ node(id: "{agent}") {{ id }} }}"#);
    let (_, body) = send(&server, &node, &[("x-api-key", &agents)]).await;
    assert_eq!(body["data"]["node"]["id"], agent);
    let (_, body) = send(&server, &node, &[("x-api-key", &messages)]).await;
    assert_eq!(
        body["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{body}"
    );
}
