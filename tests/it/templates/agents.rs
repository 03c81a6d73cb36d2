//! Publishing an agent, with the types it uses.

use serde_json::{Value, json};

use super::{definition, finance, installed, mutate, offer, publisher, set_status};
use crate::support::{Caller, Server};

async fn agent_of(caller: &Caller) -> Value {
    let input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "model": "gpt-4o", "temperature": 0.3 });
    let mut made = mutate(caller, "createAgent", "agent { id }", input).await;
    made["agent"]["id"].take()
}

async fn type_of(caller: &Caller, input: Value) -> Value {
    let mut made = mutate(caller, "createEntityType", "entityType { id }", input).await;
    assert_eq!(made["__typename"], "CreateEntityTypeSuccess", "{made}");
    made["entityType"]["id"].take()
}

async fn publish_agent(caller: &Caller, input: Value) -> Value {
    let selection = "template { id } stripped templateVersion { definition provides { entityTypes entityRelationshipTypes watchers eventClassifiers } }";
    mutate(caller, "publishTemplateVersion", selection, input).await
}

#[tokio::test]
async fn agent_is_published_with_its_types_watchers_and_classifiers() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let agent = agent_of(&acme).await;
    let schema = json!({ "type": "object", "properties": { "vat": { "type": "string" } } });
    let company = json!({ "slug": "company", "name": "Company", "color": "#00aaff", "metadataSchema": schema, "eventKinds": { "founded": {} } });
    type_of(&acme, company).await;
    type_of(&acme, json!({ "slug": "unused", "name": "Unused" })).await;
    let person = type_of(&acme, json!({ "slug": "person", "name": "Person" })).await;
    let employs = json!({ "kind": "RELATIONSHIP", "slug": "employs", "name": "Employs", "from": ["company"], "to": ["person"] });
    type_of(&acme, employs).await;
    let works = json!({ "kind": "RELATIONSHIP", "slug": "works-for", "name": "Works for", "from": ["person"], "to": ["company"], "inverse": "employs" });
    let works = type_of(&acme, works).await;
    let additions = json!({
        "capabilities": { "tools": ["search"] },
        "watchers": { "news": { "name": "News", "prompt": "Look.", "types": ["company"], "connectionId": "c1", "nextRunAt": "now" } },
        "classifiers": { "mood": { "name": "Mood", "attribute": "mood", "values": { "good": "" }, "apiKey": "sk-canary" } },
    });
    let input = json!({ "slug": "helper", "agentId": agent, "typeIds": [works, person], "additions": additions });
    let done = publish_agent(&acme, input.clone()).await;
    // The company and the inverse come along, for the relationship names them; what nobody asked for does not.
    assert_eq!(
        done["templateVersion"]["definition"],
        json!({
            "name": "Helper", "agent": { "systemPrompt": "Be kind.", "model": "gpt-4o", "temperature": 0.3 },
            "capabilities": { "services": [], "tools": ["search"] },
            "entityTypes": {
                "company": { "name": "Company", "color": "#00aaff", "metadataSchema": schema, "eventKinds": { "founded": {} } },
                "person": { "name": "Person" } },
            "relationshipTypes": {
                "employs": { "name": "Employs", "from": ["company"], "to": ["person"] },
                "works-for": { "name": "Works for", "from": ["person"], "to": ["company"], "inverse": "employs" } },
            "watchers": { "news": { "name": "News", "prompt": "Look.", "types": ["company"] } },
            "classifiers": { "mood": { "name": "Mood", "attribute": "mood", "values": { "good": "" } } },
        }),
        "{done}"
    );
    assert_eq!(
        done["templateVersion"]["provides"],
        json!({ "entityTypes": 2, "entityRelationshipTypes": 2, "watchers": 1, "eventClassifiers": 1 })
    );
    let mut stripped: Vec<&str> = done["stripped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    stripped.sort_unstable();
    assert_eq!(
        stripped,
        [
            "/classifiers/mood/apiKey",
            "/watchers/news/connectionId",
            "/watchers/news/nextRunAt"
        ]
    );
    // Said again, it is no new version.
    let again = publish_agent(&acme, input).await;
    assert_eq!(again["templateVersion"], done["templateVersion"]);

    // It is a template's type now, apart from the organisation's own: other ids, the same words.
    set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    let bob = server.sign_up("Bob").await;
    installed(
        &bob,
        json!({ "slug": "helper", "acceptCapabilities": true }),
    )
    .await;
    let document = "{ entityType(slug: \"works-for\", kind: RELATIONSHIP) { fromTypeIds inverseTypeId }
        person: entityType(slug: \"person\") { id } employs: entityType(slug: \"employs\", kind: RELATIONSHIP) { id } }";
    let seen = bob.query(document, json!({})).await;
    assert_eq!(
        seen["entityType"],
        json!({ "fromTypeIds": [seen["person"]["id"]], "inverseTypeId": seen["employs"]["id"] })
    );
    assert_ne!(seen["person"]["id"], person);
}

#[tokio::test]
async fn type_of_a_catalog_that_a_relationship_names_makes_the_catalog_part_of_it() {
    let server = Server::start().await;
    let other = publisher(&server, "Bob", "other").await;
    offer(&other, "finance", finance()).await;
    let acme = publisher(&server, "Ada", "acme").await;
    installed(
        &acme,
        json!({ "slug": "finance", "organizationId": acme.organization_id }),
    )
    .await;
    type_of(&acme, json!({ "slug": "person", "name": "Person" })).await;
    let owns = json!({ "kind": "RELATIONSHIP", "slug": "owns", "name": "Owns", "from": ["person"], "to": ["finance/account"] });
    let owns = type_of(&acme, owns).await;
    let input = json!({ "slug": "helper", "agentId": agent_of(&acme).await, "typeIds": [owns] });
    let done = publish_agent(&acme, input).await;
    let definition = &done["templateVersion"]["definition"];
    assert_eq!(definition["catalogs"], json!(["finance"]), "{done}");
    assert_eq!(
        definition["relationshipTypes"]["owns"]["to"],
        json!(["account"])
    );
    assert_eq!(
        definition["entityTypes"],
        json!({ "person": { "name": "Person" } })
    );
    set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    let eve = server.sign_up("Eve").await;
    installed(
        &eve,
        json!({ "slug": "helper", "acceptCapabilities": true }),
    )
    .await;
    let document = "{ owns: entityType(slug: \"owns\", kind: RELATIONSHIP) { toTypeIds } account: entityType(slug: \"account\") { id catalog } }";
    let seen = eve.query(document, json!({})).await;
    assert_eq!(seen["owns"]["toTypeIds"], json!([seen["account"]["id"]]));
    assert_eq!(seen["account"]["catalog"], "finance");

    // A namesake of the organisation's own beside it would change what is meant.
    let account = type_of(&acme, json!({ "slug": "account", "name": "Mine" })).await;
    let input =
        json!({ "slug": "both", "agentId": agent_of(&acme).await, "typeIds": [owns, account] });
    let refused = publish_agent(&acme, input).await;
    assert_eq!(
        refused["fields"][0]["path"],
        json!(["typeIds"]),
        "{refused}"
    );
}

#[tokio::test]
async fn types_that_are_not_the_organizations_own_are_not_published() {
    let server = Server::start().await;
    let other = publisher(&server, "Bob", "other").await;
    offer(&other, "finance", finance()).await;
    let secret = type_of(&other, json!({ "slug": "secret", "name": "Secret" })).await;
    let acme = publisher(&server, "Ada", "acme").await;
    installed(
        &acme,
        json!({ "slug": "finance", "organizationId": acme.organization_id }),
    )
    .await;
    let account = acme
        .query("{ entityType(slug: \"account\") { id } }", json!({}))
        .await["entityType"]["id"]
        .take();
    let gone = type_of(&acme, json!({ "slug": "gone", "name": "Gone" })).await;
    mutate(
        &acme,
        "archiveEntityType",
        "__typename",
        json!({ "id": gone }),
    )
    .await;
    let agent = agent_of(&acme).await;
    for id in [json!("nothing"), json!("\0"), secret, account, gone] {
        let input = json!({ "slug": "helper", "agentId": agent, "typeIds": [id] });
        let refused = publish_agent(&acme, input).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!(["typeIds"]),
            "{id}: {refused}"
        );
    }
    let own = type_of(&acme, json!({ "slug": "own", "name": "Own" })).await;
    for (input, path) in [
        (
            json!({ "slug": "x", "definition": definition("x"), "typeIds": [own] }),
            "typeIds",
        ),
        (
            json!({ "slug": "x", "definition": definition("x"), "additions": {} }),
            "additions",
        ),
        (
            json!({ "slug": "x", "agentId": agent, "typeIds": vec!["a"; 1001] }),
            "typeIds",
        ),
    ] {
        let refused = publish_agent(&acme, input).await;
        assert_eq!(refused["fields"][0]["path"], json!([path]), "{refused}");
    }
    for (additions, code) in [
        (json!([1]), "INVALID"),
        (json!({ "surprise": 1 }), "UNKNOWN_KEY"),
        (json!({ "description": "\0" }), "INVALID"),
        (
            json!({ "watchers": { "w": { "name": "W", "prompt": "p", "types": ["none"] } } }),
            "UNKNOWN_REFERENCE",
        ),
    ] {
        let input = json!({ "slug": "x", "agentId": agent, "additions": additions });
        let refused = publish_agent(&acme, input).await;
        assert_eq!(refused["problems"][0]["code"], code, "{refused}");
    }
}

