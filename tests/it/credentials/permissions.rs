//! What a key may be used for.

use agentry_crypto::sha256;
use serde_json::{Value, json};

use super::{key, send};
use crate::organizations::founded;
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

#[tokio::test]
async fn key_that_may_not_invite_sees_no_id_of_an_invitation() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let invite = r#"mutation { inviteMember(input: { email: "bob@example.com" }) {
        ... on InviteMemberSuccess { invitation { id } } } }"#;
    let mut made = team.query(invite, json!({})).await;
    let Value::String(id) = made["inviteMember"]["invitation"]["id"].take() else {
        panic!("{made}")
    };
    let organizations = "{ viewer { organization { invitations { id } } } }";
    let mine = "{ viewer { invitations { id } } }";
    let trail =
        r#"{ auditEvents(filter: { targetType: "Invitation" }) { nodes { id targetId } } }"#;
    let there = ("x-organization-id", team.organization_id.as_str());
    let listed = json!([{ "id": id }]);
    for (permissions, owner, sees) in [
        (json!({ "*": ["read"] }), "USER", false),
        (json!({ "*": ["read"] }), "ORGANIZATION", false),
        (json!({ "*": ["read"], "members": ["read"] }), "USER", false),
        (json!({ "*": ["read"], "members": ["write"] }), "USER", true),
        (json!({ "*": ["read", "write"] }), "ORGANIZATION", true),
        (Value::Null, "USER", true),
    ] {
        let mut input = json!({ "name": "ci", "owner": owner, "permissions": permissions });
        if owner == "ORGANIZATION" {
            input["role"] = json!("ADMIN");
        }
        let (key, _) = key(&team, input).await;
        let ask = async |document: &str| {
            let (status, body) = send(&server, document, &[("x-api-key", &key), there]).await;
            assert_eq!(status, 200, "{body}");
            body
        };
        let (theirs, own, told) = (ask(organizations).await, ask(mine).await, ask(trail).await);
        let event = &told["data"]["auditEvents"]["nodes"][0];
        let node = format!(
            "{{ node(id: {}) {{ ... on AuditEvent {{ targetId }} }} }}",
            event["id"]
        );
        let again = ask(&node).await;
        assert_eq!(again["data"]["node"]["targetId"], event["targetId"]);
        if sees {
            let seen = &theirs["data"]["viewer"]["organization"]["invitations"];
            assert_eq!(*seen, listed, "{permissions}: {theirs}");
            assert!(own.get("errors").is_none(), "{own}");
            assert_eq!(event["targetId"], id, "{permissions}");
            continue;
        }
        for body in [&theirs, &own] {
            let error = &body["errors"][0];
            assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{body}");
            assert!(body.to_string().contains("members:write"), "{body}");
        }
        assert_eq!(event["targetId"], sha256(&id), "{permissions}");
        for body in [theirs, own, told, again] {
            assert!(!body.to_string().contains(&id), "{permissions}: {body}");
        }
    }
    // A session is its person, whichever way it comes.
    let seen = team.query(organizations, json!({})).await;
    assert_eq!(seen["viewer"]["organization"]["invitations"], listed);
    let seen = team.query(trail, json!({})).await;
    assert_eq!(seen["auditEvents"]["nodes"][0]["targetId"], id);
}
