//! What the audit trail tells of templates.

use serde_json::{Value, json};

use super::{definition, finance, installed, mutate, offer, publish, publisher};
use crate::support::{Caller, Server};

async fn trail(caller: &Caller) -> Vec<(String, String, Value)> {
    let document = "{ auditEvents(first: 100) { nodes { action targetType metadata } } }";
    let data = caller.query(document, json!({})).await;
    let mut told: Vec<_> = data["auditEvents"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| {
            let text = |name: &str| node[name].as_str().unwrap().to_owned();
            (text("action"), text("targetType"), node["metadata"].clone())
        })
        .filter(|(action, _, _)| {
            action.starts_with("template.") || action.starts_with("entity_type.")
        })
        .collect();
    // Newest first, unless two are of one moment.
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
}

fn told(action: &str, target: &str, metadata: Value) -> (String, String, Value) {
    (action.to_owned(), target.to_owned(), metadata)
}

#[tokio::test]
async fn publisher_reads_of_versions_statuses_and_deletions_and_of_no_installer() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let id = offer(&acme, "finance", finance()).await;
    let yank = json!({ "id": id, "version": 1 });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { version }",
        yank,
    )
    .await;
    let back = json!({ "id": id, "version": 1, "yanked": false });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { version }",
        back,
    )
    .await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    let (draft, _) = publish(&acme, "draft", definition("Draft")).await;
    mutate(
        &acme,
        "deleteTemplate",
        "deletedTemplateId",
        json!({ "id": draft }),
    )
    .await;
    let mut seen = trail(&acme).await;
    for (_, _, metadata) in &mut seen {
        metadata.as_object_mut().unwrap().remove("checksum");
    }
    let mut yanks: Vec<Value> = seen
        .iter()
        .filter(|one| one.0 == "template.yank")
        .map(|one| one.2["yanked"].clone())
        .collect();
    yanks.sort_by_key(ToString::to_string);
    assert_eq!(yanks, [json!(false), json!(true)]);
    seen.retain(|one| one.0 != "template.yank");
    let mut published: Vec<Value> = seen
        .iter()
        .filter(|one| one.0 == "template.publish")
        .map(|one| one.2["slug"].clone())
        .collect();
    published.sort_by_key(ToString::to_string);
    assert_eq!(published, [json!("draft"), json!("finance")]);
    seen.retain(|one| one.0 != "template.publish");
    assert_eq!(
        seen,
        [
            told("template.delete", "Template", json!({ "slug": "draft" })),
            told(
                "template.set_status",
                "Template",
                json!({ "status": "published" })
            ),
        ]
    );
}

#[tokio::test]
async fn installer_reads_of_installs_overrides_upgrades_forks_and_ends() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let (install, agent) = (&done["install"]["id"], &done["agent"]["id"]);
    // Installing again and being refused change nothing, and so are not told.
    installed(&bob, json!({ "slug": "finance" })).await;
    super::refusal(&bob, json!({ "slug": "nothing" })).await;
    let secret = json!({ "agent": { "systemPrompt": "canary" }, "watchers": { "monthly": { "enabled": false } } });
    let input = json!({ "installId": install, "overrides": secret, "name": "Purse" });
    mutate(&bob, "updateInstall", "install { id }", input).await;
    let reset = json!({ "installId": install, "path": "agent.systemPrompt" });
    mutate(&bob, "resetOverride", "install { id }", reset).await;
    mutate(
        &bob,
        "upgradeTemplate",
        "install { id }",
        json!({ "installId": install, "toVersion": 1 }),
    )
    .await;
    mutate(
        &bob,
        "forkTemplate",
        "agent { id }",
        json!({ "installId": install }),
    )
    .await;
    mutate(
        &bob,
        "uninstallTemplate",
        "install { id }",
        json!({ "installId": install }),
    )
    .await;
    mutate(
        &bob,
        "uninstallTemplate",
        "install { id }",
        json!({ "installId": install }),
    )
    .await;
    let mut seen = trail(&bob).await;
    let updates: Vec<_> = seen
        .extract_if(.., |one| one.0 == "template.update_install")
        .collect();
    assert_eq!(
        seen,
        [
            told(
                "template.fork",
                "Agent",
                json!({ "name": "Purse", "template": null, "installId": install })
            ),
            told(
                "template.install",
                "TemplateInstall",
                json!({ "template": "finance", "version": 1, "agentId": agent })
            ),
            told(
                "template.uninstall",
                "TemplateInstall",
                json!({ "agentId": agent })
            ),
            told(
                "template.upgrade",
                "TemplateInstall",
                json!({ "version": 1, "pinned": true })
            ),
        ]
    );
    let of = |metadata: Value| told("template.update_install", "TemplateInstall", metadata);
    let changed = of(
        json!({ "changed": ["agent.systemPrompt", "watchers.monthly.enabled"], "name": "Purse" }),
    );
    let reset = of(json!({ "reset": "agent.systemPrompt" }));
    assert!(
        updates.contains(&changed) && updates.contains(&reset) && updates.len() == 2,
        "{updates:?}"
    );
}

#[tokio::test]
async fn changes_of_types_are_told() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "company", "name": "Company" });
    let made = mutate(&bob, "createEntityType", "entityType { id }", input).await;
    let id = &made["entityType"]["id"];
    mutate(
        &bob,
        "updateEntityType",
        "entityType { id }",
        json!({ "id": id, "name": "Firm" }),
    )
    .await;
    mutate(
        &bob,
        "archiveEntityType",
        "entityType { id }",
        json!({ "id": id }),
    )
    .await;
    assert_eq!(
        trail(&bob).await,
        [
            told(
                "entity_type.archive",
                "EntityType",
                json!({ "slug": "company" })
            ),
            told(
                "entity_type.create",
                "EntityType",
                json!({ "kind": "entity", "slug": "company" })
            ),
            told(
                "entity_type.update",
                "EntityType",
                json!({ "before": { "name": "Company" }, "after": { "name": "Firm" } })
            ),
        ]
    );
}
