//! What a template brings is there through its install, and nothing of it is copied.

use serde_json::{Value, json};

use super::{finance, installed, mutate, offer, publish, publisher, rows};
use crate::support::{Caller, Server};

async fn bobs_install(server: &Server) -> (Caller, Caller, Value) {
    let acme = publisher(server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    (acme, bob, done)
}

async fn install_of(bob: &Caller, selection: &str) -> Value {
    let document = format!("{{ viewer {{ installs {{ nodes {{ {selection} }} }} }} }}");
    let mut data = bob.query(&document, json!({})).await;
    data["viewer"]["installs"]["nodes"][0].take()
}

#[tokio::test]
async fn entity_types_are_usable_through_the_install_and_none_is_copied() {
    let server = Server::start().await;
    let (_, bob, _) = bobs_install(&server).await;
    let seen = bob
        .query("{ entityTypes { nodes { slug catalog name } } }", json!({}))
        .await;
    assert_eq!(
        seen["entityTypes"]["nodes"],
        json!([{ "slug": "account", "catalog": "finance", "name": "Account" },
               { "slug": "transaction", "catalog": "finance", "name": "Transaction" }])
    );
    assert_eq!(rows(&server, "entity_types").await, 0);
}

#[tokio::test]
async fn relationship_types_are_usable_with_their_ends_and_none_is_copied() {
    let server = Server::start().await;
    let (_, bob, _) = bobs_install(&server).await;
    let document =
        "{ entityTypes(kind: RELATIONSHIP) { nodes { slug catalog fromTypeIds toTypeIds } }
        from: entityType(slug: \"transaction\") { id } to: entityType(slug: \"account\") { id } }";
    let seen = bob.query(document, json!({})).await;
    assert_eq!(
        seen["entityTypes"]["nodes"],
        json!([{ "slug": "booked-on", "catalog": "finance", "fromTypeIds": [seen["from"]["id"]], "toTypeIds": [seen["to"]["id"]] }])
    );
    assert_eq!(rows(&server, "entity_relationship_types").await, 0);
}

#[tokio::test]
async fn watcher_belongs_to_the_installed_agent_and_keeps_prompt_and_guidance() {
    let server = Server::start().await;
    let (_, bob, done) = bobs_install(&server).await;
    // A namesake of the organisation's own does not hijack what the watcher looks at.
    let transaction = bob
        .query("{ entityType(slug: \"transaction\") { id } }", json!({}))
        .await["entityType"]["id"]
        .take();
    let own = json!({ "slug": "transaction", "name": "Mine" });
    mutate(&bob, "createEntityType", "entityType { id }", own).await;
    let seen = install_of(
        &bob,
        "agent { id } watchers { key name prompt guidance schedule enabled typeIds sources extractionSchema }",
    )
    .await;
    assert_eq!(seen["agent"]["id"], done["agent"]["id"]);
    assert_eq!(
        seen["watchers"],
        json!([{ "key": "monthly", "name": "Monthly", "prompt": "Sum up.", "guidance": "Be brief.", "schedule": "0 8 1 * *",
                 "enabled": true, "typeIds": [transaction], "sources": [], "extractionSchema": null }])
    );
}

#[tokio::test]
async fn classifier_keeps_fallback_and_extraction_config() {
    let server = Server::start().await;
    let (_, bob, _) = bobs_install(&server).await;
    let seen = install_of(
        &bob,
        "classifiers { key name attribute values watcher minSimilarity fallback model extractionConfig }",
    )
    .await;
    assert_eq!(
        seen["classifiers"],
        json!([{ "key": "category", "name": "Category", "attribute": "category", "values": { "food": "What is eaten" },
                 "watcher": "monthly", "minSimilarity": null, "fallback": "other", "model": null, "extractionConfig": { "depth": 2 } }])
    );
}

#[tokio::test]
async fn edit_of_the_template_is_there_on_the_next_read() {
    let server = Server::start().await;
    let (acme, bob, done) = bobs_install(&server).await;
    let mut next = finance();
    next["agent"]["systemPrompt"] = json!("Help more.");
    next["entityTypes"]["budget"] = json!({ "name": "Budget" });
    next["entityTypes"]
        .as_object_mut()
        .unwrap()
        .remove("account");
    next["relationshipTypes"] = json!({});
    next["watchers"]["monthly"]["prompt"] = json!("Sum up well.");
    next["classifiers"]["category"]["fallback"] = json!("unknown");
    publish(&acme, "finance", next).await;
    let seen = install_of(
        &bob,
        "version agent { systemPrompt } watchers { prompt } classifiers { fallback } provides { entityTypes entityRelationshipTypes }",
    )
    .await;
    assert_eq!(
        seen,
        json!({ "version": 2, "agent": { "systemPrompt": "Help more." }, "watchers": [{ "prompt": "Sum up well." }],
                "classifiers": [{ "fallback": "unknown" }], "provides": { "entityTypes": 2, "entityRelationshipTypes": 0 } })
    );
    let types = bob
        .query("{ entityTypes { nodes { slug } } }", json!({}))
        .await;
    assert_eq!(
        types["entityTypes"]["nodes"],
        json!([{ "slug": "budget" }, { "slug": "transaction" }])
    );
    // What was taken away is gone, and nothing was written for it.
    let again = installed(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(
        (&again["created"], &again["agent"]["id"]),
        (&json!(false), &done["agent"]["id"])
    );
    assert_eq!(rows(&server, "template_installs").await, 1);
}

#[tokio::test]
async fn user_authored_transaction_is_refused_when_strict_and_shadows_otherwise() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    for kind in ["ENTITY", "RELATIONSHIP"] {
        let own = json!({ "slug": if kind == "ENTITY" { "transaction" } else { "account" }, "name": "Mine", "kind": kind });
        mutate(&bob, "createEntityType", "entityType { id }", own).await;
    }
    let strict = super::install(&bob, json!({ "slug": "finance", "strict": true })).await;
    // A type of relationships is no namesake of a type of things.
    assert_eq!(
        (&strict["code"], &strict["names"]),
        (&json!("USER_AUTHORED_COLLISION"), &json!(["transaction"]))
    );
    assert_eq!(rows(&server, "template_installs").await, 0);
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(done["shadowedTypes"], json!(["transaction"]));
    let again = installed(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(again["shadowedTypes"], json!(["transaction"]));
}
