//! What becomes of installs: changes, upgrades, pins, uninstalling, forks.

use serde_json::{Value, json};

use super::{
    INSTALL, agent, definition, finance, installed, mutate, offer, publish, publisher, refusal,
    set_status,
};
use crate::support::{Caller, Server};

async fn change(caller: &Caller, field: &str, input: Value) -> Value {
    mutate(caller, field, INSTALL, input).await
}

#[tokio::test]
async fn overrides_go_before_the_template_and_can_be_taken_back_one_by_one() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut first = finance();
    first["agent"]["maxTokens"] = json!(100);
    offer(&acme, "finance", first).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let (install, id) = (&done["install"]["id"], &done["agent"]["id"]);
    let overrides = json!({ "agent": { "model": "mine", "maxTokens": null }, "watchers": { "monthly": { "schedule": "0 9 * * 1" } } });
    let changed = change(
        &bob,
        "updateInstall",
        json!({ "installId": install, "overrides": overrides, "name": "Purse" }),
    )
    .await;
    assert_eq!(changed["install"]["overrides"], overrides, "{changed}");
    let more = json!({ "agent": { "temperature": 0.5 } });
    change(
        &bob,
        "updateInstall",
        json!({ "installId": install, "overrides": more }),
    )
    .await;
    let seen = agent(&bob, id).await;
    assert_eq!(
        (
            &seen["name"],
            &seen["model"],
            &seen["maxTokens"],
            &seen["temperature"]
        ),
        (&json!("Purse"), &json!("mine"), &Value::Null, &json!(0.5))
    );
    // updateAgent is the same thing, said of the agent.
    let direct = json!({ "id": id, "systemPrompt": "My words.", "temperature": 0.6 });
    let answered = mutate(
        &bob,
        "updateAgent",
        "agent { systemPrompt model temperature }",
        direct,
    )
    .await;
    assert_eq!(
        answered["agent"],
        json!({ "systemPrompt": "My words.", "model": "mine", "temperature": 0.6 })
    );
    for path in [
        "agent.model",
        "agent.maxTokens",
        "watchers",
        "agent.nothing",
        "",
    ] {
        change(
            &bob,
            "resetOverride",
            json!({ "installId": install, "path": path }),
        )
        .await;
    }
    let seen = agent(&bob, id).await;
    assert_eq!(
        (
            &seen["model"],
            &seen["maxTokens"],
            &seen["systemPrompt"],
            &seen["install"]["overrides"]
        ),
        (
            &json!("gpt-4o"),
            &json!(100),
            &json!("My words."),
            &json!({ "agent": { "systemPrompt": "My words.", "temperature": 0.6 } })
        )
    );
    let reset = change(&bob, "resetOverride", json!({ "installId": install })).await;
    assert_eq!(reset["install"]["overrides"], json!({}));
    change(
        &bob,
        "resetOverride",
        json!({ "installId": install, "path": "name" }),
    )
    .await;
    assert_eq!(agent(&bob, id).await["name"], "Personal finance");
}

#[tokio::test]
async fn overrides_that_break_the_definition_or_widen_it_are_refused() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    for (overrides, code) in [
        (json!({ "agent": { "temperature": 9 } }), "INVALID"),
        (json!({ "agent": { "systemPrompt": null } }), "INVALID"),
        (json!({ "agent": { "model": 5 } }), "INVALID"),
        (json!({ "agent": { "tools": ["x"] } }), "INVALID"),
        (json!({ "agent": { "name": "x" } }), "UNKNOWN_KEY"),
        (
            json!({ "capabilities": { "services": ["x"] } }),
            "UNKNOWN_KEY",
        ),
        (
            json!({ "entityTypes": { "x": { "name": "X" } } }),
            "UNKNOWN_KEY",
        ),
        (
            json!({ "watchers": { "none": { "enabled": true } } }),
            "UNKNOWN_REFERENCE",
        ),
        (json!([1]), "INVALID"),
    ] {
        let input = json!({ "installId": done["install"]["id"], "overrides": overrides });
        let refused = mutate(&bob, "updateInstall", INSTALL, input).await;
        assert_eq!(
            refused["problems"][0]["code"], code,
            "{overrides}: {refused}"
        );
    }
    assert_eq!(
        agent(&bob, &done["agent"]["id"]).await["install"]["overrides"],
        json!({})
    );
}

