//! How following a reply on a page ends when it does not end well.

use agentry_provider_testkit::{Answer, FaultServer, Then};
use serde_json::json;

use super::chat::{agent, at_home, say};
use super::signed_in;
use crate::support::Server;
use crate::templates::mutate;

#[tokio::test]
async fn failure_is_told_with_what_was_said_and_tried_again() {
    let provider = FaultServer::start().await;
    let allow = format!("--allow-hosts={}", provider.allowed());
    let flags = [
        "--run-workers=8",
        "--titles=false",
        "--provider-tries=1",
        &allow,
    ];
    let server = Server::start_with(&flags).await;
    let bob = server.sign_up("Bob").await;
    let path = agent(&bob, json!({ "model": "gpt-4o" })).await;
    let id = path.rsplit('/').next().unwrap();
    let input = json!({ "name": "Main", "service": "openai", "apiKey": "sk-test-0123456789",
        "baseUrl": provider.openai_url().as_str(), "agentIds": [id] });
    mutate(&bob, "createApiConnection", "agents { id }", input).await;
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(&path).await;
    provider.next(Answer::ending(["Half", " of it"], Then::Cut));
    let place = say(&mut browser, &page, &path, "Hello?").await;
    // As it comes, and as it is opened later.
    for _ in 0..2 {
        let page = browser.open(&place).await;
        assert!(page.text.contains("Half of it"), "{}", page.text);
        assert!(page.text.contains("<p class=\"problem\" role=\"alert\">"));
        assert!(page.text.contains("Try again") && page.text.ends_with("</html>"));
    }
    // Another try fails before it says anything: what was there stays.
    let page = browser.open(&place).await;
    let press = |page: &super::Page| (page.field("message"), page.field("once"));
    let (message, once) = press(&page);
    provider.next(Answer::refusal(500, "canary"));
    let again = [("as", "again"), ("message", &*message), ("once", &*once)];
    browser.submit(&page, &path, &again).await.location();
    let page = browser.open(&place).await;
    assert_eq!(page.text.matches("Half of it").count(), 1, "{}", page.text);
    assert!(page.text.contains("Try again") && !page.text.contains("canary"));
    let page = browser.open(&place).await;
    let (message, once) = press(&page);
    provider.next(Answer::words(["All", " of it"]));
    let again = [("as", "again"), ("message", &*message), ("once", &*once)];
    browser.submit(&page, &path, &again).await.location();
    for _ in 0..2 {
        let page = browser.open(&place).await;
        assert!(page.text.contains("All of it"), "{}", page.text);
        assert!(!page.text.contains("Half of it") && !page.text.contains("Try again"));
    }
}

#[tokio::test]
async fn nobody_who_is_signed_out_follows_on() {
    let server = Server::start().await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Hello?").await;
    let mut growing = browser.grow(&place).await;
    let page = growing.until("is answering").await;
    let mut other = browser.clone();
    other
        .submit(&page, &path, &[("as", "sign-out")])
        .await
        .location();
    let page = growing.whole().await;
    assert!(page.text.contains("You are signed out"), "{}", page.text);
    assert!(!page.text.contains("Settings") && !page.text.contains("<textarea"));
    // A press by somebody signed out leads to signing in.
    let press = [("as", "say"), ("said", "Still there?")];
    let door = browser.submit(&page, &path, &press).await;
    assert_eq!(door.status, 401);
    assert!(door.text.contains("Sign in to see this agent"));
}

#[tokio::test]
async fn stop_of_the_server_ends_the_wait_and_not_the_page() {
    let server = Server::start().await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Hello?").await;
    let mut growing = browser.grow(&place).await;
    growing.until("is answering").await;
    drop(server);
    let page = growing.whole().await;
    assert!(
        page.text.contains("cannot be followed here"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<textarea") && page.text.ends_with("</html>"));
}

#[tokio::test]
async fn who_follows_as_much_as_they_may_is_told_so() {
    let server = Server::start_with(&["--max-sockets=1"]).await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Hello?").await;
    let mut growing = browser.grow(&place).await;
    growing.until("is answering").await;
    let page = browser.clone().open(&place).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("this one is not") && page.text.ends_with("</html>"));
}
