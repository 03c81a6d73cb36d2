//! Changing, copying, handing over and deleting an agent.

use serde_json::{Value, json};

use super::{create, mutate, names, outcome, read, refused};
use crate::support::Server;

#[tokio::test]
async fn what_an_update_leaves_out_stays() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let full = json!({ "name": "Helper", "systemPrompt": "Be kind.", "description": "Helps", "model": "m-1",
                       "temperature": 1.25, "maxTokens": 64, "visibility": "ORGANIZATION" });
    let before = mutate(&ada, "createAgent", full).await["agent"].take();
    let id = before["id"].clone();
    for (field, value) in [
        ("name", json!("Other")),
        ("systemPrompt", json!("Be brief.")),
        ("description", json!("Else")),
        ("model", json!("m-2")),
        ("temperature", json!(0.5)),
        ("maxTokens", json!(65)),
        ("visibility", json!("PRIVATE")),
    ] {
        let was = read(&ada, &id).await;
        let mut input = json!({ "id": id });
        input[field] = value.clone();
        let now = mutate(&ada, "updateAgent", input).await["agent"].take();
        assert_eq!(now, read(&ada, &id).await);
        let (Value::Object(was), Value::Object(now)) = (was, now) else {
            panic!("objects")
        };
        for (name, old) in &was {
            match name.as_str() {
                "updatedAt" => assert!(old.as_str() <= now[name].as_str(), "{field}"),
                name if name == field => assert_eq!(now[name], value),
                name => assert_eq!(&now[name], old, "{name} with {field}"),
            }
        }
    }
    let was = read(&ada, &id).await;
    let same = mutate(&ada, "updateAgent", json!({ "id": id })).await;
    assert_eq!(same["agent"], was);
}

#[tokio::test]
async fn null_takes_an_optional_value_away_and_no_other() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let full = json!({ "name": "Helper", "systemPrompt": "Be kind.", "description": "Helps", "maxTokens": 64 });
    let made = mutate(&ada, "createAgent", full).await["agent"].take();
    let required = ["name", "systemPrompt", "model", "temperature", "visibility"];
    for field in required {
        let mut input = json!({ "id": made["id"], "description": null });
        input[field] = Value::Null;
        assert_eq!(refused(&ada, "updateAgent", input).await, [field]);
    }
    assert_eq!(
        read(&ada, &made["id"]).await,
        made,
        "nothing of it was done"
    );
    let input = json!({ "id": made["id"], "description": null, "maxTokens": null });
    let bare = mutate(&ada, "updateAgent", input).await["agent"].take();
    assert_eq!(bare["description"], Value::Null);
    assert_eq!(bare["maxTokens"], Value::Null);
    assert_eq!(bare["name"], "Helper");
}

#[tokio::test]
async fn update_is_bounded_as_create_is() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let made = create(&ada, "Helper").await;
    for (field, value) in [
        ("name", json!("x".repeat(201))),
        ("name", json!("")),
        ("name", json!("two\nlines")),
        ("systemPrompt", json!("")),
        ("systemPrompt", json!("x".repeat(100_001))),
        ("description", json!("x".repeat(2_001))),
        ("model", json!(" ")),
        ("temperature", json!(2.1)),
        ("temperature", json!(-1)),
        ("maxTokens", json!(0)),
    ] {
        let mut input = json!({ "id": made["id"] });
        input[field] = value;
        assert_eq!(refused(&ada, "updateAgent", input).await, [field]);
    }
    assert_eq!(read(&ada, &made["id"]).await, made);
}

#[tokio::test]
async fn copy_is_ones_own_private_and_equal_otherwise() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let bob = server.join(&ada, &bob, "member").await;
    let full = json!({ "name": "Helper", "systemPrompt": "Be kind.", "description": "Helps", "model": "m-1",
                       "temperature": 1.25, "maxTokens": 64, "visibility": "ORGANIZATION" });
    let original = mutate(&ada, "createAgent", full).await["agent"].take();
    let copy =
        mutate(&bob, "duplicateAgent", json!({ "id": original["id"] })).await["agent"].take();
    assert_eq!(copy["name"], "Helper (copy)");
    assert_eq!(copy["ownerId"], bob.user_id);
    assert_eq!(copy["visibility"], "PRIVATE");
    assert_ne!(copy["id"], original["id"]);
    for field in [
        "description",
        "systemPrompt",
        "model",
        "temperature",
        "maxTokens",
    ] {
        assert_eq!(copy[field], original[field], "{field}");
    }
    let named = json!({ "id": original["id"], "name": "Mine" });
    assert_eq!(
        mutate(&bob, "duplicateAgent", named).await["agent"]["name"],
        "Mine"
    );
    for name in ["", "x\ny"] {
        let input = json!({ "id": original["id"], "name": name });
        assert_eq!(refused(&bob, "duplicateAgent", input).await, ["name"]);
    }
}

#[tokio::test]
async fn copy_of_the_longest_name_fits() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let original = create(&ada, &"é".repeat(200)).await;
    let copy = mutate(&ada, "duplicateAgent", json!({ "id": original["id"] })).await;
    let name = copy["agent"]["name"].as_str().unwrap();
    assert_eq!(name.chars().count(), 200);
    assert!(name.ends_with("é (copy)"), "{name}");
}

#[tokio::test]
async fn agent_goes_to_a_colleague_and_to_nobody_else() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let bob = server.join(&ada, &bob, "member").await;
    // Ada becomes a plain member, so that she sees no more than what is hers.
    sqlx::query(r#"UPDATE "member" SET "role" = 'member' WHERE "userId" = $1"#)
        .bind(&ada.user_id)
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    let id = create(&ada, "Helper").await["id"].clone();
    for stranger in [eve.user_id.as_str(), "nobody", "", "\0"] {
        let input = json!({ "id": id, "newOwnerId": stranger });
        assert_eq!(
            refused(&ada, "transferAgent", input).await,
            ["newOwnerId"],
            "{stranger:?}"
        );
    }
    assert_eq!(read(&ada, &id).await["ownerId"], ada.user_id);
    let input = json!({ "id": id, "newOwnerId": bob.user_id });
    let done = mutate(&ada, "transferAgent", input.clone()).await;
    assert_eq!(done["agentId"], id);
    assert_eq!(done["newOwnerId"], bob.user_id);
    assert_eq!(read(&ada, &id).await, Value::Null);
    assert_eq!(read(&bob, &id).await["ownerId"], bob.user_id);
    assert_eq!(
        outcome(&ada, "transferAgent", input.clone()).await,
        "NotFound"
    );
    assert_eq!(
        outcome(&bob, "transferAgent", input).await,
        "TransferAgentSuccess"
    );
}

#[tokio::test]
async fn agent_is_deleted_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "Helper").await["id"].clone();
    create(&ada, "Other").await;
    let input = json!({ "id": id });
    let done = mutate(&ada, "deleteAgent", input.clone()).await;
    assert_eq!(done["deletedAgentId"], id);
    assert_eq!(
        outcome(&ada, "deleteAgent", input.clone()).await,
        "NotFound"
    );
    for field in ["updateAgent", "duplicateAgent"] {
        assert_eq!(
            outcome(&ada, field, input.clone()).await,
            "NotFound",
            "{field}"
        );
    }
    assert_eq!(names(&ada, "").await, ["Other"]);
}