#[tokio::test]
async fn versions_are_followed_pinned_rolled_back_and_consented_to() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let version = |prompt: &str, services: &[&str]| {
        let mut document = definition("Finance");
        document["agent"]["systemPrompt"] = json!(prompt);
        document["capabilities"] = json!({ "services": services });
        document
    };
    let template = offer(&acme, "finance", version("one", &["openai"])).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(
        &bob,
        json!({ "slug": "finance", "acceptCapabilities": true }),
    )
    .await;
    let (install, id) = (&done["install"]["id"], &done["agent"]["id"]);
    assert_eq!(done["install"]["upgradeAvailable"], Value::Null);
    // One that asks for no more is there on the next read; one that asks for more waits for consent.
    publish(&acme, "finance", version("two", &["openai"])).await;
    assert_eq!(agent(&bob, id).await["systemPrompt"], "two");
    publish(&acme, "finance", version("three", &["openai", "github"])).await;
    assert_eq!(agent(&bob, id).await["systemPrompt"], "two");
    let state = format!(
        "{{ viewer {{ installs {{ nodes {{ ...on TemplateInstall {{ __typename }} {} }} }} }} }}",
        INSTALL
            .trim_start_matches("install {")
            .trim_end_matches('}')
    );
    let seen = bob.query(&state, json!({})).await;
    assert_eq!(
        seen["viewer"]["installs"]["nodes"][0]["upgradeAvailable"],
        json!({ "version": 3, "requiresConsent": true, "diff": { "services": ["github"], "tools": [], "domains": [] } })
    );
    let refused = change(&bob, "upgradeTemplate", json!({ "installId": install })).await;
    assert_eq!(refused["code"], "CAPABILITY_CONSENT_REQUIRED", "{refused}");
    let up = change(
        &bob,
        "upgradeTemplate",
        json!({ "installId": install, "acceptCapabilities": true }),
    )
    .await;
    assert_eq!(
        (&up["install"]["version"], &up["install"]["pinnedVersion"]),
        (&json!(3), &Value::Null),
        "{up}"
    );
    assert_eq!(agent(&bob, id).await["systemPrompt"], "three");
    // Back to the first, and there it stays.
    let back = change(
        &bob,
        "upgradeTemplate",
        json!({ "installId": install, "toVersion": 1 }),
    )
    .await;
    assert_eq!(
        (
            &back["install"]["version"],
            &back["install"]["pinnedVersion"]
        ),
        (&json!(1), &json!(1))
    );
    publish(&acme, "finance", version("four", &[])).await;
    assert_eq!(agent(&bob, id).await["systemPrompt"], "one");
    // What it shows is yanked: it goes on, pinned. It is no version to go to any more.
    let yank = |version: i32| json!({ "id": template, "version": version });
    for version in [1, 3] {
        mutate(
            &acme,
            "yankTemplateVersion",
            "templateVersion { yankedAt }",
            yank(version),
        )
        .await;
    }
    assert_eq!(agent(&bob, id).await["systemPrompt"], "one");
    let refused = change(
        &bob,
        "upgradeTemplate",
        json!({ "installId": install, "toVersion": 3 }),
    )
    .await;
    assert_eq!(refused["code"], "TEMPLATE_NOT_FOUND");
    change(&bob, "upgradeTemplate", json!({ "installId": install })).await;
    assert_eq!(agent(&bob, id).await["systemPrompt"], "four");
    // Yanked, those who follow go to the one before.
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { yankedAt }",
        yank(4),
    )
    .await;
    assert_eq!(agent(&bob, id).await["systemPrompt"], "two");
    // Withdrawn, and with every version yanked, it still works where it is.
    set_status(&acme, &template, "WITHDRAWN").await;
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { yankedAt }",
        yank(2),
    )
    .await;
    // The one that was yanked last.
    let seen = agent(&bob, id).await;
    assert_eq!(seen["systemPrompt"], "two");
}

