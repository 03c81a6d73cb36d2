//! Forms: where they may come from, what they may claim, and what may change under them.

use serde_json::json;

use super::{Browser, asking, newcomer, shop, signed_in};
use crate::support::Caller;
use crate::templates::{mutate, offer, publish, rows, set_status};

#[tokio::test]
async fn form_from_anywhere_else_does_nothing() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    let token = page.field("form");
    let theirs = Browser::at(&server.url)
        .open("/install/finance")
        .await
        .field("form");
    assert_ne!(token, theirs);
    let ours = server.url.clone();
    for (origin, site, form) in [
        (Some("https://evil.example"), None, token.as_str()),
        (Some("null"), None, &token),
        (None, Some("cross-site"), &token),
        (None, Some("same-site"), &token),
        (Some(&*ours), None, ""),
        (Some(&*ours), None, "00112233445566778899aabbccddeeff"),
        // What another browser was given is no proof in this one.
        (Some(&*ours), None, &theirs),
    ] {
        let mut request = bob.post("/install/finance", &[("form", form), ("as", "me")]);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let refused = bob.send(request).await;
        assert_eq!(refused.status, 403, "{origin:?} {site:?} {form}");
        assert!(
            refused.text.contains("Nothing was done."),
            "{}",
            refused.text
        );
    }
    // Without the cookie the field proves nothing.
    let bare = Browser::at(&server.url);
    let request = bare.post("/install/finance", &[("form", &*token), ("as", "me")]);
    let refused = Browser::at(&server.url)
        .send(request.header("origin", &ours))
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(rows(&server, "agents").await, 0);
    assert_eq!(
        bob.submit(&page, "/install/finance", &[("as", "me")])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn trusted_pages_of_others_do_not_press_our_buttons() {
    let (server, _) = shop().await;
    let flags = [
        "--trusted-origins=https://app.example",
        "--cors-origins=https://app.example",
    ];
    let server = crate::support::Server::on(server.database, &flags).await;
    server.sign_up("Bob").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    let request = bob.post(
        "/install/finance",
        &[("form", &page.field("form")), ("as", "me")],
    );
    let refused = bob
        .send(request.header("origin", "https://app.example"))
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn consent_is_to_what_was_shown() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    server.sign_up("Bob").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/asking").await;
    let consent = page.field("consent");
    for (given, status) in [("", 422), ("on", 409), ("true", 409), (&consent[1..], 409)] {
        let press = [("as", "me"), ("consent", given)];
        let refused = bob.submit(&page, "/install/asking", &press).await;
        assert_eq!(refused.status, status, "{given}");
        assert!(
            refused.text.contains("id=\"consent-problem\""),
            "{}",
            refused.text
        );
    }
    // It asks for more meanwhile: what was agreed to is not that.
    let mut wider = asking();
    wider["capabilities"]["tools"] = json!(["search", "pay"]);
    publish(&acme, "asking", wider).await;
    let press = [("as", "me"), ("consent", consent.as_str())];
    let refused = bob.submit(&page, "/install/asking", &press).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("has changed since") && refused.text.contains("pay"));
    assert_eq!(rows(&server, "agents").await, 0);
    let fresh = refused.field("consent");
    assert_ne!(fresh, consent);
    let press = [("as", "me"), ("consent", fresh.as_str())];
    assert_eq!(
        bob.submit(&refused, "/install/asking", &press).await.status,
        303
    );
}

#[tokio::test]
async fn nobody_gets_an_account_for_what_they_did_not_agree_to() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let before = rows(&server, "\"user\"").await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/asking").await;
    let typed = newcomer("Bob");
    let typed: Vec<_> = typed
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let refused = browser.submit(&page, "/install/asking", &typed).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.field("email"), "bob@example.com");
    assert_eq!(rows(&server, "\"user\"").await, before);
}

#[tokio::test]
async fn what_is_withdrawn_or_yanked_before_the_press_is_not_installed() {
    let (server, acme) = shop().await;
    let withdrawn = offer(&acme, "withdrawn", asking()).await;
    let yanked = offer(&acme, "yanked", asking()).await;
    let before = rows(&server, "\"user\"").await;
    let mut browser = Browser::at(&server.url);
    let pages = [
        (
            "/install/withdrawn",
            browser.open("/install/withdrawn").await,
        ),
        ("/install/yanked", browser.open("/install/yanked").await),
    ];
    set_status(&acme, &withdrawn, "WITHDRAWN").await;
    let input = json!({ "id": yanked, "version": 1 });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { version }",
        input,
    )
    .await;
    for (path, page) in &pages {
        let (consent, typed) = (page.field("consent"), newcomer("Bob"));
        let mut typed: Vec<_> = typed
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        typed.push(("consent", &consent));
        let refused = browser.submit(page, path, &typed).await;
        assert_eq!(refused.status, 404);
        assert!(
            refused.text.contains("Nothing was installed."),
            "{}",
            refused.text
        );
        assert!(refused.headers.get("set-cookie").is_none());
        assert_eq!(browser.open(path).await.status, 404);
    }
    assert_eq!(rows(&server, "\"user\"").await, before);
    assert_eq!(rows(&server, "agents").await, 0);
}

#[tokio::test]
async fn press_of_somebody_signed_out_meanwhile_leads_to_signing_in() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    let out = bob
        .submit(&page, "/install/finance", &[("as", "sign-out")])
        .await;
    assert_eq!(out.location(), "/install/finance");
    assert!(!bob.cookie().contains("session_token"));
    let answer = bob.submit(&page, "/install/finance", &[("as", "me")]).await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.text.contains("signed out meanwhile") && answer.text.contains("Sign in and install")
    );
    // The session itself is over, whoever has kept its cookie.
    assert_eq!(rows(&server, "agents").await, 0);
}

#[tokio::test]
async fn other_bodies_and_methods_are_refused() {
    let (server, _) = shop().await;
    let mut browser = Browser::at(&server.url);
    browser.open("/install/finance").await;
    let http = reqwest::Client::new();
    let url = format!("{}/install/finance", server.url);
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let request = http.post(&url).header("content-type", kind).body("{}");
        assert_eq!(browser.send(request).await.status, 415, "{kind}");
    }
    let large = "x".repeat(70_000);
    let request = browser.post("/install/finance", &[("name", &*large)]);
    assert_eq!(browser.send(request).await.status, 413);
    let request = http.put(&url);
    let refused = browser.send(request).await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, "GET, HEAD, POST")
    );
    assert_eq!(browser.send(http.head(&url)).await.status, 200);
}

#[tokio::test]
async fn no_form_says_where_to_go_next() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let mut browser = Browser::at(&server.url);
    let typed = [
        ("email", "bob@example.com"),
        ("password", Caller::PASSWORD),
        ("as", "sign-in"),
        ("next", "https://evil.example"),
        ("redirectTo", "//evil.example"),
    ];
    for (path, expected) in [
        (
            "/%2Fevil.example/agents/x?next=https://evil.example",
            "/%2Fevil%2Eexample/agents/x",
        ),
        (
            "/%5Cevil.example/agents/%0D%0Ax",
            "/%5Cevil%2Eexample/agents/%0D%0Ax",
        ),
        (
            "/bob/agents/..%2F..%2F%2Fevil.example",
            "/bob/agents/%2E%2E%2F%2E%2E%2F%2Fevil%2Eexample",
        ),
    ] {
        let door = browser.open(path).await;
        assert_eq!(door.status, 401, "{path}");
        let done = browser.submit(&door, path, &typed).await;
        assert_eq!(done.location(), expected);
        browser.submit(&door, path, &[("as", "sign-out")]).await;
    }
}
