//! Linking a number on WhatsApp on the page of an agent, and what there is to see of it.

use agentry_db::ids::TemplateId;
use agentry_db::whatsapp_link::Outcome;
use serde_json::json;

use super::{Browser, Page, shop, signed_in};
use crate::support::{Caller, Server};
use crate::templates::{definition, installed, mutate, offer, publisher, rows, set_status};
use crate::whatsapp::{BOT, PHONE, arrives_for, bot, db, linked};

const ID: &str = "GB.13491208655302741918";

/// A server with a template that has a bot, somebody who has installed it, and the page of their agent.
async fn stage() -> (Server, Caller, String) {
    let (server, _, bob, path) = staged().await;
    (server, bob, path)
}

/// The same, and the template.
async fn staged() -> (Server, TemplateId, Caller, String) {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let bob = server.sign_up("Bob").await;
    let path = install(&bob).await;
    (server, template, bob, path)
}

/// Installs it; the page of the agent.
async fn install(caller: &Caller) -> String {
    let done = installed(caller, json!({ "slug": "helper" })).await;
    done["redirectTo"].as_str().unwrap().to_owned()
}

/// Asks for a code by the form of the page.
async fn ask(browser: &mut Browser, page: &Page, path: &str, phone: &str) -> Page {
    let press = [("as", "link-whatsapp"), ("phone", phone)];
    browser.submit(page, path, &press).await
}

/// The code that a page shows.
fn code(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.text);
    let (_, rest) = page.text.split_once("The code <code>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn code_is_shown_once_and_the_number_is_linked_when_it_comes() {
    let (server, template, _, path) = staged().await;
    let mut browser = signed_in(&server, "Bob").await;
    let offered = browser.open("/install/helper").await;
    let place = format!("{path}#whatsapp");
    assert!(offered.text.contains(&format!("href=\"{place}\"")));
    assert!(!offered.text.contains("wa.me"), "{}", offered.text);
    let page = browser.open(&path).await;
    assert!(page.text.contains(&format!("action=\"{place}\"")));
    assert!(page.text.contains("type=\"tel\"") && page.text.contains("autocomplete=\"tel\""));
    // As it is dialled at home.
    let told = ask(&mut browser, &page, &path, "(07123) 456-789").await;
    let code = code(&told);
    let url = format!("https://wa.me/{BOT}?text=Link%20my%20WhatsApp%20number%3A%20{code}");
    for text in [
        &format!("href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer\""),
        &format!("Link my WhatsApp number: {code}"),
        PHONE,
        "within 10 minutes, until ",
    ] {
        assert!(told.text.contains(text), "{text}: {}", told.text);
    }
    assert_eq!(told.header("cache-control"), "no-store");
    // It is kept nowhere, so it is not shown again; what is waited for is.
    let page = browser.open(&path).await;
    assert!(!page.text.contains(&code) && page.text.contains("is not linked yet"));
    assert_eq!(page.field("phone"), PHONE);
    assert!(matches!(
        arrives_for(&server, &template, PHONE, &code).await,
        Outcome::Verified(_)
    ));
    let page = browser.open(&path).await;
    assert!(
        page.text
            .contains(&format!("aria-label=\"Unlink {PHONE}\"")),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains(&format!("href=\"https://wa.me/{BOT}\" target"))
    );
    assert!(!page.text.contains("is not linked yet"));
    let offered = browser.open("/install/helper").await;
    assert!(
        offered
            .text
            .contains(&format!("href=\"https://wa.me/{BOT}\""))
    );
    assert!(!offered.text.contains("#whatsapp"));
    // Again: it stands as it is, and there is nothing to be sent.
    let again = ask(&mut browser, &page, &path, PHONE).await;
    assert_eq!(again.location(), place);
    // Another takes its place once it is shown.
    let other = ask(&mut browser, &page, &path, "+447123456780").await;
    assert!(other.text.contains("It takes the place of the number") && other.text.contains(PHONE));
    let press = [("as", "unlink-whatsapp"), ("phone", PHONE)];
    let unlinked = browser.submit(&page, &path, &press).await;
    assert_eq!(unlinked.location(), place);
    let page = browser.open(&path).await;
    assert!(!page.text.contains(PHONE) && page.find_field("scoped").is_none());
}

