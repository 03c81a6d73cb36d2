//! A key is sealed, replaced, and found out not to open.

use serde_json::{Value, json};

use super::{FIELDS, KEY, create, find, keep, mutate};
use crate::support::Server;

#[tokio::test]
async fn a_key_goes_in_sealed_and_never_comes_out() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let more =
        json!({ "metadata": { "team": ["a", 1, null] }, "baseUrl": "https://api.example.com/v1" });
    let made = create(&ada, "Main", more).await;
    assert_eq!(made["keyHint"], "wxyz");
    assert_eq!(made["status"], "READY");
    assert_eq!(made["visibility"], "PRIVATE");
    assert_eq!(made["ownerId"], ada.user_id);
    assert_eq!(made["metadata"], json!({ "team": ["a", 1, null] }));
    assert_eq!(made["baseUrl"], "https://api.example.com/v1");
    assert_eq!(
        (&made["lastUsedAt"], &made["rotatedAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(find(&ada, &made["id"]).await, made);

    let everything = format!(
        "query($id: ID!) {{ node(id: $id) {{ __typename ... on ConnectedApi {{ {FIELDS} }} }}
           viewer {{ apiConnections {{ totalCount nodes {{ {FIELDS} }} }} }} auditEvents {{ nodes {{ metadata }} }} }}"
    );
    let data = ada.query(&everything, json!({ "id": made["id"] })).await;
    assert_eq!(data["node"]["__typename"], "ConnectedApi");
    assert_eq!(data["viewer"]["apiConnections"]["totalCount"], 1);
    assert!(!data.to_string().contains("canary"), "{data}");
    assert!(!made.to_string().contains("canary"), "{made}");

    let sealed = keep(
        &server,
        &ada.organization_id,
        "SELECT api_key FROM api_connections",
    )
    .await;
    assert_eq!(sealed.len(), 1);
    assert!(
        sealed[0].starts_with("v1.test.") && !sealed[0].contains("canary"),
        "{sealed:?}"
    );
}

#[tokio::test]
async fn short_keys_have_no_hint_and_white_space_around_is_dropped() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let hint = |key: &'static str| {
        let ada = ada.clone();
        async move { create(&ada, "x", json!({ "apiKey": key })).await["keyHint"].clone() }
    };
    assert_eq!(hint("0123456789abcde").await, Value::Null);
    assert_eq!(hint(" 0123456789abcdef\n").await, "cdef");
    let service = create(&ada, " Padded ", json!({ "service": " OpenAI " })).await;
    assert_eq!(
        (&service["service"], &service["name"]),
        (&json!("openai"), &json!("Padded"))
    );
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_the_old() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let made = create(&ada, "Main", json!({})).await;
    let select = "SELECT api_key FROM api_connections";
    let before = keep(&server, &ada.organization_id, select).await;
    let rotation = json!({ "id": made["id"], "apiKey": "short" });
    let rotated = mutate(&ada, "rotateApiConnectionKey", rotation).await["apiConnection"].take();
    assert_eq!(
        (&rotated["keyHint"], &rotated["status"]),
        (&Value::Null, &json!("READY"))
    );
    assert!(rotated["rotatedAt"].is_string(), "{rotated}");
    assert_ne!(keep(&server, &ada.organization_id, select).await, before);
}

#[tokio::test]
async fn a_key_that_will_not_open_needs_attention_and_fails_no_list() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for name in ["Bad", "Good", "Moved"] {
        create(&ada, name, json!({})).await;
    }
    // A key copied from another row opens there no more than a damaged one.
    keep(
        &server,
        &ada.organization_id,
        "UPDATE api_connections SET api_key = 'v1.test.AAAA' WHERE id = (SELECT min(id) FROM api_connections) RETURNING id",
    )
    .await;
    let statuses = || async {
        let data = ada
            .query("{ apiConnections { nodes { id status } } }", json!({}))
            .await;
        data["apiConnections"]["nodes"].as_array().unwrap().clone()
    };
    let broken = |nodes: &[Value]| {
        nodes
            .iter()
            .filter(|n| n["status"] == "NEEDS_ATTENTION")
            .count()
    };
    let nodes = statuses().await;
    assert_eq!((nodes.len(), broken(&nodes)), (3, 1), "{nodes:?}");
    keep(
        &server,
        &ada.organization_id,
        "UPDATE api_connections SET api_key = (SELECT api_key FROM api_connections ORDER BY id LIMIT 1 OFFSET 1)
         WHERE id = (SELECT max(id) FROM api_connections) RETURNING id",
    )
    .await;
    let nodes = statuses().await;
    assert_eq!(broken(&nodes), 2, "{nodes:?}");
    for node in &nodes {
        let healed = mutate(
            &ada,
            "rotateApiConnectionKey",
            json!({ "id": node["id"], "apiKey": KEY }),
        )
        .await;
        assert_eq!(healed["apiConnection"]["status"], "READY", "{healed}");
    }
    assert_eq!(broken(&statuses().await), 0);
}
