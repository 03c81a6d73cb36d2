//! What every page keeps: no script, no stranger's markup, the right words for search engines and other sites.

use serde_json::{Value, json};

use super::{Browser, shop};
use crate::support::Server;
use crate::templates::{finance, mutate, offer, publish, publisher, rows, set_status};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn pages_run_no_script_and_load_hashed_files_that_are_kept() {
    let (server, _) = shop().await;
    let mut browser = Browser::at(&server.url);
    for (path, status) in [
        ("/install/finance", 200),
        ("/install/nothing", 404),
        ("/x/agents/y", 401),
    ] {
        let page = browser.open(path).await;
        assert_eq!(page.status, status);
        assert_eq!(page.header("content-security-policy"), POLICY);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-frame-options"), "DENY");
        for inline in ["<script", "<style", " style=", " onclick=", "javascript:"] {
            assert!(!page.text.contains(inline), "{inline} in {path}");
        }
    }
    let page = browser.open("/install/finance").await;
    let files = page
        .text
        .split('"')
        .filter(|text| text.starts_with("/assets/"));
    let files: Vec<String> = files.map(str::to_owned).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let found = browser.open(&file).await;
        assert_eq!(found.status, 200, "{file}");
        assert_eq!(
            found.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        let request = reqwest::Client::new().get(format!("{}{file}", server.url));
        let request = request.header("if-none-match", found.header("etag"));
        assert_eq!(browser.send(request).await.status, 304);
    }
    assert_eq!(browser.open("/assets/pages/pages-0.css").await.status, 404);
}

#[tokio::test]
async fn what_publishers_write_is_text() {
    let (server, acme) = shop().await;
    let hostile = "</title><script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let mut definition = finance();
    definition["name"] = json!(hostile);
    definition["description"] = json!(hostile);
    definition["entityTypes"]["account"]["name"] = json!(hostile);
    let input = json!({ "slug": "hostile", "definition": definition, "notes": hostile, "icon": "<b>🐝</b>" });
    let done = mutate(&acme, "publishTemplateVersion", "template { id }", input).await;
    set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    let page = Browser::at(&server.url).open("/install/hostile").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("&lt;script&gt;alert(1)"));
    for markup in ["<script", "<img src=x", "<b>"] {
        assert!(!page.text.contains(markup), "{markup}: {}", page.text);
    }
}

#[tokio::test]
async fn draft_withdrawn_yanked_and_unknown_are_one_page_to_everyone() {
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
    let mut nobody = Browser::at(&server.url);
    let mut ada = super::signed_in(&server, "Ada").await;
    let missing = nobody.open("/install/nothing").await;
    assert_eq!(
        (missing.status, missing.header("x-robots-tag")),
        (404, "noindex")
    );
    for slug in ["draft", "gone", "yanked", "FINANCE", "%00", "%FF", "x%2Fy"] {
        for browser in [&mut nobody, &mut ada] {
            let page = browser.open(&format!("/install/{slug}")).await;
            assert_eq!((page.status, &page.text), (404, &missing.text), "{slug}");
        }
    }
}

#[tokio::test]
async fn links_to_a_page_show_what_it_is_and_unlisted_ones_are_in_no_index() {
    let (server, acme) = shop().await;
    let server = Server::on(server.database, &["--public-url=https://agents.example"]).await;
    let page = Browser::at(&server.url).open("/install/finance").await;
    for (property, content) in [
        ("og:title", "Personal finance"),
        ("og:description", "Keeps an eye on money."),
        ("og:type", "website"),
        ("og:url", "https://agents.example/install/finance"),
    ] {
        let tag = format!("<meta property=\"{property}\" content=\"{content}\">");
        assert!(page.text.contains(&tag), "{tag}: {}", page.text);
    }
    assert!(page.text.contains("<meta name=\"viewport\"") && page.text.contains("lang=\"en\""));
    assert!(!page.text.contains("noindex") && page.headers.get("x-robots-tag").is_none());
    assert!(!page.text.contains("wa.me"));
    // Over https the proof of a form is in a cookie that no other host can set.
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-agentry_form=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    let acme = acme.moved_to(&server.url);
    let input = json!({ "slug": "finance", "definition": finance(), "botPhone": "+447123456789" });
    let done = mutate(&acme, "publishTemplateVersion", "template { id }", input).await;
    set_status(&acme, &done["template"]["id"], "UNLISTED").await;
    let page = Browser::at(&server.url).open("/install/finance").await;
    assert_eq!(page.header("x-robots-tag"), "noindex");
    assert!(
        page.text
            .contains("<meta name=\"robots\" content=\"noindex\">")
    );
    assert!(page.text.contains("href=\"https://wa.me/447123456789\""));
}

#[tokio::test]
async fn no_organization_is_called_as_a_route() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for word in ["install", "api", "assets", "graphql", "livez", "readyz"] {
        let input = json!({ "name": word, "slug": word });
        let done = mutate(&ada, "createOrganization", "organization { id }", input).await;
        assert_eq!(done["__typename"], "ValidationFailed", "{word}: {done}");
    }
    server.sign_up("Install").await;
    let person = server.sign_up("API").await;
    let seen = person
        .query("{ viewer { organization { slug } } }", Value::Null)
        .await;
    assert_eq!(seen["viewer"]["organization"]["slug"], "api-1");
}

#[tokio::test]
async fn pages_can_be_left_out_and_the_routes_stay() {
    let (server, _) = shop().await;
    let bare = Server::on(server.database.clone(), &["--pages=false"]).await;
    let mut browser = Browser::at(&bare.url);
    for path in ["/install/finance", "/x/agents/y", "/assets/pages/x.css"] {
        assert_eq!(browser.open(path).await.status, 404, "{path}");
    }
    assert_eq!(
        browser.open("/api/install/manifest/finance").await.status,
        200
    );
    assert_eq!(rows(&server, "agents").await, 0);
}

#[tokio::test]
async fn large_templates_tell_some_names_and_how_many_more() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let mut definition = finance();
    let types = (0..500).map(|n| {
        (
            format!("type-{n:03}"),
            json!({ "name": format!("Type {n:03}") }),
        )
    });
    definition["entityTypes"]
        .as_object_mut()
        .unwrap()
        .extend(types);
    offer(&acme, "large", definition).await;
    let page = Browser::at(&server.url).open("/install/large").await;
    assert!(
        page.text.contains(">502</strong> types of things"),
        "{}",
        page.text
    );
    assert!(page.text.contains("and 490 more"));
    assert!(page.text.len() < 12_000, "{}", page.text.len());
}