#[tokio::test]
async fn refused_number_is_told_why_and_kept_in_its_field() {
    let (server, _, path) = stage().await;
    linked(&server, &db(&server), "Eve", PHONE).await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(&path).await;
    let evil = "\"><script>alert(1)</script><p x='";
    let shown = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;p x='";
    let long = "7".repeat(3_000);
    for (phone, kept, status, said) in [
        ("", "", 422, "not a phone number"),
        ("nonsense", "nonsense", 422, "not a phone number"),
        ("\0", "\0", 422, "not a phone number"),
        (evil, shown, 422, "not a phone number"),
        (&long, &long[..100], 422, "not a phone number"),
        (PHONE, PHONE, 409, "linked to an account already"),
    ] {
        let refused = ask(&mut browser, &page, &path, phone).await;
        assert_eq!(refused.status, status, "{phone}");
        assert!(refused.text.contains(said), "{phone}: {}", refused.text);
        assert!(
            refused
                .text
                .contains("id=\"whatsapp-problem\" role=\"alert\"")
        );
        assert!(!refused.text.contains("<script"));
        assert_eq!(refused.field("phone"), kept, "{phone}");
        assert!(!refused.text.contains("The code <code>"));
    }
    assert_eq!(rows(&server, "link_codes").await, 0);
    // What is unlinked is one's own alone, and is named.
    let press = |phone| [("as", "unlink-whatsapp"), ("phone", phone)];
    let refused = browser.submit(&page, &path, &press("")).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let done = browser.submit(&page, &path, &press(PHONE)).await;
    assert_eq!(done.status, 303);
    let wrong = [("as", "unlink-whatsapp"), ("scoped", "447123456789")];
    let refused = browser.submit(&page, &path, &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("businessScopedId"),
        "{}",
        refused.text
    );
    assert_eq!(rows(&server, "whatsapp_claims").await, 1);
}

#[tokio::test]
async fn too_many_tries_wait_for_as_long_as_is_told() {
    let (server, _, path) = stage().await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(&path).await;
    for _ in 0..3 {
        code(&ask(&mut browser, &page, &path, PHONE).await);
    }
    let refused = ask(&mut browser, &page, &path, PHONE).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    let told = format!("Try again in {} minutes.", wait.div_ceil(60));
    assert!(refused.text.contains(&told), "{told}: {}", refused.text);
    assert_eq!(refused.field("phone"), PHONE);
}

#[tokio::test]
async fn without_a_personal_organization_no_number_is_kept() {
    let (server, bob, _) = stage().await;
    let team = publisher(&server, "Zoe", "team").await;
    let input = json!({ "slug": "helper", "organizationId": team.organization_id });
    let path = installed(&team, input).await["redirectTo"].take();
    let path = path.as_str().unwrap();
    server.join(&team, &bob, "member").await;
    let mut root = server.database.root().await;
    sqlx::query("DELETE FROM \"organization\" WHERE personal_user_id = $1")
        .bind(&bob.user_id)
        .execute(&mut root)
        .await
        .unwrap();
    let server = Server::on(server.database, &["--personal-organizations=false"]).await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path).await;
    let refused = ask(&mut browser, &page, path, PHONE).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("no personal organisation"),
        "{}",
        refused.text
    );
    assert_eq!(refused.field("phone"), PHONE);
}

#[tokio::test]
async fn nobody_links_by_a_page_that_is_not_theirs_or_a_form_from_elsewhere() {
    let (server, _, path) = stage().await;
    server.sign_up("Eve").await;
    let mut eve = signed_in(&server, "Eve").await;
    let own = eve.open("/install/helper").await;
    for place in [&path, "/eve/agents/nothing"] {
        assert_eq!(ask(&mut eve, &own, place, PHONE).await.status, 404);
    }
    let mut nobody = Browser::at(&server.url);
    let door = nobody.open(&path).await;
    assert!(!door.text.contains("whatsapp"));
    assert_eq!(ask(&mut nobody, &door, &path, PHONE).await.status, 401);
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open(&path).await;
    let (token, ours) = (page.field("form"), server.url.clone());
    for (origin, token) in [
        ("https://evil.example", token.as_str()),
        ("null", &token),
        (&ours, ""),
        (&ours, "00112233445566778899aabbccddeeff"),
        (&ours, &own.field("form")),
    ] {
        for button in ["link-whatsapp", "unlink-whatsapp"] {
            let fields = [("form", token), ("as", button), ("phone", PHONE)];
            let request = bob.post(&path, &fields).header("origin", origin);
            assert_eq!(bob.send(request).await.status, 403, "{origin} {token}");
        }
    }
    assert_eq!(rows(&server, "whatsapp_claims").await, 0);
}