#[tokio::test]
async fn type_that_no_catalog_brings_is_an_unknown_reference() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let mut document = definition("Leaning");
    document["catalogs"] = json!(["finance"]);
    document["watchers"] = json!({ "w": { "name": "W", "prompt": "p", "types": ["account"] } });
    document["relationshipTypes"] =
        json!({ "r": { "name": "R", "to": ["nothing"], "inverse": "booked-on" } });
    let input = json!({ "slug": "leaning", "definition": document });
    let refused = publish_agent(&acme, input).await;
    assert_eq!(
        refused["problems"][0]["code"], "UNKNOWN_REFERENCE",
        "{refused}"
    );
    let seen = acme
        .query("{ template(slug: \"leaning\") { id } }", json!({}))
        .await;
    assert_eq!(seen["template"], Value::Null, "nothing was left behind");
    document["relationshipTypes"]["r"]["to"] = json!(["account"]);
    let input = json!({ "slug": "leaning", "definition": document });
    let done = publish_agent(&acme, input).await;
    assert_eq!(
        done["__typename"], "PublishTemplateVersionSuccess",
        "{done}"
    );
}

#[tokio::test]
async fn category_icon_and_phone_stay_change_and_go() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let publish = |more: Value| {
        let mut input = json!({ "slug": "helper", "definition": definition("Helper") });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let acme = acme.clone();
        async move {
            let mut done = mutate(
                &acme,
                "publishTemplateVersion",
                "template { category icon botPhone }",
                input,
            )
            .await;
            done["template"].take()
        }
    };
    let all = json!({ "category": "work", "icon": "🤝", "botPhone": "447123456789" });
    assert_eq!(publish(all.clone()).await, all);
    assert_eq!(publish(json!({})).await, all);
    let none = json!({ "category": null, "icon": null, "botPhone": null });
    assert_eq!(publish(json!({ "icon": "🐙" })).await["icon"], "🐙");
    assert_eq!(publish(none.clone()).await, none);
    for (field, value) in [
        ("category", json!("Not Kebab")),
        ("category", json!("")),
        ("icon", json!("")),
        ("icon", json!("x".repeat(101))),
        ("botPhone", json!("07123456789")),
        ("botPhone", json!("12")),
        ("botPhone", json!("٤٤٧١٢٣٤٥٦٧٨٩")),
        ("notes", json!("x".repeat(5001))),
    ] {
        let input = json!({ "slug": "helper", "definition": definition("Helper"), field: value });
        let refused = mutate(&acme, "publishTemplateVersion", "stripped", input).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!([field]),
            "{value}: {refused}"
        );
    }
}
