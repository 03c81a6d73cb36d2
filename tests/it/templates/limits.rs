//! How often templates may be installed.

use serde_json::{Value, json};

use super::{finance, install, mutate, offer, publisher};
use crate::support::Server;

#[tokio::test]
async fn twenty_first_install_of_an_hour_is_refused_whatever_became_of_the_others() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let replica = Server::on(server.database.clone(), &[]).await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    for n in 0..20 {
        // Refused ones count, bad ones count, and so do those that another replica took.
        let caller = if n % 2 == 0 {
            bob.clone()
        } else {
            bob.moved_to(&replica.url)
        };
        let input = match n % 3 {
            0 => json!({ "slug": "finance" }),
            1 => json!({ "slug": "nothing" }),
            _ => json!({}),
        };
        assert_ne!(
            install(&caller, input).await["__typename"],
            "TooManyRequests",
            "{n}"
        );
    }
    let refused = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(refused["__typename"], "TooManyRequests", "{refused}");
    let wait = refused["retryAfter"].as_i64().unwrap();
    // An hour, and what of the full one must fade before the next use.
    assert!((1..=3_780).contains(&wait), "{wait}");
    assert_eq!(
        install(&eve, json!({ "slug": "finance" })).await["created"],
        true
    );
}

#[tokio::test]
async fn every_alias_of_one_document_counts() {
    let server = Server::start_with(&["--max-root-fields=30", "--max-aliases=30"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let field =
        |n: i32| format!("a{n}: installTemplate(input: {{ slug: \"finance\" }}) {{ __typename }}");
    let fields: Vec<String> = (0..21).map(field).collect();
    let fields = fields.join(" ");
    let data = bob
        .query(&format!("mutation {{ {fields} }}"), json!({}))
        .await;
    let ended: Vec<&Value> = (0..21)
        .map(|n| &data[format!("a{n}")]["__typename"])
        .collect();
    let (last, done) = ended.split_last().unwrap();
    assert_eq!(**last, "TooManyRequests");
    assert!(
        done.iter().all(|one| **one == "InstallTemplateSuccess"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn full_organization_takes_no_install() {
    let server = Server::start_with(&["--max-agents=1"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "name": "Plain", "systemPrompt": "p" });
    mutate(&bob, "createAgent", "agent { id }", input).await;
    let refused = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(refused["__typename"], "LimitReached", "{refused}");
}
