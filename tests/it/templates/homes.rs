//! Installing where there is no personal organisation, and none is made.

use serde_json::{Value, json};

use super::{finance, installed, mutate, offer, publisher, refusal};
use crate::support::{Caller, Server};

const WITHOUT: &str = "--personal-organizations=false";

/// Somebody who owns a team and has lost their personal organisation.
async fn without_home(server: &Server, name: &str, slug: &str) -> Caller {
    let caller = publisher(server, name, slug).await;
    let gone = sqlx::query(r#"DELETE FROM "organization" WHERE personal_user_id = $1"#)
        .bind(&caller.user_id)
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    assert_eq!(gone.rows_affected(), 1);
    caller
}

#[tokio::test]
async fn switched_off_no_personal_organization_is_made_and_a_named_one_is_used() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = without_home(&server, "Bob", "team").await;
    let other = Server::on(server.database.clone(), &[WITHOUT]).await;
    let bob = bob.moved_to(&other.url);
    assert_eq!(
        refusal(&bob, json!({ "slug": "finance" })).await,
        "NO_PERSONAL_ORG"
    );
    // Naming no organisation, they act where they have been a member for longest.
    let home = bob.in_organization("");
    let seen = home
        .query("{ viewer { organization { slug personal } } }", json!({}))
        .await;
    assert_eq!(
        seen["viewer"]["organization"],
        json!({ "slug": "team", "personal": false })
    );
    assert_eq!(
        refusal(&home, json!({ "slug": "finance" })).await,
        "NO_PERSONAL_ORG"
    );
    let input = json!({ "slug": "finance", "organizationId": bob.organization_id });
    let done = installed(&home, input).await;
    assert_eq!(done["organization"]["slug"], "team");
    // Signing in goes on.
    let again = Caller::sign_in_at(&other.url, "Bob").await;
    let seen = again
        .query("{ viewer { organization { slug } } }", json!({}))
        .await;
    assert_eq!(seen["viewer"]["organization"]["slug"], "team");
    // Who has one still uses it.
    let ada = acme.moved_to(&other.url).in_organization("");
    let refused = refusal(
        &ada,
        json!({ "slug": "finance", "organizationId": acme.organization_id }),
    )
    .await;
    assert_eq!(refused, "SELF_INSTALL");
    assert_eq!(
        installed(&ada, json!({ "slug": "finance" })).await["created"],
        true
    );
    assert_eq!(
        super::rows(
            &server,
            r#""organization" WHERE personal_user_id IS NOT NULL"#
        )
        .await,
        1
    );
}

#[tokio::test]
async fn switched_off_nobody_signs_up_and_who_is_a_member_of_nothing_is_turned_away() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let other = Server::on(server.database.clone(), &[WITHOUT]).await;
    let document = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename ... on UserError { message } } }";
    let input = json!({ "name": "Eve", "email": "eve@example.com", "password": Caller::PASSWORD });
    let refused = Caller::nobody(&other)
        .query(document, json!({ "input": input }))
        .await;
    assert_eq!(refused["signUp"]["__typename"], "Forbidden", "{refused}");
    sqlx::query(r#"DELETE FROM "organization""#)
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    let bob = bob.in_organization("");
    let answer = bob
        .moved_to(&other.url)
        .post("{ viewer { user { id } } }", json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
    let document = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }";
    let input = json!({ "email": "bob@example.com", "password": Caller::PASSWORD });
    let refused = Caller::nobody(&other)
        .query(document, json!({ "input": input }))
        .await;
    assert_eq!(refused["signIn"]["__typename"], "Forbidden", "{refused}");
    // Where it is on, one is made for them.
    let seen = bob
        .query("{ viewer { organization { slug } } }", json!({}))
        .await;
    assert_eq!(seen["viewer"]["organization"]["slug"], "bob");
}

