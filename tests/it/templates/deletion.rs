//! What may be deleted, and what is referred to and may not.

use serde_json::{Value, json};

use super::{agent, definition, finance, installed, mutate, offer, publish, publisher, set_status};
use crate::support::{Caller, Server};

async fn delete(caller: &Caller, id: &Value) -> Value {
    mutate(
        caller,
        "deleteTemplate",
        "deletedTemplateId",
        json!({ "id": id }),
    )
    .await
}

#[tokio::test]
async fn draft_is_deleted_and_what_was_published_once_is_not() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let bob = server.sign_up("Bob").await;
    let member = server.join(&acme, &bob, "member").await;
    let (draft, _) = publish(&acme, "finance", finance()).await;
    publish(&acme, "finance", definition("Next")).await;
    assert_eq!(delete(&member, &draft).await["__typename"], "Forbidden");
    assert_eq!(delete(&bob, &draft).await["__typename"], "NotFound");
    assert_eq!(
        delete(&acme, &json!("nothing\0")).await["__typename"],
        "NotFound"
    );
    assert_eq!(delete(&acme, &draft).await["deletedTemplateId"], draft);
    assert_eq!(delete(&acme, &draft).await["__typename"], "NotFound");
    for table in ["templates", "template_versions", "template_types"] {
        assert_eq!(super::rows(&server, table).await, 0, "{table}");
    }
    // Its slug is free, for others too.
    let id = offer(&bob, "finance", finance()).await;
    for status in ["PUBLISHED", "UNLISTED", "WITHDRAWN", "DRAFT"] {
        set_status(&bob, &id, status).await;
        let refused = delete(&bob, &id).await;
        assert_eq!(refused["__typename"], "Conflict", "{status}: {refused}");
    }
}

#[tokio::test]
async fn draft_whose_types_another_template_uses_is_not_deleted() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (words, _) = publish(&acme, "words", finance()).await;
    let mut leaning = definition("Leaning");
    leaning["catalogs"] = json!(["words"]);
    let (leaning, _) = publish(&acme, "leaning", leaning).await;
    let refused = delete(&acme, &words).await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    delete(&acme, &leaning).await;
    assert_eq!(delete(&acme, &words).await["deletedTemplateId"], words);
}

#[tokio::test]
async fn version_and_template_that_are_installed_stay_whoever_deletes() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance", "version": 1 })).await;
    publish(&acme, "finance", definition("Next")).await;
    let owner = server.owner_pool().await;
    for statement in [
        "DELETE FROM template_versions WHERE version = 1",
        "DELETE FROM template_versions",
        "DELETE FROM templates",
        r#"DELETE FROM "organization" WHERE "slug" = 'acme'"#,
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&owner)
            .await;
        let error = refused.unwrap_err();
        let database = error.as_database_error().unwrap();
        assert_eq!(
            database.code().as_deref(),
            Some("23503"),
            "{statement}: {error}"
        );
    }
    assert_eq!(
        agent(&bob, &done["agent"]["id"]).await["systemPrompt"],
        "Help with money."
    );
}

#[tokio::test]
async fn archived_agent_stays_what_it_was_whatever_becomes_of_the_template() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut first = finance();
    first["agent"]["maxTokens"] = json!(100);
    first["agent"]["temperature"] = json!(0.125);
    offer(&acme, "finance", first).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let id = &done["agent"]["id"];
    let overrides = json!({ "installId": done["install"]["id"], "overrides": { "agent": { "model": "mine" } } });
    mutate(&bob, "updateInstall", "install { id }", overrides).await;
    let ended = json!({ "installId": done["install"]["id"] });
    mutate(&bob, "uninstallTemplate", "install { id }", ended).await;
    let mut next = finance();
    next["agent"]["systemPrompt"] = json!("Another.");
    publish(&acme, "finance", next).await;
    let kept = agent(&bob, id).await;
    assert_eq!(
        (
            &kept["systemPrompt"],
            &kept["model"],
            &kept["maxTokens"],
            &kept["temperature"]
        ),
        (
            &json!("Help with money."),
            &json!("mine"),
            &json!(100),
            &json!(0.125)
        )
    );
    let gone = json!({ "id": acme.organization_id });
    let deleted = mutate(&acme, "deleteOrganization", "deletedOrganizationId", gone).await;
    assert_eq!(
        deleted["__typename"], "DeleteOrganizationSuccess",
        "{deleted}"
    );
    let after = agent(&bob, id).await;
    assert_eq!(
        (&after["systemPrompt"], &after["install"]),
        (&json!("Help with money."), &Value::Null)
    );
    assert_eq!(after["archivedAt"], kept["archivedAt"]);
    // It can still be read, changed, copied and deleted as any other.
    let change = json!({ "id": id, "systemPrompt": "Mine." });
    mutate(&bob, "updateAgent", "agent { id }", change).await;
    let copy = mutate(
        &bob,
        "duplicateAgent",
        "agent { id systemPrompt archivedAt install { id } }",
        json!({ "id": id }),
    )
    .await;
    assert_eq!(
        (
            &copy["agent"]["systemPrompt"],
            &copy["agent"]["archivedAt"],
            &copy["agent"]["install"]
        ),
        (&json!("Mine."), &Value::Null, &Value::Null),
        "{copy}"
    );
}

#[tokio::test]
async fn duplicate_of_an_installed_agent_is_an_agent_of_its_own() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let copy = json!({ "id": done["agent"]["id"] });
    let copy = mutate(
        &bob,
        "duplicateAgent",
        "agent { id systemPrompt model install { id } }",
        copy,
    )
    .await;
    assert_eq!(
        (
            &copy["agent"]["systemPrompt"],
            &copy["agent"]["model"],
            &copy["agent"]["install"]
        ),
        (&json!("Help with money."), &json!("gpt-4o"), &Value::Null)
    );
    publish(&acme, "finance", definition("Other")).await;
    assert_eq!(
        agent(&bob, &copy["agent"]["id"]).await["systemPrompt"],
        "Help with money."
    );
}

#[tokio::test]
async fn organization_has_room_for_so_many_templates() {
    let server = Server::start_with(&["--max-templates=2"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    let many = (0..6).map(|n| {
        let input = json!({ "slug": format!("t-{n}"), "definition": definition("T") });
        mutate(&acme, "publishTemplateVersion", "stripped", input)
    });
    let ended = futures_util::future::join_all(many).await;
    let made = ended
        .iter()
        .filter(|one| one["__typename"] == "PublishTemplateVersionSuccess");
    assert_eq!(made.count(), 2, "{ended:?}");
    assert!(
        ended.iter().any(|one| one["__typename"] == "LimitReached"),
        "{ended:?}"
    );
    assert_eq!(super::rows(&server, "templates").await, 2);
    // Another version of one that is there takes no room.
    let slugs = acme
        .query("{ viewer { templates { nodes { slug } } } }", json!({}))
        .await;
    let slug = &slugs["viewer"]["templates"]["nodes"][0]["slug"];
    publish(&acme, slug.as_str().unwrap(), definition("Next")).await;
}
