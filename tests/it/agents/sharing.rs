//! Who in an organisation sees and changes which agent.

use serde_json::{Value, json};

use super::{create, mutate, names, outcome, read};
use crate::support::Server;

#[tokio::test]
async fn member_sees_what_is_shared_and_changes_only_their_own() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let bob = server.join(&ada, &bob, "member").await;
    let private = create(&ada, "Private").await["id"].clone();
    let input =
        json!({ "name": "Shared", "systemPrompt": "Be kind.", "visibility": "ORGANIZATION" });
    let shared = mutate(&ada, "createAgent", input).await["agent"].take();
    assert_eq!(names(&bob, "").await, ["Shared"]);
    assert_eq!(read(&bob, &private).await, Value::Null);
    assert_eq!(read(&bob, &shared["id"]).await, shared);
    for (id, refusal) in [(&private, "NotFound"), (&shared["id"], "Forbidden")] {
        for (field, input) in [
            ("updateAgent", json!({ "id": id, "name": "Bob's" })),
            ("updateAgent", json!({ "id": id })),
            ("deleteAgent", json!({ "id": id })),
            (
                "transferAgent",
                json!({ "id": id, "newOwnerId": bob.user_id }),
            ),
        ] {
            assert_eq!(outcome(&bob, field, input).await, refusal, "{field}");
        }
    }
    // Taking the share back ends it at once.
    let input = json!({ "id": shared["id"], "visibility": "PRIVATE" });
    mutate(&ada, "updateAgent", input).await;
    assert_eq!(read(&bob, &shared["id"]).await, Value::Null);
    assert_eq!(
        outcome(&bob, "duplicateAgent", json!({ "id": shared["id"] })).await,
        "NotFound"
    );
    assert!(names(&bob, "").await.is_empty());
}

#[tokio::test]
async fn admin_sees_and_changes_everyones_agents() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (bob, cleo) = (server.sign_up("Bob").await, server.sign_up("Cleo").await);
    let bob = server.join(&ada, &bob, "member").await;
    let cleo = server.join(&ada, &cleo, "admin").await;
    let id = create(&bob, "Bob's").await["id"].clone();
    for manager in [&ada, &cleo] {
        assert_eq!(names(manager, "").await, ["Bob's"]);
        let input = json!({ "id": id, "description": "Seen" });
        let changed = mutate(manager, "updateAgent", input).await;
        assert_eq!(changed["agent"]["ownerId"], bob.user_id, "{changed}");
    }
    // They take over what a member leaves behind.
    let input = json!({ "id": id, "newOwnerId": cleo.user_id });
    assert_eq!(
        outcome(&cleo, "transferAgent", input).await,
        "TransferAgentSuccess"
    );
    assert!(names(&bob, "").await.is_empty());
    assert_eq!(
        outcome(&ada, "deleteAgent", json!({ "id": id })).await,
        "DeleteAgentSuccess"
    );
}

#[tokio::test]
async fn agents_of_one_organization_stay_out_of_the_other() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "admin").await;
    let home = create(&bob, "At home").await["id"].clone();
    let away = create(&guest, "Away").await["id"].clone();
    assert_eq!(names(&bob, "").await, ["At home"]);
    assert_eq!(names(&guest, "").await, ["Away"]);
    assert_eq!(read(&bob, &away).await, Value::Null);
    assert_eq!(read(&guest, &home).await, Value::Null);
    assert_eq!(
        outcome(&guest, "deleteAgent", json!({ "id": home })).await,
        "NotFound"
    );
}

#[tokio::test]
async fn limit_of_agents_holds_under_concurrent_creates() {
    let server = Server::start_with(&["--max-agents=3"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let bob = server.join(&ada, &bob, "member").await;
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let caller = if number % 2 == 0 {
                ada.clone()
            } else {
                bob.clone()
            };
            tokio::spawn(async move {
                let input =
                    json!({ "name": format!("Agent {number}"), "systemPrompt": "Be kind." });
                outcome(&caller, "createAgent", input).await
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap().as_str() {
            "CreateAgentSuccess" => made += 1,
            other => assert_eq!(other, "LimitReached"),
        }
    }
    assert_eq!(made, 3);
    let all = names(&ada, "").await;
    assert_eq!(all.len(), 3, "{all:?}");
    let document = r#"mutation($id: ID!) {
        createAgent(input: { name: "a", systemPrompt: "b" }) { ... on LimitReached { limit message } }
        duplicateAgent(input: { id: $id }) { __typename } }"#;
    let first = ada
        .query("{ agents(first: 1) { nodes { id } } }", json!({}))
        .await;
    let id = first["agents"]["nodes"][0]["id"].clone();
    let full = ada.query(document, json!({ "id": id })).await;
    assert_eq!(full["createAgent"]["limit"], 3);
    assert_eq!(full["duplicateAgent"]["__typename"], "LimitReached");
    // A deletion makes room, and another organisation has its own.
    assert_eq!(
        outcome(&ada, "deleteAgent", json!({ "id": id })).await,
        "DeleteAgentSuccess"
    );
    create(&bob, "Next").await;
    create(&bob.in_organization(""), "At home").await;
}