#[tokio::test]
async fn personal_organization_that_cannot_be_made_is_told_as_none() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = without_home(&server, "Bob", "team").await;
    sqlx::query(r#"ALTER TABLE "organization" ADD CONSTRAINT full_up CHECK (personal_user_id IS NULL) NOT VALID"#)
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    let before = super::rows(&server, "agents").await;
    assert_eq!(
        refusal(&bob, json!({ "slug": "finance" })).await,
        "NO_PERSONAL_ORG"
    );
    assert_eq!(super::rows(&server, "agents").await, before);
}

#[tokio::test]
async fn of_eight_installs_at_once_without_a_home_one_is_made() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = without_home(&server, "Bob", "team").await;
    let many = (0..8).map(|_| installed(&bob, json!({ "slug": "finance" })));
    let done = futures_util::future::join_all(many).await;
    let made: Vec<&Value> = done.iter().filter(|one| one["created"] == true).collect();
    assert_eq!(made.len(), 1);
    assert!(
        done.iter().all(|one| one["organization"]["slug"] == "bob"),
        "{done:?}"
    );
    let ended = json!({ "installId": made[0]["install"]["id"] });
    let gone = mutate(&bob, "uninstallTemplate", "install { id }", ended).await;
    assert_eq!(
        gone["__typename"], "NotFound",
        "it is in another organisation"
    );
}

/// What an operation answers that is sent with this key alone.
async fn with_key(server: &Server, key: &str, document: &str, input: Value) -> Value {
    let request = Caller::nobody(server).post(document, json!({ "input": input }));
    let answer = request.header("x-api-key", key).send().await.unwrap();
    let mut body: Value = answer.json().await.unwrap();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].take()
}

#[tokio::test]
async fn organization_publishes_and_installs_by_a_key_of_its_own() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let team = publisher(&server, "Bob", "team").await;
    let mut keys = Vec::new();
    for (owner, role) in [(&acme, "ADMIN"), (&acme, "MEMBER"), (&team, "ADMIN")] {
        let input = json!({ "name": "ci", "owner": "ORGANIZATION", "role": role });
        let made = mutate(owner, "createApiKey", "key", input).await;
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    let publish = "mutation($input: PublishTemplateVersionInput!) { publishTemplateVersion(input: $input) { __typename
        ... on PublishTemplateVersionSuccess { template { id status versions { version } } } } }";
    let input = json!({ "slug": "finance", "definition": finance() });
    let refused = with_key(&server, &keys[1], publish, input.clone()).await;
    assert_eq!(refused["publishTemplateVersion"]["__typename"], "Forbidden");
    let done = with_key(&server, &keys[0], publish, input).await;
    let template = &done["publishTemplateVersion"]["template"];
    assert_eq!(
        (&template["status"], &template["versions"]),
        (&json!("DRAFT"), &json!([{ "version": 1 }]))
    );
    let status = "mutation($input: SetTemplateStatusInput!) { setTemplateStatus(input: $input) { __typename } }";
    let input = json!({ "id": template["id"], "status": "PUBLISHED" });
    let done = with_key(&server, &keys[0], status, input).await;
    assert_eq!(
        done["setTemplateStatus"]["__typename"],
        "SetTemplateStatusSuccess"
    );
    // Naming no organisation, it is installed where the key acts: there is no personal one to be made.
    let install = "mutation($input: InstallTemplateInput!) { installTemplate(input: $input) { __typename
        ... on InstallTemplateSuccess { created organization { slug } agent { visibility } } ... on InstallRefused { code } } }";
    let done = with_key(&server, &keys[2], install, json!({ "slug": "finance" })).await;
    assert_eq!(
        done["installTemplate"],
        json!({ "__typename": "InstallTemplateSuccess", "created": true, "organization": { "slug": "team" },
                "agent": { "visibility": "ORGANIZATION" } })
    );
    for (key, code) in [(&keys[0], "SELF_INSTALL"), (&keys[1], "SELF_INSTALL")] {
        let refused = with_key(&server, key, install, json!({ "slug": "finance" })).await;
        assert_eq!(refused["installTemplate"]["code"], code);
    }
    let homes = r#""organization" WHERE personal_user_id LIKE 'org\_%'"#;
    assert_eq!(super::rows(&server, homes).await, 0);
}
