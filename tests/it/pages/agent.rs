//! `/<organisation>/agents/<id>`: an agent, to whoever may see it.

use serde_json::json;

use super::{Browser, asking, shop, signed_in};
use crate::support::Caller;
use crate::templates::{installed, mutate, offer, publish, publisher, rows, set_status};

#[tokio::test]
async fn signed_out_is_asked_in_and_led_back() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let path = done["redirectTo"].as_str().unwrap().to_owned();
    let mut browser = Browser::at(&server.url);
    let door = browser.open(&path).await;
    assert_eq!(
        (door.status, door.header("www-authenticate")),
        (401, "Bearer")
    );
    assert!(!door.text.contains("Personal finance"));
    // Whether there is such an agent is nobody's business who is not signed in.
    let other = browser.open("/bob/agents/nothing").await;
    let same = |text: &str| text.replace("/bob/agents/nothing", &path);
    assert_eq!(same(&other.text), door.text);
    let wrong = [
        ("email", "bob@example.com"),
        ("password", "wrong"),
        ("as", "sign-in"),
    ];
    let refused = browser.submit(&door, &path, &wrong).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.field("email"), "bob@example.com");
    assert!(refused.text.contains("role=\"alert\""));
    let right = [
        ("email", "bob@example.com"),
        ("password", Caller::PASSWORD),
        ("as", "sign-in"),
    ];
    assert_eq!(browser.submit(&door, &path, &right).await.location(), path);
    let page = browser.open(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Personal finance"));
}

#[tokio::test]
async fn settings_origin_and_requirements_are_shown_as_they_are_now() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "asking", "acceptCapabilities": true });
    let done = installed(&bob, input).await;
    let path = done["redirectTo"].as_str().unwrap();
    let change = json!({ "id": done["agent"]["id"], "name": "Purse <3", "model": "gpt-5" });
    mutate(&bob, "updateAgent", "agent { id }", change).await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path).await;
    for text in [
        "Purse &lt;3",
        "gpt-5",
        "changed by you",
        "Help with money.",
        "/install/asking",
        "acme",
        "It needs a connection to",
        "openai",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let connection = json!({ "name": "Mine", "service": "openai", "apiKey": "sk-test-0123456789" });
    let made = mutate(
        &bob,
        "createApiConnection",
        "apiConnection { id }",
        connection,
    )
    .await;
    let link =
        json!({ "agentId": done["agent"]["id"], "apiConnectionId": made["apiConnection"]["id"] });
    mutate(&bob, "linkApiConnection", "agent { id }", link).await;
    let page = browser.open(path).await;
    assert!(page.text.contains("is linked."), "{}", page.text);
    assert!(!page.text.contains("sk-test"));
}

#[tokio::test]
async fn key_that_is_missing_is_given_on_the_page() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "asking", "acceptCapabilities": true });
    let path = installed(&bob, input).await["redirectTo"].take();
    let path = path.as_str().unwrap();
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path).await;
    let once = page.field("once");
    for (service, key, status) in [
        ("openai", "", 422),
        ("openai", "sk white space", 422),
        ("github", "sk-test-0123456789", 409),
        ("", "sk-test-0123456789", 409),
    ] {
        let press = [
            ("as", "connect"),
            ("service", service),
            ("key", key),
            ("once", &once),
        ];
        let refused = browser.submit(&page, path, &press).await;
        assert_eq!(refused.status, status, "{service} {key}");
        assert!(
            key.is_empty() || !refused.text.contains(key),
            "{}",
            refused.text
        );
        assert_eq!(
            refused.text.contains("role=\"alert\""),
            status == 422,
            "{}",
            refused.text
        );
    }
    let press = [
        ("as", "connect"),
        ("service", "openai"),
        ("key", "sk-test-0123456789"),
        ("once", &once),
    ];
    let presses = (0..2).map(|_| {
        let (mut browser, page) = (browser.clone(), page.clone());
        async move { browser.submit(&page, path, &press).await.location() }
    });
    for place in futures_util::future::join_all(presses).await {
        assert_eq!(place, path);
    }
    assert_eq!(browser.submit(&page, path, &press).await.location(), path);
    let page = browser.open(path).await;
    assert!(page.text.contains("is linked.") && page.text.contains("It has what it needs"));
    assert!(!page.text.contains("sk-test"));
    assert_eq!(rows(&server, "api_connections").await, 1);
    assert_eq!(rows(&server, "agent_api_connections").await, 1);
}

#[tokio::test]
async fn only_its_owner_gives_an_agent_a_key() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let team = publisher(&server, "Bob", "team").await;
    let input = json!({ "slug": "asking", "organizationId": team.organization_id, "acceptCapabilities": true });
    let path = installed(&team, input).await["redirectTo"].take();
    let path = path.as_str().unwrap();
    let eve = server.sign_up("Eve").await;
    server.join(&team, &eve, "member").await;
    let mut member = signed_in(&server, "Eve").await;
    let page = member.open(path).await;
    assert!(
        page.text.contains("Only its owner can give it a key") && page.find_field("key").is_none()
    );
    let press = [
        ("as", "connect"),
        ("service", "openai"),
        ("key", "sk-test-0123456789"),
    ];
    assert_eq!(member.submit(&page, path, &press).await.status, 409);
    let mut nobody = Browser::at(&server.url);
    let door = nobody.open(path).await;
    assert_eq!(nobody.submit(&door, path, &press).await.status, 401);
    server.sign_up("Zoe").await;
    let mut stranger = signed_in(&server, "Zoe").await;
    assert_eq!(
        stranger.submit(&door, path, &press).await.status,
        403,
        "with another's form"
    );
    let own = stranger.open("/install/finance").await;
    assert_eq!(stranger.submit(&own, path, &press).await.status, 404);
    assert_eq!(rows(&server, "api_connections").await, 0);
}

