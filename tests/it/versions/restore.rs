//! Going back to a version.

use serde_json::{Value, json};

use super::{agent, restore, root, update, versions};
use crate::support::Server;

#[tokio::test]
async fn going_back_makes_a_new_version_equal_to_the_old_one() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    update(
        &ada,
        &id,
        json!({ "systemPrompt": "Two.", "model": "echo", "temperature": 1.5, "maxTokens": 9 }),
    )
    .await;
    update(
        &ada,
        &id,
        json!({ "systemPrompt": "Three.", "name": "Third" }),
    )
    .await;
    let back = restore(&ada, &id, 1, None).await;
    assert_eq!(
        back["agent"],
        json!({ "id": id, "name": "Third", "version": 4, "systemPrompt": "One.", "model": "gpt-3.5-turbo", "temperature": 0.7,
                "maxTokens": null })
    );
    let made = &back["agentVersion"];
    assert_eq!(
        made["changed"],
        json!(["SYSTEM_PROMPT", "MODEL", "TEMPERATURE", "MAX_TOKENS"])
    );
    let all = versions(&ada, &id).await;
    assert_eq!(all.len(), 4);
    assert_eq!((&all[3], &all[3]["version"]), (made, &json!(4)));
    assert_eq!(all[3]["checksum"], all[0]["checksum"]);
    assert_ne!(all[3]["id"], all[0]["id"]);
    let forth = restore(&ada, &id, 2, None).await;
    assert_eq!(forth["agentVersion"]["version"], 5);
    assert_eq!(forth["agent"]["maxTokens"], 9);
    // Like that already, by its own number or by another's.
    for same in [5, 2] {
        let again = restore(&ada, &id, same, None).await;
        assert_eq!(again["agentVersion"], forth["agentVersion"]);
    }
    assert_eq!(versions(&ada, &id).await.len(), 5);

    let told: Vec<Value> = sqlx::query_scalar(
        "SELECT metadata FROM audit_events WHERE action = 'agent.restore_version' AND target_id = $1 ORDER BY created_at, id",
    )
    .bind(&id)
    .fetch_all(&root(&server).await)
    .await
    .unwrap();
    assert_eq!(
        told[0],
        json!({
            "restoredVersion": 1, "version": 4,
            "before": { "systemPrompt": "Three.", "model": "echo", "temperature": "1.5", "maxTokens": 9 },
            "after": { "systemPrompt": "One.", "model": "gpt-3.5-turbo", "temperature": "0.7", "maxTokens": null },
        })
    );
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn who_may_change_the_agent_may_and_to_others_it_is_missing_or_forbidden() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let cid = server.sign_up("Cid").await;
    let cid = server.join(&ada, &cid, "admin").await;
    let eve = server.sign_up("Eve").await;
    let shared = agent(&ada, "One.", "ORGANIZATION").await;
    let private = agent(&ada, "One.", "PRIVATE").await;
    for id in [&shared, &private] {
        update(&ada, id, json!({ "systemPrompt": "Two." })).await;
    }
    let missing = "tz4a98xxat96iws9zmbrgj3a";
    let mut texts = std::collections::BTreeSet::new();
    for (caller, id) in [
        (&bob, &*private),
        (&eve, &shared),
        (&eve, &private),
        (&ada, missing),
        (&ada, "a\0b"),
        (&ada, ""),
    ] {
        let refused = restore(caller, id, 1, None).await;
        assert_eq!(refused["__typename"], "NotFound", "{refused}");
        texts.insert(refused["message"].to_string());
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
    let forbidden = restore(&bob, &shared, 1, None).await;
    assert_eq!(forbidden["__typename"], "Forbidden", "{forbidden}");
    // A version that is not there is no more there for who may not.
    assert_eq!(
        restore(&bob, &shared, 9, None).await["__typename"],
        "Forbidden"
    );
    for version in [0, -1, 3, i32::MAX, i32::MIN] {
        let refused = restore(&ada, &shared, version, Some("key")).await;
        assert_eq!(refused["__typename"], "NotFound", "{version}: {refused}");
    }
    assert_eq!(versions(&ada, &shared).await.len(), 2);
    let done = restore(&cid, &shared, 1, None).await;
    assert_eq!(
        done["agentVersion"]["createdById"],
        json!(cid.user_id),
        "{done}"
    );
}

#[tokio::test]
async fn a_key_goes_back_once_and_is_good_for_one_input() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    update(&ada, &id, json!({ "systemPrompt": "Two." })).await;
    let first = restore(&ada, &id, 1, Some("back")).await;
    assert_eq!(first["agentVersion"]["version"], 3);
    update(&ada, &id, json!({ "systemPrompt": "Four." })).await;
    let again = restore(&ada, &id, 1, Some("back")).await;
    assert_eq!(again["agentVersion"], first["agentVersion"]);
    assert_eq!(again["agent"]["systemPrompt"], "Four.");
    let other = restore(&ada, &id, 2, Some("back")).await;
    assert_eq!(other["__typename"], "Conflict", "{other}");
    for key in ["", "a\0b", &"x".repeat(256)] {
        let refused = restore(&ada, &id, 1, Some(key)).await;
        assert_eq!(refused["__typename"], "ValidationFailed", "{refused}");
    }
    assert_eq!(versions(&ada, &id).await.len(), 4);
}
