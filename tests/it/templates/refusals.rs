//! Why a template is not installed.

use serde_json::json;

use super::{
    agent, definition, finance, install, installed, mutate, offer, publish, publisher, refusal,
    set_status,
};
use crate::support::{Caller, Server};

#[tokio::test]
async fn template_that_cannot_be_had_is_refused_to_each_as_they_may_know() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (id, _) = publish(&acme, "finance", finance()).await;
    let eve = server.sign_up("Eve").await;
    for status in ["DRAFT", "WITHDRAWN"] {
        set_status(&acme, &id, status).await;
        // To a stranger, exactly what a missing one is, by slug and by id.
        let missing = install(&eve, json!({ "slug": "nothing" })).await;
        assert_eq!(missing["code"], "TEMPLATE_NOT_FOUND");
        for by in [json!({ "slug": "finance" }), json!({ "templateId": id })] {
            assert_eq!(install(&eve, by.clone()).await, missing, "{status}");
            assert_eq!(
                refusal(&acme.in_organization(""), by).await,
                "TEMPLATE_NOT_PUBLIC"
            );
        }
    }
    for by in [
        json!({ "templateId": "nothing" }),
        json!({ "slug": "\0" }),
        json!({ "templateId": "a\0b" }),
    ] {
        assert_eq!(refusal(&eve, by).await, "TEMPLATE_NOT_FOUND");
    }
}

#[tokio::test]
async fn withdrawn_yanked_and_deleted_between_page_and_press() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let id = offer(&acme, "finance", finance()).await;
    let page = "{ template(slug: \"finance\") { id version } }";
    let eve = server.sign_up("Eve").await;
    assert_eq!(eve.query(page, json!({})).await["template"]["version"], 1);
    let yank = json!({ "id": id, "version": 1 });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { yankedAt }",
        yank,
    )
    .await;
    assert_eq!(
        refusal(&eve, json!({ "slug": "finance" })).await,
        "TEMPLATE_NOT_FOUND"
    );
    let (_, second) = publish(&acme, "finance", finance()).await;
    assert_eq!(second, 2, "a yanked definition is published anew");
    assert_eq!(
        refusal(&eve, json!({ "slug": "finance", "version": 1 })).await,
        "TEMPLATE_NOT_FOUND"
    );
    assert_eq!(
        refusal(&eve, json!({ "slug": "finance", "version": 7 })).await,
        "TEMPLATE_NOT_FOUND"
    );
    set_status(&acme, &id, "WITHDRAWN").await;
    assert_eq!(
        refusal(&eve, json!({ "slug": "finance" })).await,
        "TEMPLATE_NOT_FOUND"
    );
    set_status(&acme, &id, "PUBLISHED").await;
    let gone = json!({ "id": acme.organization_id });
    let done = mutate(&acme, "deleteOrganization", "deletedOrganizationId", gone).await;
    assert_eq!(done["__typename"], "DeleteOrganizationSuccess");
    assert_eq!(
        refusal(&eve, json!({ "templateId": id })).await,
        "TEMPLATE_NOT_FOUND"
    );
}

#[tokio::test]
async fn installed_agent_is_no_template_to_whoever_has_it_and_nothing_to_others() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let instance = json!({ "templateId": done["agent"]["id"] });
    assert_eq!(
        refusal(&bob, instance.clone()).await,
        "TEMPLATE_IS_INSTANCE"
    );
    assert_eq!(refusal(&eve, instance).await, "TEMPLATE_NOT_FOUND");
}

#[tokio::test]
async fn publisher_does_not_install_its_own_template() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let at_home = json!({ "slug": "finance", "organizationId": acme.organization_id });
    assert_eq!(refusal(&acme, at_home).await, "SELF_INSTALL");
    let bob = server.sign_up("Bob").await;
    offer(&bob, "mine", definition("Mine")).await;
    assert_eq!(
        refusal(&bob, json!({ "slug": "mine" })).await,
        "SELF_INSTALL"
    );
}

#[tokio::test]
async fn stranger_and_removed_member_are_refused_and_a_new_admin_is_not() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let (team, eve) = (
        publisher(&server, "Cleo", "team").await,
        server.sign_up("Eve").await,
    );
    let there = json!({ "slug": "finance", "organizationId": team.organization_id });
    assert_eq!(refusal(&eve, there.clone()).await, "NOT_A_MEMBER");
    server.join(&team, &eve, "admin").await;
    let removed = json!({ "userId": eve.user_id });
    mutate(&team, "removeMember", "__typename", removed).await;
    assert_eq!(refusal(&eve, there.clone()).await, "NOT_A_MEMBER");
    let unknown = json!({ "slug": "finance", "organizationId": "nothing" });
    assert_eq!(refusal(&eve, unknown).await, "NOT_A_MEMBER");
    server.join(&team, &eve, "admin").await;
    assert_eq!(installed(&eve, there).await["created"], true);
}

