//! Types: an organisation's own, those that installed templates bring, and which of two is meant.

use serde_json::{Value, json};

use super::{definition, finance, installed, mutate, offer, publish, publisher};
use crate::support::{Caller, Server};

const TYPE: &str =
    "entityType { id slug catalog name description icon color metadataSchema archivedAt }";

async fn resolve(caller: &Caller, slug: &str) -> Value {
    let document = "query($slug: String!) { entityType(slug: $slug) { id slug catalog name } }";
    caller.query(document, json!({ "slug": slug })).await["entityType"].take()
}

fn with_type(name: &str, slug: &str) -> Value {
    let mut document = definition(name);
    document["entityTypes"] = json!({ slug: { "name": name } });
    document
}

#[tokio::test]
async fn own_type_is_made_changed_and_archived_by_admins() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let bob = server.sign_up("Bob").await;
    let member = server.join(&acme, &bob, "member").await;
    let input = json!({ "slug": "company", "name": "Company", "color": "#00aaff", "icon": "🏢", "description": "A firm",
        "metadataSchema": { "type": "object", "properties": { "vat": { "type": "string" } } } });
    let made = mutate(&acme, "createEntityType", TYPE, input.clone()).await;
    assert_eq!(made["entityType"]["color"], "#00aaff", "{made}");
    let id = &made["entityType"]["id"];
    assert_eq!(
        mutate(&acme, "createEntityType", TYPE, input.clone()).await["__typename"],
        "Conflict"
    );
    assert_eq!(
        mutate(&member, "createEntityType", TYPE, input).await["__typename"],
        "Forbidden"
    );
    assert_eq!(resolve(&member, "company").await["id"], *id);
    assert_eq!(resolve(&bob, "company").await, Value::Null);
    let change = json!({ "id": id, "name": "Firm", "icon": null });
    let changed = mutate(&acme, "updateEntityType", TYPE, change).await;
    assert_eq!(
        (
            &changed["entityType"]["name"],
            &changed["entityType"]["icon"]
        ),
        (&json!("Firm"), &Value::Null),
        "{changed}"
    );
    assert_eq!(changed["entityType"]["description"], "A firm");
    let archived = mutate(&acme, "archiveEntityType", TYPE, json!({ "id": id })).await;
    assert!(archived["entityType"]["archivedAt"].is_string());
    assert_eq!(resolve(&acme, "company").await, Value::Null);
    let by_id = acme
        .query(
            "query($id: ID!) { entityType(id: $id) { name } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(by_id["entityType"]["name"], "Firm");
    assert_eq!(
        mutate(&acme, "archiveEntityType", TYPE, json!({ "id": id })).await["__typename"],
        "NotFound"
    );
    // Its slug is free again; a type of relationships has a namespace of its own.
    for kind in ["ENTITY", "RELATIONSHIP"] {
        let again = json!({ "slug": "company", "name": "Company", "kind": kind });
        assert_eq!(
            mutate(&acme, "createEntityType", TYPE, again).await["__typename"],
            "CreateEntityTypeSuccess",
            "{kind}"
        );
    }
}

