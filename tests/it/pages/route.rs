//! `POST /api/install`: the upstream cases of the route by name, and installing by it.

use serde_json::{Value, json};

use super::{asking, shop, signed_in};
use crate::support::{Caller, Server};
use crate::templates::{agent, finance, offer, publish, publisher, rows, set_status};

/// What the route answers to this body.
pub(super) async fn install(caller: &Caller, body: Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}/api/install", caller.url()));
    let mut request = request.json(&body);
    if !caller.token.is_empty() {
        request = request.bearer_auth(&caller.token);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn happy_path_tells_the_organization_the_counts_and_where_to_go() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let (status, done) = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(status, 200, "{done}");
    let id = done["agentId"].as_str().unwrap();
    let expected = json!({
        "agentId": id, "organizationId": bob.organization_id, "organizationSlug": "bob", "created": true,
        "mirrored": { "entity_types": 2, "entity_relationship_types": 1, "event_classifiers": 1, "watchers": 1 },
        "redirectTo": format!("/bob/agents/{id}"),
    });
    assert_eq!(done, expected);
    let seen = agent(&bob, &done["agentId"]).await;
    assert_eq!(seen["name"], "Personal finance");
    // Counts are what it provides; nothing was copied.
    assert_eq!(rows(&server, "entity_types").await, 0);
    let (status, again) = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!((status, &again["created"]), (200, &json!(false)));
    assert_eq!(again["agentId"], done["agentId"]);
}

#[tokio::test]
async fn private_template_is_not_public_to_its_publisher_and_unknown_to_others() {
    let (server, acme) = shop().await;
    let (draft, _) = publish(&acme, "draft", finance()).await;
    let withdrawn = offer(&acme, "withdrawn", finance()).await;
    set_status(&acme, &withdrawn, "WITHDRAWN").await;
    let bob = server.sign_up("Bob").await;
    for (slug, id) in [("draft", &draft), ("withdrawn", &withdrawn)] {
        let (status, refused) = install(&acme, json!({ "slug": slug })).await;
        assert_eq!(
            (status, &refused["code"]),
            (400, &json!("TEMPLATE_NOT_PUBLIC"))
        );
        assert!(
            refused["error"].as_str().unwrap().contains("not public"),
            "{refused}"
        );
        let (status, refused) = install(&bob, json!({ "slug": slug })).await;
        assert_eq!((status, &refused["error"]), (404, &json!("unknown_slug")));
        let nothing = install(&bob, json!({ "slug": "nothing" })).await;
        assert_eq!((404, refused), nothing);
        let by_id = install(&bob, json!({ "templateAgentId": id })).await;
        assert_eq!(
            by_id,
            install(&bob, json!({ "templateAgentId": "nothing" })).await
        );
        assert_eq!(by_id.0, 400);
    }
}

#[tokio::test]
async fn missing_reference_is_refused() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    for body in [
        json!({}),
        json!({ "slug": "", "templateAgentId": "  " }),
        json!({ "slug": null, "templateId": 7 }),
        json!({ "name": "Purse" }),
    ] {
        let (status, refused) = install(&bob, body).await;
        assert_eq!(status, 400);
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains("templateAgentId is required"), "{error}");
    }
}

#[tokio::test]
async fn no_personal_organization_is_a_conflict() {
    let database = shop().await.0.database;
    let server = Server::on(database, &[]).await;
    let team = publisher(&server, "Bob", "team").await;
    let owner = server.owner_pool().await;
    sqlx::query(r#"DELETE FROM "organization" WHERE personal_user_id = $1"#)
        .bind(&team.user_id)
        .execute(&owner)
        .await
        .unwrap();
    // Where everyone has one, it is made; where nobody has, there is none to be had.
    let without = Server::on(server.database.clone(), &["--personal-organizations=false"]).await;
    let bob = team.moved_to(&without.url);
    let request = reqwest::Client::new()
        .post(format!("{}/api/install", bob.url()))
        .bearer_auth(&bob.token)
        .header("x-organization-id", &bob.organization_id)
        .json(&json!({ "slug": "finance" }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 409);
    let refused: Value = response.json().await.unwrap();
    assert_eq!(refused["error"], "no_personal_org");
    assert!(refused["message"].is_string() && refused["code"] == "NO_PERSONAL_ORG");
    let (status, done) = install(&team, json!({ "slug": "finance" })).await;
    assert_eq!((status, &done["organizationSlug"]), (200, &json!("bob")));
}

#[tokio::test]
async fn whatever_the_phone_the_install_is_done() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    for (phone, linked) in [
        (json!("07123456789"), true),
        (json!("not a phone"), false),
        (json!(7), false),
        (Value::Null, false),
    ] {
        let body = json!({ "slug": "finance", "whatsapp_phone": phone });
        let (status, done) = install(&bob, body).await;
        assert_eq!(status, 200, "{done}");
        assert!(done["agentId"].is_string());
        assert_eq!(done.get("whatsapp").is_some(), linked, "{done}");
    }
}

#[tokio::test]
async fn slug_goes_before_the_id_and_a_name_is_the_agents() {
    let (server, acme) = shop().await;
    let other = offer(&acme, "other", finance()).await;
    let bob = server.sign_up("Bob").await;
    let body = json!({ "slug": " finance ", "templateAgentId": other, "name": " Purse " });
    let (status, first) = install(&bob, body).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(agent(&bob, &first["agentId"]).await["name"], "Purse");
    for member in ["templateAgentId", "templateId"] {
        let (status, done) = install(&bob, json!({ member: other, "slug": " " })).await;
        assert_eq!(status, 200, "{done}");
        assert_ne!(done["agentId"], first["agentId"]);
    }
}

#[tokio::test]
async fn capabilities_take_consent_and_are_listed() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let bob = server.sign_up("Bob").await;
    for accept in [Value::Null, json!(false), json!("true")] {
        let body = json!({ "slug": "asking", "acceptCapabilities": accept });
        let (status, refused) = install(&bob, body).await;
        assert_eq!(
            (status, &refused["error"]),
            (409, &json!("capability_consent_required"))
        );
        assert_eq!(
            refused["names"],
            json!(["openai", "search", "*.bank.example"])
        );
    }
    let body = json!({ "slug": "asking", "acceptCapabilities": true });
    assert_eq!(install(&bob, body).await.0, 200);
}

#[tokio::test]
async fn cookie_of_our_own_page_installs_as_well() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let bob = signed_in(&server, "Bob").await;
    let request = reqwest::Client::new()
        .post(format!("{}/api/install", server.url))
        .header("cookie", bob.cookie())
        .header("origin", &server.url)
        .json(&json!({ "slug": "finance" }));
    assert_eq!(request.send().await.unwrap().status(), 200);
}
