//! A forgotten password, from the form that asks for it to the one that takes another.

use super::{Browser, signed_in};
use crate::support::{Caller, Outbox, Server};

#[tokio::test]
async fn forgotten_password_is_changed_by_the_link_of_a_message() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    server.sign_up("Bob").await;
    let mut elsewhere = signed_in(&server, "Bob").await;
    let mut browser = Browser::at(&server.url);
    for door in ["/x/agents/x", "/install/personal-finance?with=sign-in"] {
        let page = browser.open(door).await;
        let found = page.text.contains("href=\"/forgot-password\"");
        assert_eq!(found, page.status != 404, "{}", page.text);
    }
    let page = browser.open("/forgot-password").await;
    assert_eq!((page.status, page.header("x-robots-tag")), (200, "noindex"));
    let wrong = browser
        .submit(&page, "/forgot-password", &[("email", "bob")])
        .await;
    assert_eq!(
        (wrong.status, wrong.field("email")),
        (422, "bob".to_owned())
    );
    // An address without an account looks the same.
    let mut answers = Vec::new();
    for email in ["nobody@example.com", "bob@example.com"] {
        let sent = browser
            .submit(&page, "/forgot-password", &[("email", email)])
            .await;
        assert_eq!(sent.location(), "/forgot-password?sent");
        answers.push(browser.open("/forgot-password?sent").await.text);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains("on its way"), "{}", answers[0]);
    let letter = outbox.letter("bob@example.com", "reset-password", 1).await;
    let link = format!("/reset-password?token={}", letter.token());
    let page = browser.open(&link).await;
    let token = page.field("token");
    assert_eq!(token, letter.token());
    let press = |password| [("token", &*token), ("password", password)];
    let short = browser
        .submit(&page, "/reset-password", &press("short"))
        .await;
    assert_eq!(short.status, 422);
    assert!(short.text.contains("href=\"#password\"") && !short.text.contains("value=\"short\""));
    let done = browser
        .submit(&page, "/reset-password", &press("another password"))
        .await;
    assert_eq!(done.status, 200);
    assert!(
        done.text.contains("Your password is changed"),
        "{}",
        done.text
    );
    // Once, and every session is over.
    let again = browser
        .submit(&page, "/reset-password", &press("a third password"))
        .await;
    assert_eq!(again.status, 409);
    assert!(
        again.text.contains("href=\"/forgot-password\"") && again.text.contains("role=\"alert\"")
    );
    assert_eq!(elsewhere.open("/x/agents/x").await.status, 401);
    let door = browser.open("/x/agents/x").await;
    for (password, status) in [(Caller::PASSWORD, 403), ("another password", 303)] {
        let press = [
            ("email", "bob@example.com"),
            ("password", password),
            ("as", "sign-in"),
        ];
        let answer = browser.submit(&door, "/x/agents/x", &press).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn pages_of_messages_are_not_there_without_messages_or_a_token() {
    let server = Server::start().await;
    let mut browser = Browser::at(&server.url);
    let door = browser.open("/x/agents/x").await;
    assert!(!door.text.contains("/forgot-password"));
    for path in [
        "/forgot-password",
        "/forgot-password?sent",
        "/reset-password",
        "/reset-password?token=",
    ] {
        assert_eq!(browser.open(path).await.status, 404, "{path}");
    }
    let press = [("email", "bob@example.com")];
    let refused = browser.submit(&door, "/forgot-password", &press).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("sends no messages"),
        "{}",
        refused.text
    );
    // From elsewhere nothing is taken.
    for path in ["/forgot-password", "/reset-password"] {
        let request = browser
            .post(path, &press)
            .header("origin", "https://evil.example");
        assert_eq!(browser.send(request).await.status, 403, "{path}");
    }
}
