//! Overrides through versions that come and go, and what they must not be.

use serde_json::{Value, json};

use super::{INSTALL, agent, definition, finance, installed, mutate, offer, publish, publisher};
use crate::support::{Caller, Server};

async fn override_with(caller: &Caller, install: &Value, overrides: Value) -> Value {
    let input = json!({ "installId": install, "overrides": overrides });
    mutate(caller, "updateInstall", INSTALL, input).await
}

async fn watchers(caller: &Caller) -> Value {
    let document =
        "{ viewer { installs { nodes { watchers { key schedule enabled } effective } } } }";
    let mut data = caller.query(document, json!({})).await;
    data["viewer"]["installs"]["nodes"][0].take()
}

#[tokio::test]
async fn override_of_a_watcher_waits_for_a_version_that_has_it() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let install = installed(&bob, json!({ "slug": "finance" })).await["install"]["id"].take();
    let off = json!({ "watchers": { "monthly": { "enabled": false, "schedule": "0 9 * * 1" } } });
    override_with(&bob, &install, off.clone()).await;
    let shown = json!([{ "key": "monthly", "schedule": "0 9 * * 1", "enabled": false }]);
    assert_eq!(watchers(&bob).await["watchers"], shown);
    // A version without it: nothing of the override is left standing in the air, and other changes go on.
    let mut bare = finance();
    for part in ["watchers", "classifiers"] {
        bare.as_object_mut().unwrap().remove(part);
    }
    publish(&acme, "finance", bare.clone()).await;
    let seen = watchers(&bob).await;
    assert_eq!((&seen["watchers"], &seen["effective"]), (&json!([]), &bare));
    let changed = override_with(&bob, &install, json!({ "agent": { "model": "mine" } })).await;
    assert_eq!(changed["__typename"], "UpdateInstallSuccess", "{changed}");
    let refused = override_with(&bob, &install, off.clone()).await;
    assert_eq!(
        refused["problems"][0],
        json!({ "code": "UNKNOWN_REFERENCE", "path": "/watchers/monthly" })
    );
    let again = installed(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(again["created"], false);
    // And back again.
    publish(&acme, "finance", finance()).await;
    assert_eq!(watchers(&bob).await["watchers"], shown);
}

#[tokio::test]
async fn overrides_that_the_database_cannot_hold_or_that_are_too_large_are_refused() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let install = installed(&bob, json!({ "slug": "finance" })).await["install"]["id"].take();
    for overrides in [
        json!({ "agent": { "description": "a\0b" } }),
        json!({ "watchers": { "\0": { "enabled": true } } }),
        json!({ "watchers": null }),
        json!({ "watchers": { "monthly": null } }),
        json!("text"),
        json!(null),
    ] {
        let refused = override_with(&bob, &install, overrides.clone()).await;
        let typename = &refused["__typename"];
        // Null is what is left out: nothing changes.
        let wanted = if overrides.is_null() {
            "UpdateInstallSuccess"
        } else {
            "DefinitionRejected"
        };
        assert_eq!(typename, wanted, "{overrides}: {refused}");
    }
    let large = json!({ "agent": { "systemPrompt": "x".repeat(300 * 1024) } });
    let refused = override_with(&bob, &install, large).await;
    assert_eq!(refused["__typename"], "ValidationFailed", "{refused}");
    let long = json!({ "agent": { "systemPrompt": "x".repeat(100_001) } });
    assert_eq!(
        override_with(&bob, &install, long).await["problems"][0]["code"],
        "INVALID"
    );
    for path in ["agent..model", "agent.model.deeper", "."] {
        let input = json!({ "installId": install, "path": path });
        let reset = mutate(&bob, "resetOverride", INSTALL, input).await;
        assert_eq!(
            reset["install"]["overrides"],
            json!({}),
            "{path:?}: {reset}"
        );
    }
    for path in ["\0", &"x".repeat(501)] {
        let input = json!({ "installId": install, "path": path });
        let refused = mutate(&bob, "resetOverride", INSTALL, input).await;
        assert_eq!(refused["__typename"], "ValidationFailed", "{refused}");
    }
}

#[tokio::test]
async fn name_survives_upgrades_and_installing_again() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", definition("One")).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let id = &done["agent"]["id"];
    let rename = json!({ "installId": done["install"]["id"], "name": "Purse" });
    mutate(&bob, "updateInstall", INSTALL, rename).await;
    let mut wider = definition("Two");
    wider["capabilities"] = json!({ "tools": ["search"] });
    publish(&acme, "finance", wider).await;
    let up = json!({ "installId": done["install"]["id"], "acceptCapabilities": true });
    let up = mutate(&bob, "upgradeTemplate", INSTALL, up).await;
    assert_eq!(up["install"]["version"], 2, "{up}");
    assert_eq!(agent(&bob, id).await["name"], "Purse");
    installed(&bob, json!({ "slug": "finance", "name": "Third" })).await;
    assert_eq!(agent(&bob, id).await["name"], "Purse");
    for name in ["", "a\nb", &"x".repeat(201)] {
        let input = json!({ "installId": done["install"]["id"], "name": name });
        assert_eq!(
            mutate(&bob, "updateInstall", INSTALL, input).await["__typename"],
            "ValidationFailed"
        );
    }
}

#[tokio::test]
async fn requirement_follows_the_model_that_answers() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut document = finance();
    document["capabilities"] = json!({ "services": ["github"] });
    offer(&acme, "finance", document).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(
        &bob,
        json!({ "slug": "finance", "acceptCapabilities": true }),
    )
    .await;
    let needs = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| json!({ "kind": "CONNECTION", "name": name, "met": false }))
            .collect()
    };
    assert_eq!(
        done["install"]["requirements"],
        needs(&["github", "openai"])
    );
    let install = &done["install"]["id"];
    let claude = override_with(
        &bob,
        install,
        json!({ "agent": { "model": "claude-sonnet-4-5" } }),
    )
    .await;
    assert_eq!(
        claude["install"]["requirements"],
        needs(&["anthropic", "github"])
    );
    let llama = override_with(
        &bob,
        install,
        json!({ "agent": { "model": "llama-3.3-70b" } }),
    )
    .await;
    assert_eq!(llama["install"]["requirements"], needs(&["github"]));
    // With none named, it is the model that agents have by themselves.
    let none = override_with(&bob, install, json!({ "agent": { "model": null } })).await;
    assert_eq!(
        none["install"]["requirements"],
        needs(&["github", "openai"])
    );
}

#[tokio::test]
async fn changes_at_once_are_all_kept() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let install = installed(&bob, json!({ "slug": "finance" })).await["install"]["id"].take();
    let patches = [
        json!({ "agent": { "model": "mine" } }),
        json!({ "agent": { "temperature": 0.5 } }),
        json!({ "agent": { "description": "Mine" } }),
        json!({ "watchers": { "monthly": { "enabled": false } } }),
        json!({ "classifiers": { "category": { "fallback": "none" } } }),
    ];
    let many = patches.map(|patch| override_with(&bob, &install, patch));
    futures_util::future::join_all(many).await;
    let document = "{ viewer { installs { nodes { overrides } } } }";
    let seen = bob.query(document, json!({})).await;
    assert_eq!(
        seen["viewer"]["installs"]["nodes"][0]["overrides"],
        json!({ "agent": { "model": "mine", "temperature": 0.5, "description": "Mine" },
                "watchers": { "monthly": { "enabled": false } }, "classifiers": { "category": { "fallback": "none" } } })
    );
}
