//! Where a message goes: to an agent of the sender's own, or to none.

use agentry_db::whatsapp_link::Route;
use serde_json::{Value, json};

use super::{JID, PHONE, arrives, bot, code, db, linked, route};
use crate::support::{Caller, Server};
use crate::templates::{installed, mutate};

async fn install(caller: &Caller, organization: Option<&str>) -> (String, String) {
    let done = installed(
        caller,
        json!({ "slug": "helper", "organizationId": organization }),
    )
    .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&done["agent"]["id"]), text(&done["install"]["id"]))
}

fn places(routes: &[Route]) -> Vec<(&str, &str, bool)> {
    routes
        .iter()
        .map(|route| {
            (
                route.tenant.organization().as_str(),
                route.agent.as_str(),
                route.is_personal,
            )
        })
        .collect()
}

#[tokio::test]
async fn a_verified_number_reaches_its_users_install_in_every_spelling() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    assert!(
        route(&db, &template, JID).await.is_empty(),
        "nothing is installed yet"
    );
    let (agent, install) = install(&bob, None).await;
    for from in [
        "447123456789",
        JID,
        "447123456789:4@s.whatsapp.net",
        "447123456789@C.US",
    ] {
        let routes = route(&db, &template, from).await;
        assert_eq!(
            places(&routes),
            [(&*bob.organization_id, &*agent, true)],
            "{from}"
        );
        assert_eq!(routes[0].tenant.user().as_str(), bob.user_id);
        assert_eq!(routes[0].install.as_str(), install);
    }
    let done = mutate(
        &bob,
        "uninstallTemplate",
        "install { id }",
        json!({ "installId": install }),
    )
    .await;
    assert_eq!(done["__typename"], "UninstallTemplateSuccess", "{done}");
    assert!(route(&db, &template, JID).await.is_empty());
}

#[tokio::test]
async fn what_is_not_verified_reaches_nothing() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    install(&bob, None).await;
    code(&bob, PHONE).await;
    assert!(route(&db, &template, JID).await.is_empty());
    assert!(route(&db, &template, "15551234567").await.is_empty());
    assert!(route(&db, &template, "GB.42").await.is_empty());
}

#[tokio::test]
async fn a_contact_known_in_ones_organization_does_not_reach_ones_agent() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    install(&bob, None).await;
    // As a connector might note a contact of Bob's, even as verified.
    let mut root = server.database.root().await;
    sqlx::query(
        "INSERT INTO member_identities (organization_id, user_id, namespace, identifier, source, verified_at)
         VALUES ($1, $2, 'wa_jid', $3, 'connector:whatsapp', now())",
    )
    .bind(&bob.organization_id)
    .bind(&bob.user_id)
    .bind(JID)
    .execute(&mut root)
    .await
    .unwrap();
    assert!(route(&db, &template, JID).await.is_empty());
    // Nor is it in the way of whoever the number is of.
    let eve = linked(&server, &db, "Eve", PHONE).await;
    let (agent, _) = install(&eve, None).await;
    assert_eq!(
        places(&route(&db, &template, JID).await),
        [(&*eve.organization_id, &*agent, true)]
    );
}

#[tokio::test]
async fn the_personal_install_goes_before_those_of_teams_and_several_of_teams_are_all_told() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let mut teams = Vec::new();
    for slug in ["first", "second"] {
        let input = json!({ "name": slug, "slug": slug });
        let made = mutate(&bob, "createOrganization", "organization { id }", input).await;
        let id = made["organization"]["id"].as_str().unwrap().to_owned();
        let (agent, _) = install(&bob, Some(&id)).await;
        teams.push((id, agent));
    }
    let team: Vec<(&str, &str, bool)> = teams
        .iter()
        .map(|(id, agent)| (&**id, &**agent, false))
        .collect();
    assert_eq!(places(&route(&db, &template, JID).await), team);
    let (agent, _) = install(&bob, None).await;
    let all = [vec![(&*bob.organization_id, &*agent, true)], team].concat();
    assert_eq!(places(&route(&db, &template, JID).await), all);
}

#[tokio::test]
async fn who_left_a_team_or_is_banned_reaches_nothing_there() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let carl = server.sign_up("Carl").await;
    let (agent, _) = install(&carl, None).await;
    // An agent that its owner keeps to themself is nobody's to reach; one that is shared is every member's.
    server.join(&carl, &bob, "admin").await;
    assert!(route(&db, &template, JID).await.is_empty());
    let share = json!({ "id": agent, "visibility": "ORGANIZATION" });
    let done = mutate(&carl, "updateAgent", "agent { visibility }", share).await;
    assert_eq!(done["agent"]["visibility"], "ORGANIZATION", "{done}");
    let routes = route(&db, &template, JID).await;
    assert_eq!(places(&routes), [(&*carl.organization_id, &*agent, false)]);
    assert_eq!(routes[0].tenant.user().as_str(), bob.user_id);
    let owner = server.owner_pool().await;
    sqlx::raw_sql(r#"ALTER TABLE "user" ADD COLUMN "banned" boolean; UPDATE "user" SET "banned" = true WHERE "name" = 'Bob'"#)
        .execute(&owner)
        .await
        .unwrap();
    assert!(route(&db, &template, JID).await.is_empty());
    sqlx::raw_sql(r#"UPDATE "user" SET "banned" = false"#)
        .execute(&owner)
        .await
        .unwrap();
    assert_eq!(route(&db, &template, JID).await.len(), 1);
    let gone = r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#;
    sqlx::query(gone)
        .bind(&bob.user_id)
        .bind(&carl.organization_id)
        .execute(&owner)
        .await
        .unwrap();
    assert!(route(&db, &template, JID).await.is_empty());
}

#[tokio::test]
async fn either_form_of_a_verified_number_is_routed() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    install(&bob, None).await;
    let code = code(&bob, "+525512345678").await;
    arrives(&db, "5215512345678", &code).await;
    for form in ["5215512345678", "525512345678@s.whatsapp.net"] {
        assert_eq!(route(&db, &template, form).await.len(), 1, "{form}");
    }
}