#[tokio::test]
async fn uninstalling_keeps_data_and_installing_again_restores_on_request() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let (install, id) = (&done["install"]["id"], &done["agent"]["id"]);
    let begun = json!({ "agentId": id, "title": "Money" });
    let talk = mutate(&bob, "createConversation", "conversation { id }", begun).await;
    let overrides = json!({ "installId": install, "overrides": { "agent": { "model": "mine" } } });
    change(&bob, "updateInstall", overrides.clone()).await;
    let ended = change(&bob, "uninstallTemplate", json!({ "installId": install })).await;
    assert!(ended["install"]["uninstalledAt"].is_string(), "{ended}");
    let again = change(&bob, "uninstallTemplate", json!({ "installId": install })).await;
    assert_eq!(
        again["install"]["uninstalledAt"],
        ended["install"]["uninstalledAt"]
    );
    let document = "query($id: ID!) { agents { totalCount } conversation(id: $id) { title } viewer { installs { totalCount } } entityTypes { totalCount } }";
    let seen = bob
        .query(document, json!({ "id": talk["conversation"]["id"] }))
        .await;
    assert_eq!(seen["agents"]["totalCount"], 0);
    assert_eq!(seen["conversation"]["title"], "Money");
    assert_eq!(
        (
            &seen["viewer"]["installs"]["totalCount"],
            &seen["entityTypes"]["totalCount"]
        ),
        (&json!(0), &json!(0))
    );
    let archived = agent(&bob, id).await;
    assert!(archived["archivedAt"].is_string());
    assert_eq!(archived["model"], "mine");
    assert_eq!(
        change(&bob, "updateInstall", overrides).await["__typename"],
        "NotFound"
    );
    let fresh = installed(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(fresh["created"], true);
    assert_ne!(fresh["agent"]["id"], *id);
    assert_eq!(fresh["agent"]["model"], "gpt-4o");
    change(
        &bob,
        "uninstallTemplate",
        json!({ "installId": fresh["install"]["id"] }),
    )
    .await;
    // The very last one had none; the one before it is not dug up.
    let restored = installed(&bob, json!({ "slug": "finance", "restoreOverrides": true })).await;
    assert_eq!(restored["agent"]["model"], "gpt-4o");
    let overrides = json!({ "installId": restored["install"]["id"], "overrides": { "agent": { "model": "other" } } });
    change(&bob, "updateInstall", overrides).await;
    change(
        &bob,
        "uninstallTemplate",
        json!({ "installId": restored["install"]["id"] }),
    )
    .await;
    let restored = installed(&bob, json!({ "slug": "finance", "restoreOverrides": true })).await;
    assert_eq!(restored["agent"]["model"], "other");
}

#[tokio::test]
async fn installs_of_others_are_missing_or_only_to_be_seen() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let team = publisher(&server, "Bob", "team").await;
    let eve = server.sign_up("Eve").await;
    let member = server.join(&team, &eve, "member").await;
    let done = installed(
        &team,
        json!({ "slug": "finance", "organizationId": team.organization_id }),
    )
    .await;
    let id = &done["install"]["id"];
    for (field, input) in [
        (
            "updateInstall",
            json!({ "installId": id, "overrides": { "agent": { "model": "x" } } }),
        ),
        ("resetOverride", json!({ "installId": id })),
        ("upgradeTemplate", json!({ "installId": id })),
        ("uninstallTemplate", json!({ "installId": id })),
    ] {
        assert_eq!(
            change(&member, field, input.clone()).await["__typename"],
            "Forbidden",
            "{field}"
        );
        assert_eq!(
            change(&eve, field, input.clone()).await["__typename"],
            "NotFound",
            "{field}"
        );
        let unknown = json!({ "installId": "nothing\0" });
        assert_eq!(
            change(&team, field, unknown).await["__typename"],
            "NotFound",
            "{field}"
        );
    }
    let private = json!({ "id": done["agent"]["id"], "visibility": "PRIVATE" });
    mutate(&team, "updateAgent", "agent { id }", private).await;
    let seen = member
        .query("{ viewer { installs { totalCount } } }", json!({}))
        .await;
    assert_eq!(seen["viewer"]["installs"]["totalCount"], 0);
}

