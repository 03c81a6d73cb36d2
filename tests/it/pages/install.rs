//! `/install/<slug>`: coming in and installing, in one press.

use serde_json::{Value, json};

use super::{Browser, asking, newcomer, shop, signed_in};
use crate::support::{Caller, Outbox, Server};
use crate::templates::{finance, installed, offer, publisher, rows};

fn fields<'a>(owned: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    owned
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[tokio::test]
async fn newcomer_signs_up_installs_and_finds_the_agent() {
    let (server, acme) = shop().await;
    offer(&acme, "asking", asking()).await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/asking").await;
    assert_eq!(page.status, 200);
    for text in [
        "Personal finance",
        "Keeps an eye on money.",
        "acme",
        "Transaction",
        "Booked on",
        "Monthly",
        "openai",
        "*.bank.example",
        "Version 1",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let consent = page.field("consent");
    let mut typed = newcomer("Bob");
    typed.push(("consent", consent));
    let done = browser
        .submit(&page, "/install/asking", &fields(&typed))
        .await;
    let place = done.location();
    assert!(place.starts_with("/bob/agents/"), "{place}");
    let agent = browser.open(&place).await;
    assert_eq!(agent.status, 200);
    assert!(agent.text.contains("Personal finance") && agent.text.contains("Bob"));
    let again = browser.open("/install/asking").await;
    assert!(again.text.contains("You have it already") && again.text.contains(&place));
    // The same account by the API.
    let bob = Caller::sign_in_at(&server.url, "Bob").await;
    let seen = bob
        .query("{ viewer { installs { totalCount } } }", json!({}))
        .await;
    assert_eq!(seen["viewer"]["installs"]["totalCount"], 1);
}

#[tokio::test]
async fn somebody_with_an_account_signs_in_and_installs() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/finance?with=sign-in").await;
    assert!(page.text.contains("Sign in and install") && page.find_field("name").is_none());
    let typed = [
        ("email", "bob@example.com"),
        ("password", Caller::PASSWORD),
        ("as", "sign-in"),
    ];
    let done = browser.submit(&page, "/install/finance", &typed).await;
    assert!(done.location().starts_with("/bob/agents/"));
    assert_eq!(rows(&server, "template_installs").await, 1);
}

#[tokio::test]
async fn somebody_signed_in_presses_one_button() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    assert!(page.text.contains("Signed in as") && page.find_field("password").is_none());
    let organization = page.field("organization");
    let press = [("as", "me"), ("organization", organization.as_str())];
    let first = bob
        .submit(&page, "/install/finance", &press)
        .await
        .location();
    // Pressing what is still open in another tab leads to the same agent.
    let second = bob
        .submit(&page, "/install/finance", &press)
        .await
        .location();
    assert_eq!(first, second);
    assert_eq!(rows(&server, "agents").await, 1);
}

#[tokio::test]
async fn organization_is_chosen_where_there_are_several() {
    let (server, acme) = shop().await;
    let team = publisher(&server, "Bob", "team").await;
    let eve = server.sign_up("Eve").await;
    // A plain member of one, and the publisher of it in another: neither is offered.
    server.join(&eve, &team, "member").await;
    server.join(&acme, &team, "admin").await;
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    let offered = page.text.matches("<option").count();
    assert_eq!(offered, 2, "{}", page.text);
    let press = [
        ("as", "me"),
        ("organization", team.organization_id.as_str()),
    ];
    let place = bob
        .submit(&page, "/install/finance", &press)
        .await
        .location();
    assert!(place.starts_with("/team/agents/"), "{place}");
    let again = bob.open("/install/finance").await;
    assert!(again.text.contains(&place) && again.text.contains("Install it somewhere else"));
    for (organization, expected) in [
        (
            eve.organization_id.as_str(),
            "Only the organisation&#39;s owners",
        ),
        ("nothing", "You are not a member"),
        (
            acme.organization_id.as_str(),
            "in the organisation that publishes it",
        ),
    ] {
        let press = [("as", "me"), ("organization", organization)];
        let refused = bob.submit(&again, "/install/finance", &press).await;
        assert_eq!(refused.status, 409);
        let text = refused.text.replace('\'', "&#39;");
        assert!(text.contains(expected), "{organization}: {text}");
    }
    assert_eq!(rows(&server, "agents").await, 1);
}