#[tokio::test]
async fn there_is_nothing_to_link_where_no_bot_leads_to_the_agent() {
    let (server, acme) = shop().await;
    offer(&acme, "plain", definition("Plain")).await;
    let input = json!({ "slug": "helper", "definition": definition("Helper"), "botPhone": BOT });
    let done = mutate(&acme, "publishTemplateVersion", "template { id }", input).await;
    set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    let team = publisher(&server, "Bob", "team").await;
    let input = |slug| json!({ "slug": slug, "organizationId": team.organization_id });
    let plain = installed(&team, input("plain")).await["redirectTo"].take();
    let done = installed(&team, input("helper")).await;
    let (plain, path) = (
        plain.as_str().unwrap(),
        done["redirectTo"].as_str().unwrap(),
    );
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open(plain).await;
    assert!(!page.text.contains("id=\"whatsapp\""));
    assert_eq!(ask(&mut bob, &page, plain, PHONE).await.status, 409);
    // What an organisation shares answers each member at their own number, and shows each theirs alone.
    let db = db(&server);
    let eve = linked(&server, &db, "Eve", PHONE).await;
    server.join(&team, &eve, "admin").await;
    let mut member = signed_in(&server, "Eve").await;
    assert!(member.open(path).await.text.contains(PHONE));
    let seen = bob.open(path).await;
    assert!(seen.text.contains("id=\"whatsapp\"") && !seen.text.contains(PHONE));
    // An admin sees what is somebody's own, and their messages never reach it.
    let change = json!({ "id": done["agent"]["id"], "visibility": "PRIVATE" });
    mutate(&team, "updateAgent", "agent { id }", change).await;
    let page = member.open(path).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("id=\"whatsapp\"") && !page.text.contains(PHONE));
    assert_eq!(ask(&mut member, &page, path, PHONE).await.status, 409);
    assert!(bob.open(path).await.text.contains("id=\"whatsapp\""));
    let input = json!({ "installId": done["install"]["id"] });
    mutate(&team, "uninstallTemplate", "install { id }", input).await;
    assert!(!bob.open(path).await.text.contains("id=\"whatsapp\""));
}

#[tokio::test]
async fn business_scoped_id_is_listed_and_unlinked() {
    let (server, template, _, path) = staged().await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(&path).await;
    let code = code(&ask(&mut browser, &page, &path, PHONE).await);
    let outcome = arrives_for(&server, &template, ID, &code).await;
    assert!(matches!(outcome, Outcome::Verified(_)), "{outcome:?}");
    let page = browser.open(&path).await;
    assert_eq!(page.field("scoped"), ID);
    let press = [("as", "unlink-whatsapp"), ("scoped", ID)];
    assert_eq!(browser.submit(&page, &path, &press).await.status, 303);
    let page = browser.open(&path).await;
    assert!(!page.text.contains(ID), "{}", page.text);
}

#[tokio::test]
async fn bot_of_a_withdrawn_template_gets_no_codes() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let bob = linked(&server, &db(&server), "Bob", PHONE).await;
    let path = install(&bob).await;
    let mut root = server.database.root().await;
    sqlx::query("UPDATE templates SET status = 'withdrawn' WHERE id = $1")
        .bind(template.as_str())
        .execute(&mut root)
        .await
        .unwrap();
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(&path).await;
    assert!(
        page.text
            .contains("is withdrawn, and numbers are not linked")
    );
    assert!(!page.text.contains("type=\"tel\"") && page.field("phone") == PHONE);
    let refused = ask(&mut browser, &page, &path, "+447123456780").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(rows(&server, "link_codes").await, 0);
    let press = [("as", "unlink-whatsapp"), ("phone", PHONE)];
    assert_eq!(browser.submit(&page, &path, &press).await.status, 303);
}
