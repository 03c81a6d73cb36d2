//! Made, changed, listed and deleted.

use serde_json::{Value, json};

use super::{KEY, create, document, find, input, mutate, names, store_many};
use crate::support::Server;

#[tokio::test]
async fn one_idempotency_key_makes_one_connection() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let keyed =
        |name: &str, key: &str| input(name, json!({ "idempotencyKey": "once", "apiKey": key }));
    let document = &document("createApiConnection");
    let twice = json!({ "input": keyed("Main", KEY) });
    let (one, two) = tokio::join!(
        ada.query(document, twice.clone()),
        ada.query(document, twice)
    );
    assert_eq!(
        one["createApiConnection"]["__typename"], "CreateApiConnectionSuccess",
        "{one}"
    );
    assert_eq!(one, two);
    assert_eq!(names(&ada, "").await, ["Main"]);
    for other in [
        keyed("Other", KEY),
        keyed("Main", "sk-another-key-0123456789"),
    ] {
        let outcome = mutate(&ada, "createApiConnection", other).await;
        assert_eq!(outcome["__typename"], "Conflict", "{outcome}");
    }
    let bobs = mutate(&bob, "createApiConnection", keyed("Main", KEY)).await;
    assert_ne!(
        bobs["apiConnection"]["id"],
        one["createApiConnection"]["apiConnection"]["id"]
    );
    let id = &one["createApiConnection"]["apiConnection"]["id"];
    mutate(&ada, "deleteApiConnection", json!({ "id": id })).await;
    let gone = mutate(&ada, "createApiConnection", keyed("Main", KEY)).await;
    assert_eq!(gone["__typename"], "Conflict", "{gone}");
}

#[tokio::test]
async fn an_organisation_holds_no_more_than_its_limit_even_at_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    // Private ones of others count as well: two places of 200 are left.
    store_many(&server, &bob, 198).await;
    let document = &document("createApiConnection");
    let send = |name: &str| ada.query(document, json!({ "input": input(name, json!({})) }));
    let (a, b, c, d) = tokio::join!(send("a"), send("b"), send("c"), send("d"));
    let reached = [a, b, c, d]
        .iter()
        .filter(|data| data["createApiConnection"]["__typename"] == "LimitReached")
        .count();
    assert_eq!(reached, 2);
    assert_eq!(names(&ada, "").await.len(), 2);
    let outcome = send("e").await["createApiConnection"].take();
    assert_eq!(outcome["__typename"], "LimitReached");
    assert!(
        outcome["message"].as_str().unwrap().contains("200"),
        "{outcome}"
    );
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_null_takes_the_address_away() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let made = create(
        &ada,
        "Main",
        json!({ "baseUrl": "https://llm.example.com:8443" }),
    )
    .await;
    assert_eq!(made["baseUrl"], "https://llm.example.com:8443/");
    let id = &made["id"];
    let same = mutate(&ada, "updateApiConnection", json!({ "id": id })).await;
    assert_eq!(same["apiConnection"], made, "{same}");
    let change = json!({ "id": id, "baseUrl": null, "service": "Ollama", "metadata": { "a": 1 }, "visibility": "ORGANIZATION" });
    let changed = mutate(&ada, "updateApiConnection", change).await["apiConnection"].take();
    assert_eq!(changed["baseUrl"], Value::Null);
    assert_eq!(changed["service"], "ollama");
    assert_eq!(changed["metadata"], json!({ "a": 1 }));
    assert_eq!(changed["visibility"], "ORGANIZATION");
    assert_eq!(
        (&changed["name"], &changed["keyHint"]),
        (&made["name"], &made["keyHint"])
    );
    assert_eq!(changed["status"], "READY");
    assert_eq!(find(&ada, id).await, changed);
}

#[tokio::test]
async fn a_connection_is_deleted_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "Main", json!({})).await["id"].clone();
    let first = mutate(&ada, "deleteApiConnection", json!({ "id": id })).await;
    assert_eq!(first["deletedApiConnectionId"], id);
    let second = mutate(&ada, "deleteApiConnection", json!({ "id": id })).await;
    assert_eq!(second["__typename"], "NotFound");
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for (name, service, visibility) in [
        ("Beta", "openai", "PRIVATE"),
        ("alpha 100%", "github", "ORGANIZATION"),
        ("Gamma", "openai", "ORGANIZATION"),
    ] {
        create(
            &ada,
            name,
            json!({ "service": service, "visibility": visibility }),
        )
        .await;
    }
    assert_eq!(names(&ada, "").await, ["Beta", "alpha 100%", "Gamma"]);
    assert_eq!(
        names(&ada, "(orderBy: { field: CREATED_AT, direction: DESC })").await,
        ["Gamma", "alpha 100%", "Beta"]
    );
    assert_eq!(
        names(&ada, r#"(filter: { service: "openai" })"#).await,
        ["Beta", "Gamma"]
    );
    assert_eq!(
        names(&ada, "(filter: { visibility: PRIVATE })").await,
        ["Beta"]
    );
    assert_eq!(
        names(&ada, r#"(filter: { search: "0%" })"#).await,
        ["alpha 100%"]
    );
    assert_eq!(
        names(&ada, r#"(filter: { search: "%" })"#).await,
        ["alpha 100%"]
    );
    assert_eq!(
        names(&ada, r#"(filter: { search: "GAMMA" })"#).await,
        ["Gamma"]
    );
    let page = "query($after: String) { apiConnections(first: 2, after: $after, orderBy: { field: NAME }) {
        totalCount nodes { name } pageInfo { hasNextPage endCursor } } }";
    let first = ada.query(page, json!({})).await["apiConnections"].take();
    assert_eq!(
        (&first["totalCount"], &first["pageInfo"]["hasNextPage"]),
        (&json!(3), &json!(true))
    );
    let after = first["pageInfo"]["endCursor"].clone();
    let second = ada.query(page, json!({ "after": after })).await["apiConnections"].take();
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let pages = [&first, &second].map(|page| page["nodes"].as_array().unwrap().len());
    assert_eq!(pages, [2, 1]);
}
