//! Installing: what is there afterwards, by reference, and idempotence.

use serde_json::{Value, json};

use super::{
    agent, definition, finance, install, installed, mutate, offer, publish, publisher, rows,
};
use crate::support::Server;

#[tokio::test]
async fn new_agent_has_template_organization_owner_and_counts() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "personal-finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "personal-finance" })).await;
    assert_eq!(done["created"], true);
    assert_eq!(
        done["provides"],
        json!({ "entityTypes": 2, "entityRelationshipTypes": 1, "eventClassifiers": 1, "watchers": 1 })
    );
    assert_eq!(done["organization"]["id"], bob.organization_id);
    let (slug, id) = (
        done["organization"]["slug"].as_str().unwrap(),
        done["agent"]["id"].as_str().unwrap(),
    );
    assert_eq!(done["redirectTo"], format!("/{slug}/agents/{id}"));
    assert_eq!(done["install"]["template"]["slug"], "personal-finance");
    assert_eq!(
        (
            &done["agent"]["name"],
            &done["agent"]["systemPrompt"],
            &done["agent"]["visibility"]
        ),
        (
            &json!("Personal finance"),
            &json!("Help with money."),
            &json!("PRIVATE")
        )
    );
    assert_eq!(done["shadowedTypes"], json!([]));
    // What the template brings is to be used, and none of it was copied.
    let document = "{ viewer { installs { nodes { effective agent { id } } } }
        entityType(slug: \"transaction\") { slug catalog metadataSchema } entityTypes { totalCount nodes { slug } }
        relationship: entityType(slug: \"booked-on\", kind: RELATIONSHIP) { slug catalog } }";
    let seen = bob.query(document, json!({})).await;
    let effective = &seen["viewer"]["installs"]["nodes"][0]["effective"];
    assert_eq!(
        effective["watchers"]["monthly"],
        finance()["watchers"]["monthly"]
    );
    assert_eq!(
        effective["classifiers"]["category"],
        finance()["classifiers"]["category"]
    );
    assert_eq!(
        seen["viewer"]["installs"]["nodes"][0]["agent"]["id"],
        done["agent"]["id"]
    );
    assert_eq!(seen["entityType"]["catalog"], "personal-finance");
    assert_eq!(
        seen["entityType"]["metadataSchema"]["properties"]["amount"]["type"],
        "number"
    );
    assert_eq!(
        seen["entityTypes"],
        json!({ "totalCount": 2, "nodes": [{ "slug": "account" }, { "slug": "transaction" }] })
    );
    assert_eq!(seen["relationship"]["catalog"], "personal-finance");
    assert_eq!(
        (
            rows(&server, "entity_types").await,
            rows(&server, "template_installs").await
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn repeating_an_install_changes_nothing_and_keeps_what_the_user_changed() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let first = installed(&bob, json!({ "slug": "finance", "name": "My money" })).await;
    assert_eq!(first["agent"]["name"], "My money");
    let rename = json!({ "id": first["agent"]["id"], "name": "Purse", "model": "gpt-4o-mini" });
    mutate(&bob, "updateAgent", "agent { id }", rename).await;
    let second = installed(&bob, json!({ "slug": "finance", "name": "Other" })).await;
    assert_eq!(second["created"], false);
    assert_eq!(second["agent"]["id"], first["agent"]["id"]);
    assert_eq!(second["agent"]["name"], "Purse");
    assert_eq!(second["agent"]["model"], "gpt-4o-mini");
    assert_eq!(
        (
            rows(&server, "agents").await,
            rows(&server, "template_installs").await
        ),
        (1, 1)
    );
    // A later version does not take the user's words away either, and what they left alone follows it.
    let mut next = finance();
    next["agent"] = json!({ "systemPrompt": "Help more.", "model": "gpt-5" });
    publish(&acme, "finance", next).await;
    let seen = agent(&bob, &first["agent"]["id"]).await;
    assert_eq!(
        (
            &seen["name"],
            &seen["model"],
            &seen["systemPrompt"],
            &seen["install"]["version"]
        ),
        (
            &json!("Purse"),
            &json!("gpt-4o-mini"),
            &json!("Help more."),
            &json!(2)
        )
    );
}

#[tokio::test]
async fn of_sixteen_installs_at_once_one_makes_the_agent() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let many = (0..16).map(|_| install(&bob, json!({ "slug": "finance" })));
    let done = futures_util::future::join_all(many).await;
    let made = done.iter().filter(|one| one["created"] == true).count();
    assert_eq!(made, 1, "{done:?}");
    for one in &done {
        assert_eq!(one["agent"]["id"], done[0]["agent"]["id"], "{one}");
    }
    assert_eq!(
        (
            rows(&server, "agents").await,
            rows(&server, "template_installs").await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn idempotency_key_makes_one_install_and_stands_for_one_input() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    offer(&acme, "other", definition("Other")).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "finance", "idempotencyKey": "k" });
    let first = installed(&bob, input.clone()).await;
    let second = installed(&bob, input).await;
    assert_eq!(first["agent"], second["agent"]);
    assert_eq!(second["created"], true, "the same answer as the first time");
    let other = install(&bob, json!({ "slug": "other", "idempotencyKey": "k" })).await;
    assert_eq!(other["__typename"], "Conflict");
}

#[tokio::test]
async fn team_installs_for_everyone_in_it_and_by_id_as_by_slug() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let id = offer(&acme, "finance", finance()).await;
    let team = publisher(&server, "Bob", "team").await;
    let eve = server.sign_up("Eve").await;
    let member = server.join(&team, &eve, "member").await;
    // Acting at home, and naming the team.
    let home = team.in_organization("");
    let input = json!({ "templateId": id, "organizationId": team.organization_id });
    let done = installed(&home, input).await;
    assert_eq!(done["organization"]["slug"], "team");
    assert_eq!(done["agent"]["visibility"], "ORGANIZATION");
    let seen = agent(&member, &done["agent"]["id"]).await;
    assert_eq!(seen["systemPrompt"], "Help with money.");
    assert_eq!(agent(&eve, &done["agent"]["id"]).await, Value::Null);
    let audit = "{ auditEvents(filter: { action: \"template.install\" }) { totalCount } }";
    assert_eq!(
        team.query(audit, json!({})).await["auditEvents"]["totalCount"],
        1
    );
}

#[tokio::test]
async fn personal_organization_is_made_when_it_is_missing() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let team = publisher(&server, "Bob", "team").await;
    let owner = server.owner_pool().await;
    let gone = sqlx::query(r#"DELETE FROM "organization" WHERE personal_user_id = $1"#)
        .bind(&team.user_id)
        .execute(&owner)
        .await
        .unwrap();
    assert_eq!(gone.rows_affected(), 1);
    let done = installed(&team, json!({ "slug": "finance" })).await;
    assert_ne!(done["organization"]["id"], team.organization_id);
    assert_eq!(done["organization"]["slug"], "bob");
}

#[tokio::test]
async fn installed_agents_are_found_and_listed_as_they_are_now() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let plain = json!({ "name": "Plain", "systemPrompt": "p", "model": "gpt-4o", "description": "of money" });
    mutate(&bob, "createAgent", "agent { id }", plain).await;
    let names = |filter: &str| {
        let (bob, document) = (
            bob.clone(),
            format!("{{ agents(filter: {{ {filter} }}) {{ nodes {{ name systemPrompt }} }} }}"),
        );
        async move {
            let data = bob.query(&document, json!({})).await;
            let nodes = data["agents"]["nodes"].as_array().unwrap().clone();
            nodes
                .iter()
                .map(|node| node["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        names("model: \"gpt-4o\"").await,
        ["Personal finance", "Plain"]
    );
    assert_eq!(
        names("model: \"gpt-3.5-turbo\"").await,
        Vec::<String>::new()
    );
    assert_eq!(names("search: \"personal\"").await, ["Personal finance"]);
    let described = json!({ "installId": done["install"]["id"], "overrides": { "agent": { "description": "Counts money" } } });
    mutate(&bob, "updateInstall", "install { id }", described).await;
    assert_eq!(
        names("search: \"money\"").await,
        ["Personal finance", "Plain"]
    );
    let node = "query($id: ID!) { node(id: $id) { ... on Agent { model description } } }";
    let seen = bob.query(node, json!({ "id": done["agent"]["id"] })).await;
    assert_eq!(
        seen["node"],
        json!({ "model": "gpt-4o", "description": "Counts money" })
    );
    let eve = server.sign_up("Eve").await;
    let seen = eve.query(node, json!({ "id": done["agent"]["id"] })).await;
    assert_eq!(seen["node"], Value::Null);
}