#[tokio::test]
async fn later_version_that_asks_for_more_is_told_with_what() {
    let (server, acme) = shop().await;
    let id = offer(&acme, "asking", asking()).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "asking", "acceptCapabilities": true });
    let path = installed(&bob, input).await["redirectTo"].take();
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path.as_str().unwrap()).await;
    assert!(!page.text.contains("is out"));
    let mut wider = asking();
    wider["capabilities"]["tools"] = json!(["search", "pay"]);
    publish(&acme, "asking", wider).await;
    let page = browser.open(path.as_str().unwrap()).await;
    for text in [
        "Version 2 is out",
        "waits for you to agree",
        "<strong>pay</strong>",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // Agreeing is to the version that was shown: another is not agreed to, and one that is none is not gone to.
    let path = path.as_str().unwrap();
    for version in ["", "7", "-1"] {
        let press = [("as", "upgrade"), ("version", version)];
        assert_eq!(browser.submit(&page, path, &press).await.status, 409);
    }
    let mut widest = asking();
    widest["capabilities"]["tools"] = json!(["search", "pay", "travel"]);
    publish(&acme, "asking", widest).await;
    let press = [("as", "upgrade"), ("version", "2")];
    let presses = (0..2).map(|_| {
        let (mut browser, page) = (browser.clone(), page.clone());
        async move { browser.submit(&page, path, &press).await.location() }
    });
    for place in futures_util::future::join_all(presses).await {
        assert_eq!(place, path);
    }
    let page = browser.open(path).await;
    assert!(
        page.text.contains("Version 3 is out") && page.text.contains("<strong>travel</strong>")
    );
    assert!(!page.text.contains("<strong>pay</strong>"));
    // What is withdrawn goes on working where it is installed, and its own page is not linked any more.
    set_status(&acme, &id, "WITHDRAWN").await;
    let page = browser.open(path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("withdrawn") && !page.text.contains("/install/asking"));
}

#[tokio::test]
async fn foreign_agent_reads_as_missing() {
    let (server, _) = shop().await;
    let team = publisher(&server, "Bob", "team").await;
    let input = json!({ "slug": "finance", "organizationId": team.organization_id });
    let shared = installed(&team, input).await["redirectTo"].take();
    let home = team.in_organization("");
    let own = installed(&home, json!({ "slug": "finance" })).await["redirectTo"].take();
    let (shared, own) = (shared.as_str().unwrap(), own.as_str().unwrap());
    let private = json!({ "name": "Secret", "systemPrompt": "p" });
    let private = mutate(&team, "createAgent", "agent { id }", private).await;
    let private = format!("/team/agents/{}", private["agent"]["id"].as_str().unwrap());
    let eve = server.sign_up("Eve").await;
    let mut stranger = signed_in(&server, "Eve").await;
    let missing = stranger.open("/eve/agents/nothing").await;
    assert_eq!(missing.status, 404);
    let crossed = own.replace("/bob/", "/eve/");
    for path in [
        shared,
        own,
        &private,
        &crossed,
        "/nothing/agents/x",
        "/team/agents/nothing",
    ] {
        let page = stranger.open(path).await;
        assert_eq!((page.status, &page.text), (404, &missing.text), "{path}");
    }
    // A member sees what is shared, and not what is somebody else's own.
    server.join(&team, &eve, "member").await;
    assert_eq!(stranger.open(shared).await.status, 200);
    assert_eq!(stranger.open(&private).await.text, missing.text);
    let mut owner = signed_in(&server, "Bob").await;
    for path in [shared, own, &private] {
        assert_eq!(owner.open(path).await.status, 200, "{path}");
    }
    // The page of an agent by another organisation's name is nobody's, its owner's neither.
    assert_eq!(
        owner.open(&own.replace("/bob/", "/team/")).await.status,
        404
    );
}

#[tokio::test]
async fn agent_of_ones_own_has_settings_and_no_origin_and_an_ended_install_says_so() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let plain = json!({ "name": "Plain", "systemPrompt": "Be plain.", "maxTokens": 300 });
    let plain = mutate(&bob, "createAgent", "agent { id }", plain).await;
    let mut browser = signed_in(&server, "Bob").await;
    let path = format!("/bob/agents/{}", plain["agent"]["id"].as_str().unwrap());
    let page = browser.open(&path).await;
    assert!(page.text.contains("300 tokens") && page.text.contains("Be plain."));
    assert!(!page.text.contains("Where it comes from"));
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let input = json!({ "installId": done["install"]["id"] });
    mutate(&bob, "uninstallTemplate", "install { id }", input).await;
    let page = browser.open(done["redirectTo"].as_str().unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("It is archived"), "{}", page.text);
    let offered = browser.open("/install/finance").await;
    assert!(!offered.text.contains("You have it already"));
}
