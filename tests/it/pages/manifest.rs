//! `GET /api/install/manifest/:slug`: the upstream cases by name, and what upstream left open.

use serde_json::{Value, json};

use super::{Browser, Page, shop, signed_in};
use crate::support::{Caller, Server};
use crate::templates::{
    definition, finance, installed, mutate, offer, publish, publisher, set_status,
};

async fn manifest(server: &Server, slug: &str) -> Page {
    let path = format!("/api/install/manifest/{slug}");
    Browser::at(&server.url).open(&path).await
}

fn body(page: &Page) -> Value {
    assert_eq!(
        page.header("content-type"),
        "application/json; charset=utf-8"
    );
    serde_json::from_str(&page.text).unwrap()
}

async fn with_phone(acme: &Caller, slug: &str, phone: Value) {
    let input = json!({ "slug": slug, "definition": definition("Money"), "botPhone": phone });
    let done = mutate(acme, "publishTemplateVersion", "template { id }", input).await;
    set_status(acme, &done["template"]["id"], "PUBLISHED").await;
}

#[tokio::test]
async fn published_template_resolves() {
    let (server, acme) = shop().await;
    let found = manifest(&server, "finance").await;
    assert_eq!(found.status, 200);
    let asked = "{ template(slug: \"finance\") { id } }";
    let id = acme.query(asked, json!({})).await["template"]["id"].take();
    let expected = json!({
        "slug": "finance", "name": "Personal finance", "description": "Keeps an eye on money.",
        "botPhone": null, "templateId": id, "templateAgentId": id,
    });
    assert_eq!(body(&found), expected);
}

#[tokio::test]
async fn bot_phone_is_digits_only() {
    let (server, acme) = shop().await;
    with_phone(&acme, "money", json!("+447123456789")).await;
    assert_eq!(
        body(&manifest(&server, "money").await)["botPhone"],
        "447123456789"
    );
}

#[tokio::test]
async fn bot_phone_is_null_when_unset() {
    let (server, acme) = shop().await;
    with_phone(&acme, "money", Value::Null).await;
    assert_eq!(
        body(&manifest(&server, "money").await)["botPhone"],
        Value::Null
    );
}

#[tokio::test]
async fn unknown_slug_is_not_found() {
    let (server, _) = shop().await;
    for slug in [
        "nothing",
        "acme",
        "FINANCE",
        "%00",
        "%FF",
        "finance%2F",
        "a%20b",
    ] {
        let missing = manifest(&server, slug).await;
        assert_eq!(missing.status, 404, "{slug}");
        assert_eq!(body(&missing)["error"], "not_found", "{slug}");
    }
}

#[tokio::test]
async fn organization_that_holds_only_instances_is_not_found() {
    let (server, _) = shop().await;
    let team = publisher(&server, "Bob", "team").await;
    let input = json!({ "slug": "finance", "organizationId": team.organization_id });
    installed(&team, input).await;
    assert_eq!(manifest(&server, "team").await.status, 404);
}

#[tokio::test]
async fn what_is_not_to_be_had_looks_as_if_it_were_not_there_even_to_its_publisher() {
    let (server, acme) = shop().await;
    publish(&acme, "draft", finance()).await;
    let gone = offer(&acme, "gone", finance()).await;
    set_status(&acme, &gone, "WITHDRAWN").await;
    let yanked = offer(&acme, "yanked", finance()).await;
    let input = json!({ "id": yanked, "version": 1 });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { version }",
        input,
    )
    .await;
    let missing = body(&manifest(&server, "nothing").await);
    let mut ada = signed_in(&server, "Ada").await;
    for slug in ["draft", "gone", "yanked"] {
        assert_eq!(body(&manifest(&server, slug).await), missing, "{slug}");
        let own = ada.open(&format!("/api/install/manifest/{slug}")).await;
        assert_eq!(body(&own), missing, "{slug}");
    }
    let unlisted = offer(&acme, "unlisted", finance()).await;
    set_status(&acme, &unlisted, "UNLISTED").await;
    assert_eq!(manifest(&server, "unlisted").await.status, 200);
}

#[tokio::test]
async fn any_page_may_read_it_and_caches_may_keep_it_for_a_minute() {
    let (server, acme) = shop().await;
    let found = manifest(&server, "finance").await;
    assert_eq!(found.header("access-control-allow-origin"), "*");
    assert_eq!(found.header("cache-control"), "public, max-age=60");
    assert!(found.headers.get("set-cookie").is_none());
    let tag = found.header("etag").to_owned();
    let again = |tag: String| {
        let server = server.clone();
        async move {
            let mut browser = Browser::at(&server.url);
            let url = format!("{}/api/install/manifest/finance", server.url);
            let request = reqwest::Client::new().get(url).header("if-none-match", tag);
            browser.send(request).await
        }
    };
    for held in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        let same = again(held.clone()).await;
        assert_eq!((same.status, same.text.as_str()), (304, ""), "{held}");
        assert_eq!(same.header("etag"), tag);
    }
    let mut next = finance();
    next["description"] = json!("Keeps both eyes on money.");
    publish(&acme, "finance", next).await;
    assert_eq!(again(tag.clone()).await.status, 200);
    // The answer is the same to everyone: what is kept for one is good for all.
    assert_ne!(manifest(&server, "finance").await.header("etag"), tag);
    assert_eq!(
        manifest(&server, "nothing").await.header("cache-control"),
        "no-store"
    );
}

#[tokio::test]
async fn configured_origins_change_nothing_about_reading_it() {
    let server = Server::start_with(&["--cors-origins=https://app.example"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    for (origin, allowed) in [
        ("https://app.example", "https://app.example"),
        ("https://elsewhere.example", "*"),
    ] {
        let url = format!("{}/api/install/manifest/finance", server.url);
        let request = reqwest::Client::new().get(url).header("origin", origin);
        let page = Browser::at(&server.url).send(request).await;
        assert_eq!(page.header("access-control-allow-origin"), allowed);
    }
}

#[tokio::test]
async fn it_takes_get_only() {
    let (server, _) = shop().await;
    let url = format!("{}/api/install/manifest/finance", server.url);
    let http = reqwest::Client::new();
    let mut browser = Browser::at(&server.url);
    let page = browser.send(http.delete(&url)).await;
    assert_eq!((page.status, page.header("allow")), (405, "GET, HEAD"));
    assert!(body(&page)["error"].is_string());
    let head = browser.send(http.head(&url)).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}
