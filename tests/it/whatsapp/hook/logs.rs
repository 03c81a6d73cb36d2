//! What is written to a bot is in no log.

use agentry_whatsapp_testkit::{CloudApi, Fault, Phone};
use serde_json::json;

use super::{NUMBER, PHONE, SECRET, SLUG, TOKEN, bot, code, register};
use crate::support::{Agentry, Caller, Database};
use crate::templates::{installed, mutate, offer};

#[tokio::test]
async fn neither_what_is_said_nor_who_says_it_nor_a_secret_is_in_the_log() {
    let meta = CloudApi::start().await;
    let database = Database::copy().await;
    let running = Agentry::serving(&database)
        .env("AGENTRY_LOG", "trace,sqlx=debug,hyper=debug,h2=info")
        .env("AGENTRY_WHATSAPP_PUBLISHERS", "*")
        .env("AGENTRY_WHATSAPP_GRAPH_URL", meta.url())
        .env("AGENTRY_ECHO_DELAY", "1ms")
        .serve()
        .await;
    let acme = Caller::sign_up_at(&running.url, "Pat").await;
    let input = json!({ "name": "acme", "slug": "acme" });
    let made = mutate(&acme, "createOrganization", "organization { id }", input).await;
    let acme = acme.in_organization(made["organization"]["id"].as_str().unwrap());
    let template = offer(&acme, SLUG, bot("Helper")).await;
    let done = register(&acme, &template, NUMBER, TOKEN).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    installed(&ada, json!({ "slug": SLUG })).await;
    let code = code(&ada, PHONE).await;
    let hook = format!("{}/webhooks/whatsapp", running.url);
    let phone = Phone::new(NUMBER, SECRET);
    assert_eq!(phone.text(&hook, PHONE, "wamid.1", &code).await, 200);
    meta.wait_for(1).await;
    meta.next(Fault::refusal(400, 131_026));
    assert_eq!(phone.text(&hook, PHONE, "wamid.2", "canaryone").await, 200);
    assert_eq!(phone.text(&hook, PHONE, "wamid.3", "canarytwo").await, 200);
    assert_eq!(
        phone
            .text(&hook, "4915112345678", "wamid.4", "canarythree")
            .await,
        200
    );
    meta.wait_for(3).await;
    let forged = phone.text_delivery(PHONE, "wamid.5", "canaryfour");
    assert_eq!(
        phone.deliver_signed(&hook, forged, Some("sha256=00")).await,
        401
    );
    assert_eq!(phone.deliver(&hook, b"canaryfive".to_vec()).await, 400);
    let log = running.stop().await.stderr;
    assert!(log.contains("is being answered"), "{log}");
    for word in [
        "canary",
        PHONE,
        "4915112345678",
        SECRET,
        TOKEN,
        code.as_str(),
    ] {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word}");
    }
}
