//! A creating mutation sent again with its key.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{mutate, names, outcome};
use crate::support::Server;

fn input(name: &str, key: &str) -> Value {
    json!({ "name": name, "systemPrompt": "Be kind.", "idempotencyKey": key })
}

#[tokio::test]
async fn one_key_at_once_makes_one_agent() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { mutate(&ada, "createAgent", input("Once", "key-1")).await })
        })
        .collect();
    let mut ids = HashSet::new();
    for task in tasks {
        let made = task.await.unwrap();
        assert_eq!(made["__typename"], "CreateAgentSuccess", "{made}");
        ids.insert(made["agent"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(names(&ada, "").await, ["Once"]);
}

#[tokio::test]
async fn key_with_another_input_is_a_conflict() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let made = mutate(&ada, "createAgent", input("Once", "key-1")).await["agent"].take();
    assert_eq!(
        outcome(&ada, "createAgent", input("Other", "key-1")).await,
        "Conflict"
    );
    let mut with_default = input("Once", "key-1");
    with_default["visibility"] = json!("ORGANIZATION");
    assert_eq!(outcome(&ada, "createAgent", with_default).await, "Conflict");
    let copy = json!({ "id": made["id"], "idempotencyKey": "key-1" });
    assert_eq!(outcome(&ada, "duplicateAgent", copy).await, "Conflict");
    assert_eq!(names(&ada, "").await, ["Once"]);
    // Neither the case of a key nor white space is ignored.
    for key in ["KEY-1", " key-1", &"k".repeat(255)] {
        assert_eq!(
            outcome(&ada, "createAgent", input("Once", key)).await,
            "CreateAgentSuccess"
        );
    }
    assert_eq!(names(&ada, "").await.len(), 4);
}

#[tokio::test]
async fn key_is_its_users_own_in_each_organization() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "member").await;
    let mut ids = HashSet::new();
    for caller in [&ada, &bob, &guest] {
        let made = mutate(caller, "createAgent", input(&caller.user_id, "key-1")).await;
        assert_eq!(made["agent"]["ownerId"], caller.user_id, "{made}");
        ids.insert(made["agent"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn refused_create_does_not_use_its_key_up() {
    let server = Server::start_with(&["--max-agents=1"]).await;
    let ada = server.sign_up("Ada").await;
    let first = mutate(&ada, "createAgent", input("First", "key-1")).await["agent"].take();
    assert_eq!(
        outcome(&ada, "createAgent", input("Second", "key-2")).await,
        "LimitReached"
    );
    assert_eq!(
        outcome(&ada, "deleteAgent", json!({ "id": first["id"] })).await,
        "DeleteAgentSuccess"
    );
    assert_eq!(
        outcome(&ada, "createAgent", input("Changed", "key-2")).await,
        "CreateAgentSuccess"
    );
    // What a key made is not made again when it is gone.
    assert_eq!(
        outcome(&ada, "createAgent", input("First", "key-1")).await,
        "Conflict"
    );
}

#[tokio::test]
async fn copy_sent_again_is_the_same_copy_whatever_became_of_the_original() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let original = mutate(&ada, "createAgent", input("Once", "key-1")).await["agent"].take();
    let again = json!({ "id": original["id"], "idempotencyKey": "key-2" });
    let copy = mutate(&ada, "duplicateAgent", again.clone()).await["agent"].take();
    assert_eq!(
        mutate(&ada, "duplicateAgent", again.clone()).await["agent"],
        copy
    );
    assert_eq!(
        outcome(&ada, "deleteAgent", json!({ "id": original["id"] })).await,
        "DeleteAgentSuccess"
    );
    assert_eq!(mutate(&ada, "duplicateAgent", again).await["agent"], copy);
    assert_eq!(names(&ada, "").await, ["Once (copy)"]);
}