#[tokio::test]
async fn requirement_is_met_by_a_linked_connection() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut document = definition("Finance");
    document["capabilities"] = json!({ "services": ["openai"] });
    offer(&acme, "finance", document).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(
        &bob,
        json!({ "slug": "finance", "acceptCapabilities": true }),
    )
    .await;
    let input = json!({ "name": "Main", "service": "openai", "apiKey": "sk-0123456789abcdef" });
    let made = mutate(&bob, "createApiConnection", "apiConnection { id }", input).await;
    let link =
        json!({ "agentId": done["agent"]["id"], "apiConnectionId": made["apiConnection"]["id"] });
    mutate(&bob, "linkApiConnection", "__typename", link).await;
    let document =
        "query($id: ID!) { agent(id: $id) { install { requirements { kind name met } } } }";
    let seen = bob
        .query(document, json!({ "id": done["agent"]["id"] }))
        .await;
    assert_eq!(
        seen["agent"]["install"]["requirements"],
        json!([{ "kind": "CONNECTION", "name": "openai", "met": true }])
    );
}

#[tokio::test]
async fn fork_is_an_agent_of_its_own() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let overrides = json!({ "installId": done["install"]["id"], "overrides": { "agent": { "model": "mine" } } });
    change(&bob, "updateInstall", overrides).await;
    let selection = "agent { id name model systemPrompt install { id } }";
    let of_install =
        json!({ "installId": done["install"]["id"], "name": "Fork", "idempotencyKey": "k" });
    let fork = mutate(&bob, "forkTemplate", selection, of_install.clone()).await;
    assert_eq!(
        (&fork["agent"]["name"], &fork["agent"]["model"]),
        (&json!("Fork"), &json!("mine")),
        "{fork}"
    );
    assert_eq!(fork["agent"]["install"], Value::Null);
    assert_eq!(
        mutate(&bob, "forkTemplate", selection, of_install).await["agent"]["id"],
        fork["agent"]["id"]
    );
    let of_template = mutate(
        &bob,
        "forkTemplate",
        selection,
        json!({ "slug": "finance" }),
    )
    .await;
    assert_eq!(
        (
            &of_template["agent"]["name"],
            &of_template["agent"]["model"]
        ),
        (&json!("Personal finance"), &json!("gpt-4o"))
    );
    publish(&acme, "finance", definition("Other")).await;
    assert_eq!(
        agent(&bob, &fork["agent"]["id"]).await["systemPrompt"],
        "Help with money."
    );
    let eve = server.sign_up("Eve").await;
    let foreign = json!({ "installId": done["install"]["id"] });
    assert_eq!(
        mutate(&eve, "forkTemplate", selection, foreign).await["__typename"],
        "NotFound"
    );
    let missing = mutate(
        &eve,
        "forkTemplate",
        selection,
        json!({ "slug": "nothing" }),
    )
    .await;
    assert_eq!(missing["code"], "TEMPLATE_NOT_FOUND");
    for input in [json!({}), json!({ "slug": "finance", "installId": "x" })] {
        assert_eq!(
            mutate(&eve, "forkTemplate", selection, input).await["__typename"],
            "ValidationFailed"
        );
    }
}

#[tokio::test]
async fn publisher_in_use_cannot_be_deleted() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let gone = json!({ "id": acme.organization_id });
    let refused = mutate(
        &acme,
        "deleteOrganization",
        "deletedOrganizationId",
        gone.clone(),
    )
    .await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    let account = json!({ "password": Caller::PASSWORD });
    let refused = mutate(&acme, "deleteAccount", "deletedUserId", account).await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.starts_with("Templates"), "{message}");
    assert_eq!(
        agent(&bob, &done["agent"]["id"]).await["systemPrompt"],
        "Help with money."
    );
    change(
        &bob,
        "uninstallTemplate",
        json!({ "installId": done["install"]["id"] }),
    )
    .await;
    let done = mutate(&acme, "deleteOrganization", "deletedOrganizationId", gone).await;
    assert_eq!(done["__typename"], "DeleteOrganizationSuccess");
    assert_eq!(
        refusal(&bob, json!({ "slug": "finance" })).await,
        "TEMPLATE_NOT_FOUND"
    );
}