#[tokio::test]
async fn bad_types_are_refused() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    for (input, path) in [
        (json!({ "slug": "$member", "name": "M" }), "slug"),
        (json!({ "slug": "A", "name": "M" }), "slug"),
        (json!({ "slug": "", "name": "M" }), "slug"),
        (json!({ "slug": "a", "name": "" }), "name"),
        (json!({ "slug": "a", "name": "M", "color": "red" }), "color"),
        (
            json!({ "slug": "a", "name": "M", "symmetric": true }),
            "symmetric",
        ),
        (
            json!({ "slug": "a", "name": "M", "kind": "RELATIONSHIP", "color": "#000000" }),
            "color",
        ),
    ] {
        let refused = mutate(&acme, "createEntityType", TYPE, input.clone()).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!([path]),
            "{input}: {refused}"
        );
    }
    for (schema, code) in [
        (json!({ "$ref": "#" }), "CYCLIC_SCHEMA"),
        (json!({ "type": 5 }), "INVALID_SCHEMA"),
        (json!({ "$ref": "file:///etc/passwd" }), "FOREIGN_REFERENCE"),
    ] {
        let input = json!({ "slug": "a", "name": "M", "metadataSchema": schema });
        let refused = mutate(&acme, "createEntityType", TYPE, input).await;
        assert_eq!(
            refused["problems"][0],
            json!({ "code": code, "path": refused["problems"][0]["path"] }),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn own_type_wins_and_two_catalogs_ask_which_is_meant() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "crm", with_type("Client", "company")).await;
    offer(&acme, "books", with_type("Debtor", "company")).await;
    let bob = server.sign_up("Bob").await;
    assert_eq!(
        resolve(&bob, "company").await,
        Value::Null,
        "not installed, not searched"
    );
    installed(&bob, json!({ "slug": "crm" })).await;
    let one = resolve(&bob, "company").await;
    assert_eq!(
        (&one["catalog"], &one["name"]),
        (&json!("crm"), &json!("Client"))
    );
    let books = installed(&bob, json!({ "slug": "books" })).await;
    let document = "{ entityType(slug: \"company\") { id } }";
    let errors = bob.errors(document, json!({})).await;
    assert_eq!(errors[0]["extensions"]["code"], "AMBIGUOUS_TYPE");
    assert_eq!(
        errors[0]["extensions"]["candidates"],
        json!(["books/company", "crm/company"])
    );
    assert_eq!(resolve(&bob, "crm/company").await, one);
    assert_eq!(resolve(&bob, "books/company").await["name"], "Debtor");
    assert_eq!(resolve(&bob, "nothing/company").await, Value::Null);
    let own = mutate(
        &bob,
        "createEntityType",
        TYPE,
        json!({ "slug": "company", "name": "Mine" }),
    )
    .await;
    assert_eq!(
        resolve(&bob, "company").await["id"],
        own["entityType"]["id"]
    );
    assert_eq!(resolve(&bob, "crm/company").await, one);
    mutate(
        &bob,
        "archiveEntityType",
        TYPE,
        json!({ "id": own["entityType"]["id"] }),
    )
    .await;
    mutate(
        &bob,
        "uninstallTemplate",
        "install { id }",
        json!({ "installId": books["install"]["id"] }),
    )
    .await;
    assert_eq!(resolve(&bob, "company").await, one);
    for slug in [
        "",
        "$member",
        "a/b/c",
        "\0",
        "crm/",
        "/company",
        "crm/$member",
    ] {
        assert_eq!(resolve(&bob, slug).await, Value::Null, "{slug:?}");
    }
}

#[tokio::test]
async fn type_has_one_id_for_everyone_and_through_all_versions() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    installed(&bob, json!({ "slug": "finance" })).await;
    installed(&eve, json!({ "slug": "finance" })).await;
    let id = resolve(&bob, "transaction").await["id"].take();
    assert_eq!(resolve(&eve, "transaction").await["id"], id);
    let mut next = finance();
    next["entityTypes"]["transaction"]["name"] = json!("Booking");
    publish(&acme, "finance", next).await;
    let seen = resolve(&eve, "transaction").await;
    assert_eq!((&seen["id"], &seen["name"]), (&id, &json!("Booking")));
    // It is nobody's but the publisher's to change, who publishes a version for it.
    for caller in [&bob, &acme] {
        let change = json!({ "id": id, "name": "Mine" });
        assert_eq!(
            mutate(caller, "updateEntityType", TYPE, change).await["__typename"],
            "NotFound"
        );
    }
}

#[tokio::test]
async fn catalogs_of_a_template_are_searched_too_and_cannot_go_while_they_are() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let other = publisher(&server, "Bob", "other").await;
    let mut leaning = definition("Leaning");
    leaning["catalogs"] = json!(["words"]);
    leaning["watchers"] = json!({ "w": { "name": "W", "prompt": "p", "types": ["company"] } });
    let input = json!({ "slug": "leaning", "definition": leaning });
    let refused = mutate(&other, "publishTemplateVersion", "stripped", input).await;
    assert_eq!(
        refused["fields"][0]["path"],
        json!(["definition"]),
        "{refused}"
    );
    offer(&acme, "words", with_type("Firm", "company")).await;
    offer(&other, "leaning", leaning).await;
    let eve = server.sign_up("Eve").await;
    installed(&eve, json!({ "slug": "leaning" })).await;
    let seen = resolve(&eve, "company").await;
    assert_eq!(
        (&seen["catalog"], &seen["name"]),
        (&json!("words"), &json!("Firm"))
    );
    let gone = json!({ "id": acme.organization_id });
    let refused = mutate(&acme, "deleteOrganization", "deletedOrganizationId", gone).await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    // Both installed, it is one type still.
    installed(&eve, json!({ "slug": "words" })).await;
    assert_eq!(resolve(&eve, "company").await["id"], seen["id"]);
}