#[tokio::test]
async fn mistakes_are_told_beside_the_field_and_the_password_is_never_sent_back() {
    let (server, _) = shop().await;
    server.sign_up("Eve").await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/finance").await;
    for (name, email, password, status, about) in [
        ("", "bob@example.com", "correct horse battery", 422, "name"),
        (
            "Bob & <b>",
            "nonsense",
            "correct horse battery",
            422,
            "email",
        ),
        ("Bob & <b>", "bob@example.com", "s3cr3t!", 422, "password"),
        ("Bob & <b>", "eve@example.com", "not her password", 409, ""),
    ] {
        let typed = [
            ("name", name),
            ("email", email),
            ("password", password),
            ("as", "sign-up"),
        ];
        let answer = browser.submit(&page, "/install/finance", &typed).await;
        assert_eq!(answer.status, status, "{email}");
        assert!(answer.text.contains("role=\"alert\""));
        if !about.is_empty() {
            assert!(
                answer.text.contains(&format!("id=\"{about}-problem\"")),
                "{}",
                answer.text
            );
        }
        assert!(!answer.text.contains(password), "{password}");
        assert_eq!(answer.field("email"), email);
        assert_eq!(
            answer.field("name"),
            name.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        );
    }
    assert_eq!(rows(&server, "\"user\"").await, 2);
    let wrong = [
        ("email", "eve@example.com"),
        ("password", "not her password"),
        ("as", "sign-in"),
    ];
    let answer = browser.submit(&page, "/install/finance", &wrong).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .text
            .contains("The e-mail address or the password is wrong.")
    );
    assert!(!answer.text.contains("not her password"));
    assert!(answer.text.contains("Sign in and install"));
    assert_eq!(rows(&server, "agents").await, 0);
}

#[tokio::test]
async fn two_presses_at_once_make_one_account_and_one_agent() {
    let (server, _) = shop().await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/finance").await;
    let typed = newcomer("Bob");
    let presses = (0..4).map(|_| {
        let mut browser = browser.clone();
        let (page, typed) = (page.clone(), typed.clone());
        async move {
            browser
                .submit(&page, "/install/finance", &fields(&typed))
                .await
                .location()
        }
    });
    let places = futures_util::future::join_all(presses).await;
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    assert_eq!(rows(&server, "agents").await, 1);
    assert_eq!(rows(&server, "\"user\"").await, 2);
}

#[tokio::test]
async fn signing_in_too_often_asks_for_patience() {
    let server = Server::start_with(&["--sign-in-per-account=2"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    server.sign_up("Bob").await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/finance").await;
    let wrong = [
        ("email", "bob@example.com"),
        ("password", "not his"),
        ("as", "sign-in"),
    ];
    for expected in [403, 403, 429] {
        let answer = browser.submit(&page, "/install/finance", &wrong).await;
        assert_eq!(answer.status, expected);
    }
    let answer = browser.submit(&page, "/install/finance", &wrong).await;
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=1_200).contains(&wait) && answer.text.contains("too often"));
}

#[tokio::test]
async fn twenty_first_press_waits_and_leaves_everything_as_it_is() {
    let (server, _) = shop().await;
    let caller = server.sign_up("Bob").await;
    for _ in 0..20 {
        installed(&caller, json!({ "slug": "finance" })).await;
    }
    let mut bob = signed_in(&server, "Bob").await;
    let page = bob.open("/install/finance").await;
    let answer = bob.submit(&page, "/install/finance", &[("as", "me")]).await;
    assert_eq!(answer.status, 429);
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    // An hour, and what of the full one must fade before the next use.
    assert!((1..=3_780).contains(&wait));
    assert!(answer.text.contains("Try again in"));
}

#[tokio::test]
async fn account_whose_address_must_be_verified_installs_after_that() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--require-verified-email=true"]).await;
    let acme = Server::on(server.database.clone(), &[]).await;
    let acme = publisher(&acme, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let mut browser = Browser::at(&server.url);
    let page = browser.open("/install/finance").await;
    let answer = browser
        .submit(&page, "/install/finance", &fields(&newcomer("Bob")))
        .await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.text.contains("must be verified first"),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains("Sign in and install"),
        "the account is there"
    );
    assert_eq!(rows(&server, "agents").await, 0);
    let letter = outbox.letter("bob@example.com", "verify-email", 1).await;
    let document = "mutation($t: String!) { verifyEmail(input: { token: $t }) { __typename } }";
    let nobody = Caller::nobody(&server);
    let done: Value = nobody.query(document, json!({ "t": letter.token() })).await;
    assert!(
        done["verifyEmail"]["__typename"]
            .as_str()
            .unwrap()
            .ends_with("Success"),
        "{done}"
    );
    let typed = [
        ("email", "bob@example.com"),
        ("password", Caller::PASSWORD),
        ("as", "sign-in"),
    ];
    let done = browser.submit(&page, "/install/finance", &typed).await;
    assert!(done.location().starts_with("/bob/agents/"));
}

#[tokio::test]
async fn service_that_makes_no_accounts_offers_signing_in_alone() {
    let (server, _) = shop().await;
    let closed = Server::on(server.database.clone(), &["--personal-organizations=false"]).await;
    let mut browser = Browser::at(&closed.url);
    let page = browser.open("/install/finance?with=sign-up").await;
    assert!(page.text.contains("Sign in and install") && !page.text.contains("Sign up"));
    let answer = browser
        .submit(&page, "/install/finance", &fields(&newcomer("Bob")))
        .await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("Accounts are not made here."));
}