#[tokio::test]
async fn who_is_made_a_member_changes_no_install_of_the_team() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let team = publisher(&server, "Cleo", "team").await;
    let eve = server.sign_up("Eve").await;
    let member = server.join(&team, &eve, "admin").await;
    let there = json!({ "slug": "finance", "organizationId": team.organization_id });
    let done = installed(&member, there).await;
    let (install, id) = (&done["install"]["id"], &done["agent"]["id"]);
    sqlx::query(
        r#"UPDATE "member" SET "role" = 'member' WHERE "userId" = $1 AND "organizationId" = $2"#,
    )
    .bind(&eve.user_id)
    .bind(&team.organization_id)
    .execute(&server.owner_pool().await)
    .await
    .unwrap();
    let before = agent(&team, id).await;
    let overrides = json!({ "agent": { "systemPrompt": "Mine." } });
    for (field, input) in [
        (
            "updateInstall",
            json!({ "installId": install, "overrides": overrides }),
        ),
        ("resetOverride", json!({ "installId": install })),
        (
            "upgradeTemplate",
            json!({ "installId": install, "toVersion": 1, "acceptCapabilities": true }),
        ),
        ("uninstallTemplate", json!({ "installId": install })),
        ("updateAgent", json!({ "id": id, "systemPrompt": "Mine." })),
    ] {
        let refused = mutate(&member, field, "__typename", input).await;
        assert_eq!(refused["__typename"], "Forbidden", "{field}: {refused}");
    }
    assert_eq!(agent(&team, id).await, before);
}

#[tokio::test]
async fn plain_member_is_refused() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let (team, eve) = (
        publisher(&server, "Cleo", "team").await,
        server.sign_up("Eve").await,
    );
    let member = server.join(&team, &eve, "member").await;
    let there = json!({ "slug": "finance", "organizationId": team.organization_id });
    for caller in [&eve, &member] {
        assert_eq!(refusal(caller, there.clone()).await, "REQUIRES_ADMIN");
    }
}

#[tokio::test]
async fn neither_or_both_of_slug_and_id_and_bad_values_are_refused() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    for (input, path) in [
        (json!({}), "slug"),
        (json!({ "slug": "  " }), "slug"),
        (json!({ "slug": "a", "templateId": "b" }), "slug"),
        (json!({ "slug": "a", "name": "" }), "name"),
        (json!({ "slug": "a", "name": "a\nb" }), "name"),
        (json!({ "slug": "a", "version": 0 }), "version"),
        (
            json!({ "slug": "a", "idempotencyKey": "" }),
            "idempotencyKey",
        ),
    ] {
        let refused = install(&bob, input.clone()).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!([path]),
            "{input}: {refused}"
        );
    }
    let nobody = Caller::nobody(&server);
    let document = "mutation { installTemplate(input: { slug: \"a\" }) { __typename } }";
    assert_eq!(nobody.code(document, json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn capabilities_take_consent_and_strict_refuses_collisions() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut wide = finance();
    wide["capabilities"] = json!({ "services": ["openai"], "domains": ["bank.example"] });
    offer(&acme, "finance", wide).await;
    let bob = server.sign_up("Bob").await;
    let refused = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(refused["code"], "CAPABILITY_CONSENT_REQUIRED");
    assert_eq!(refused["names"], json!(["openai", "bank.example"]));

    let own = json!({ "slug": "transaction", "name": "Mine" });
    mutate(&bob, "createEntityType", "entityType { id }", own).await;
    let input = json!({ "slug": "finance", "acceptCapabilities": true, "strict": true });
    let refused = install(&bob, input).await;
    assert_eq!(
        (&refused["code"], &refused["names"]),
        (&json!("USER_AUTHORED_COLLISION"), &json!(["transaction"]))
    );
    let done = installed(
        &bob,
        json!({ "slug": "finance", "acceptCapabilities": true }),
    )
    .await;
    assert_eq!(done["shadowedTypes"], json!(["transaction"]));
    assert_eq!(
        done["install"]["requirements"],
        json!([{ "kind": "CONNECTION", "name": "openai", "met": false }])
    );

    let mut other = definition("Books");
    other["entityTypes"] = json!({ "account": { "name": "Account" } });
    offer(&acme, "books", other).await;
    let refused = install(&bob, json!({ "slug": "books", "strict": true })).await;
    assert_eq!(
        (&refused["code"], &refused["names"]),
        (&json!("MANAGED_BY_OTHER_TEMPLATE"), &json!(["account"]))
    );
    assert_eq!(
        installed(&bob, json!({ "slug": "books" })).await["created"],
        true
    );
}
