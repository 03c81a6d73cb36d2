//! Templates, installs and types by their ids alone.

use serde_json::{Value, json};

use super::{definition, finance, installed, mutate, offer, publish, publisher, set_status};
use crate::support::{Caller, Server};

async fn nodes(caller: &Caller, ids: &[&Value]) -> Value {
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Template { slug } ... on EntityType { slug catalog }
        ... on TemplateInstall { version } } }";
    caller.query(document, json!({ "ids": ids })).await["nodes"].take()
}

async fn type_id(caller: &Caller, slug: &str) -> Value {
    let document = "query($slug: String!) { entityType(slug: $slug) { id } }";
    caller.query(document, json!({ "slug": slug })).await["entityType"]["id"].take()
}

#[tokio::test]
async fn nodes_find_templates_installs_and_types_as_far_as_they_may_be_seen() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let template = offer(&acme, "finance", finance()).await;
    let (draft, _) = publish(&acme, "draft", definition("Draft")).await;
    let install = installed(&bob, json!({ "slug": "finance" })).await["install"]["id"].take();
    let account = type_id(&bob, "account").await;
    let input = json!({ "slug": "person", "name": "Person" });
    let own =
        mutate(&bob, "createEntityType", "entityType { id }", input).await["entityType"]["id"]
            .take();
    let ids = [&template, &draft, &install, &account, &own];
    let found = |typename: &str, id: &Value, more: Value| {
        let mut node = json!({ "__typename": typename, "id": id });
        node.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        node
    };
    let published = found("Template", &template, json!({ "slug": "finance" }));
    assert_eq!(
        nodes(&bob, &ids).await,
        json!([
            published,
            null,
            found("TemplateInstall", &install, json!({ "version": 1 })),
            found(
                "EntityType",
                &account,
                json!({ "slug": "account", "catalog": "finance" })
            ),
            found(
                "EntityType",
                &own,
                json!({ "slug": "person", "catalog": null })
            ),
        ])
    );
    // A stranger finds what anyone may have; a publisher its drafts, and nothing of who installed.
    assert_eq!(
        nodes(&eve, &ids).await,
        json!([published, null, null, null, null])
    );
    let drafted = found("Template", &draft, json!({ "slug": "draft" }));
    assert_eq!(
        nodes(&acme, &ids).await,
        json!([published, drafted, null, null, null])
    );
    // Withdrawn, it is there for who has it, and for nobody else.
    set_status(&acme, &template, "WITHDRAWN").await;
    assert_eq!(nodes(&bob, &[&template]).await, json!([published]));
    assert_eq!(nodes(&eve, &[&template]).await, json!([null]));
    let one = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(
        eve.query(one, json!({ "id": install })).await["node"],
        Value::Null
    );
    assert_eq!(
        bob.query(one, json!({ "id": install })).await["node"]["id"],
        install
    );
}

#[tokio::test]
async fn type_stays_readable_by_its_id_after_the_install_ended() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let account = type_id(&bob, "account").await;
    let ended = json!({ "installId": done["install"]["id"] });
    mutate(&bob, "uninstallTemplate", "install { id }", ended).await;
    assert_eq!(type_id(&bob, "account").await, Value::Null);
    let found = json!([{ "__typename": "EntityType", "id": account, "slug": "account", "catalog": "finance" }]);
    assert_eq!(nodes(&bob, &[&account]).await, found);
}

#[tokio::test]
async fn type_of_a_catalog_is_found_through_the_template_that_uses_it() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut words = definition("Words");
    words["entityTypes"] = json!({ "company": { "name": "Company" } });
    offer(&acme, "words", words).await;
    let mut leaning = definition("Leaning");
    leaning["catalogs"] = json!(["words"]);
    leaning["watchers"] = json!({ "w": { "name": "W", "prompt": "p", "types": ["company"] } });
    offer(&acme, "leaning", leaning).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "leaning" })).await;
    let company = type_id(&bob, "company").await;
    let found = json!([{ "__typename": "EntityType", "id": company, "slug": "company", "catalog": "words" }]);
    assert_eq!(nodes(&bob, &[&company]).await, found);
    let document = "{ viewer { installs { nodes { watchers { key typeIds } } } } }";
    let seen = bob.query(document, json!({})).await;
    assert_eq!(
        seen["viewer"]["installs"]["nodes"][0]["watchers"],
        json!([{ "key": "w", "typeIds": [company] }])
    );
}
