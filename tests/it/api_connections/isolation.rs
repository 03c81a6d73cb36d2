//! Who sees and changes what.

use serde_json::{Value, json};

use super::{KEY, NOWHERE, create, document, find, input, mutate, names};
use crate::support::{Caller, Server};

#[tokio::test]
async fn foreign_connection_reads_as_missing_everywhere() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let shared = json!({ "visibility": "ORGANIZATION" });
    let foreign = create(&ada, "Secret", shared).await["id"].clone();
    let mut outcomes = Vec::new();
    for id in [
        &foreign,
        &json!(NOWHERE),
        &json!("canary\u{0}"),
        &json!(""),
        &json!("x".repeat(500_000)),
    ] {
        let read = "query($id: ID!) { apiConnection(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }";
        let data = bob.query(read, json!({ "id": id })).await;
        let rename = json!({ "id": id, "name": "Mine" });
        outcomes.push([
            data,
            mutate(&bob, "updateApiConnection", rename).await,
            mutate(
                &bob,
                "updateApiConnection",
                json!({ "id": id, "visibility": "PRIVATE" }),
            )
            .await,
            mutate(&bob, "updateApiConnection", json!({ "id": id })).await,
            mutate(
                &bob,
                "rotateApiConnectionKey",
                json!({ "id": id, "apiKey": KEY }),
            )
            .await,
            mutate(&bob, "deleteApiConnection", json!({ "id": id })).await,
        ]);
    }
    assert_eq!(
        outcomes[0][0],
        json!({ "apiConnection": null, "node": null, "nodes": [null] })
    );
    for outcome in &outcomes[0][1..] {
        assert_eq!(outcome["__typename"], "NotFound", "{outcome}");
    }
    for other in &outcomes[1..] {
        assert_eq!(other, &outcomes[0]);
    }
    let counted = bob
        .query("{ apiConnections { totalCount } }", json!({}))
        .await;
    assert_eq!(counted["apiConnections"]["totalCount"], 0);
    assert_eq!(find(&ada, &foreign).await["name"], "Secret");
}

#[tokio::test]
async fn a_colleague_sees_what_is_shared_and_changes_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let bob = server.join(&ada, &bob, "member").await;
    let private = create(&ada, "Private", json!({})).await["id"].clone();
    let shared = create(&ada, "Shared", json!({ "visibility": "ORGANIZATION" })).await;
    assert_eq!(names(&bob, "").await, ["Shared"]);
    assert_eq!(find(&bob, &private).await, Value::Null);
    assert_eq!(find(&bob, &shared["id"]).await, shared);
    for (id, expected) in [(&private, "NotFound"), (&shared["id"], "Forbidden")] {
        for outcome in [
            mutate(
                &bob,
                "updateApiConnection",
                json!({ "id": id, "name": "Mine" }),
            )
            .await,
            mutate(
                &bob,
                "updateApiConnection",
                json!({ "id": id, "visibility": "PRIVATE" }),
            )
            .await,
            mutate(&bob, "updateApiConnection", json!({ "id": id })).await,
            mutate(
                &bob,
                "rotateApiConnectionKey",
                json!({ "id": id, "apiKey": KEY }),
            )
            .await,
            mutate(&bob, "deleteApiConnection", json!({ "id": id })).await,
        ] {
            assert_eq!(outcome["__typename"], expected, "{outcome}");
        }
    }
    assert_eq!(find(&ada, &shared["id"]).await, shared);
    let events = bob.query("{ auditEvents { totalCount } }", json!({})).await;
    assert_eq!(events["auditEvents"]["totalCount"], 0);
}

#[tokio::test]
async fn an_admin_keeps_what_is_shared_and_sees_nothing_private() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("Ada").await, server.sign_up("Eve").await);
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let eve = server.join(&ada, &eve, "admin").await;
    let private = create(&bob, "Private", json!({})).await["id"].clone();
    let shared =
        create(&bob, "Shared", json!({ "visibility": "ORGANIZATION" })).await["id"].clone();
    assert_eq!(names(&eve, "").await, ["Shared"]);
    for (field, more) in [
        ("updateApiConnection", json!({ "id": private, "name": "x" })),
        (
            "rotateApiConnectionKey",
            json!({ "id": private, "apiKey": KEY }),
        ),
        ("deleteApiConnection", json!({ "id": private })),
    ] {
        assert_eq!(mutate(&eve, field, more).await["__typename"], "NotFound");
    }
    let private = mutate(
        &eve,
        "updateApiConnection",
        json!({ "id": shared, "visibility": "PRIVATE" }),
    )
    .await;
    assert_eq!(private["__typename"], "Forbidden");
    // Whoever says where a key is sent can read it there.
    for elsewhere in [
        json!({ "id": shared, "baseUrl": "https://keys.example.com" }),
        json!({ "id": shared, "baseUrl": null }),
        json!({ "id": shared, "service": "groq" }),
        json!({ "id": shared, "metadata": { "azure": "x" } }),
    ] {
        let refused = mutate(&eve, "updateApiConnection", elsewhere.clone()).await;
        assert_eq!(refused["__typename"], "Forbidden", "{elsewhere}");
    }
    let moved = json!({ "id": shared, "metadata": { "team": "blue" } });
    let moved = mutate(&bob, "updateApiConnection", moved).await;
    assert_eq!(moved["__typename"], "UpdateApiConnectionSuccess", "{moved}");
    let renamed = mutate(
        &eve,
        "updateApiConnection",
        json!({ "id": shared, "name": "Ours" }),
    )
    .await;
    assert_eq!(renamed["apiConnection"]["name"], "Ours", "{renamed}");
    let rotation = json!({ "id": shared, "apiKey": "another-key-of-the-provider" });
    let rotated = mutate(&eve, "rotateApiConnectionKey", rotation).await;
    assert_eq!(rotated["apiConnection"]["keyHint"], "ider", "{rotated}");
    assert_eq!(rotated["apiConnection"]["ownerId"], bob.user_id);
    let deleted = mutate(&eve, "deleteApiConnection", json!({ "id": shared })).await;
    assert_eq!(deleted["deletedApiConnectionId"], shared);
    assert_eq!(names(&bob, "").await, ["Private"]);
}

#[tokio::test]
async fn nobody_is_told_anything() {
    let server = Server::start().await;
    let nobody = Caller::nobody(&server);
    for query in [
        "{ apiConnection(id: \"x\") { id } }",
        "{ apiConnections { totalCount } }",
        "{ auditEvents { totalCount } }",
    ] {
        assert_eq!(nobody.code(query, json!({})).await, "UNAUTHENTICATED");
    }
    let make = json!({ "input": input("x", json!({})) });
    assert_eq!(
        nobody.code(&document("createApiConnection"), make).await,
        "UNAUTHENTICATED"
    );
    let (rotate, pair) = (
        json!({ "id": "x", "apiKey": KEY }),
        json!({ "agentId": "x", "apiConnectionId": "x" }),
    );
    for (field, input) in [
        ("updateApiConnection", json!({ "id": "x" })),
        ("rotateApiConnectionKey", rotate),
        ("deleteApiConnection", json!({ "id": "x" })),
        ("linkApiConnection", pair.clone()),
        ("unlinkApiConnection", pair),
    ] {
        let code = nobody
            .code(&document(field), json!({ "input": input }))
            .await;
        assert_eq!(code, "UNAUTHENTICATED", "{field}");
    }
}
