//! Publishers whom the operator trusts, and does not any more; and numbers that are one bot's alone.

use agentry_whatsapp_testkit::Phone;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{PHONE, SECRET, Stage, TOKEN, WORKING, outcome, register, registered};
use crate::support::{Caller, Server};
use crate::templates::{installed, offer, publisher};

const ID: &str = "GB.13491208655302741918";

/// Another publisher, with a number that Meta knows by this and a template of this slug.
async fn another(stage: &Stage, slug: &str, number: &str) -> Caller {
    let other = publisher(&stage.server, "Oto", "other").await;
    let template = offer(&other, slug, super::bot("Other bot")).await;
    let done = register(&other, &template, number, TOKEN).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    other
}

#[tokio::test]
async fn what_was_shown_to_a_publisher_who_is_not_trusted_any_more_reaches_no_agent() {
    let stage = Stage::set().await;
    let other = another(&stage, "other-bot", "99999").await;
    let bob = stage.linked("Bob", PHONE).await;
    installed(&bob, json!({ "slug": "other-bot" })).await;
    let theirs = Phone::new("99999", SECRET);
    assert_eq!(
        theirs.text(&stage.hook(), PHONE, "wamid.1", "Hi").await,
        200
    );
    let sent = stage.meta.wait_for(2).await;
    assert!(sent[1].text.contains("Hi"), "{sent:?}");
    stage.server.courier.close().await;
    // What waits when they are trusted no more is not heard.
    let intake = Server::on(stage.server.database.clone(), &[]).await;
    let status = stage
        .phone
        .text(
            &format!("{}/webhooks/whatsapp", intake.url),
            PHONE,
            "wamid.2",
            "Waiting",
        )
        .await;
    assert_eq!(status, 200);
    let graph = format!("--whatsapp-graph-url={}", stage.meta.url());
    let trusted = format!("--whatsapp-publishers={}", other.organization_id);
    let usual = WORKING.into_iter();
    let usual = usual.filter(|flag| !flag.starts_with("--whatsapp-publishers"));
    let flags: Vec<&str> = usual.chain([graph.as_str(), trusted.as_str()]).collect();
    let server = Server::on(stage.server.database.clone(), &flags).await;
    let hook = format!("{}/webhooks/whatsapp", server.url);
    assert_eq!(theirs.text(&hook, PHONE, "wamid.3", "And now?").await, 200);
    let sent = stage.meta.wait_for(4).await;
    for said in &sent[2..] {
        assert!(said.text.contains("/install/"), "{said:?}");
    }
    for id in ["wamid.2", "wamid.3"] {
        assert_eq!(outcome(&server, id).await.as_deref(), Some("not_linked"));
    }
    // And whoever has the number links it.
    let eve = server.sign_up("Eve").await;
    installed(&eve, json!({ "slug": "other-bot" })).await;
    let code = super::code(&eve, PHONE).await;
    assert_eq!(theirs.text(&hook, PHONE, "wamid.4", &code).await, 200);
    assert_eq!(theirs.text(&hook, PHONE, "wamid.5", "It is Eve").await, 200);
    let sent = stage.meta.wait_for(6).await;
    assert!(
        sent[4].text.starts_with("Your number is linked"),
        "{sent:?}"
    );
    assert!(sent[5].text.contains("It is Eve"), "{sent:?}");
}

#[tokio::test]
async fn an_id_that_came_beside_the_number_is_answered_until_the_number_is_unlinked() {
    let stage = Stage::set().await;
    let ada = stage.user("Ada").await;
    let code = super::code(&ada, PHONE).await;
    let message = |from: &str, wamid: &str, text: &str| {
        let text = json!({ "type": "text", "text": { "body": text } });
        let mut message = Phone::message(from, wamid, text);
        message["from_user_id"] = json!(ID);
        stage.phone.delivery(json!({ "messages": [message] }))
    };
    let hook = stage.hook();
    let both = message(PHONE, "wamid.1", &code);
    assert_eq!(stage.phone.deliver(&hook, both).await, 200);
    stage.meta.wait_for(1).await;
    let hidden = message("", "wamid.2", "Who am I?");
    assert_eq!(stage.phone.deliver(&hook, hidden).await, 200);
    let sent = stage.meta.wait_for(2).await;
    assert!(sent[1].text.contains("Who am I?"), "{sent:?}");
    let unlink = "mutation($phone: String!) { unlinkWhatsApp(input: { phone: $phone }) {
        ... on UnlinkWhatsAppSuccess { unlinked links { businessScopedId } } } }";
    let phone = format!("+{PHONE}");
    let data = ada.query(unlink, json!({ "phone": phone })).await;
    assert_eq!(data["unlinkWhatsApp"]["unlinked"], json!([phone, ID]));
    assert_eq!(data["unlinkWhatsApp"]["links"], json!([]));
    for (from, wamid) in [("", "wamid.3"), (PHONE, "wamid.4")] {
        let hello = message(from, wamid, "And now?");
        assert_eq!(stage.phone.deliver(&hook, hello).await, 200);
    }
    let sent = stage.meta.wait_for(4).await;
    for said in &sent[2..] {
        assert!(said.text.contains("/install/helper"), "{said:?}");
    }
    // Somebody else links both.
    let eve = stage.user("Eve").await;
    let code = super::code(&eve, PHONE).await;
    let both = message(PHONE, "wamid.5", &code);
    assert_eq!(stage.phone.deliver(&hook, both).await, 200);
    stage.meta.wait_for(5).await;
    let hidden = message("", "wamid.6", "It is Eve");
    assert_eq!(stage.phone.deliver(&hook, hidden).await, 200);
    let sent = stage.meta.wait_for(6).await;
    assert!(sent[5].text.contains("It is Eve"), "{sent:?}");
}

fn by_gateway(template: &Value, phone: &str) -> Value {
    let via = json!({ "gateway": { "url": "https://gateway.example.com/out", "phone": phone } });
    json!({ "templateId": template, "appSecret": SECRET, "via": via })
}

fn kinds(done: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = done
        .iter()
        .map(|one| one["__typename"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn nobody_registers_a_number_that_is_another_bots_whichever_way_it_is_reached() {
    let stage = Stage::set().await;
    let other = publisher(&stage.server, "Oto", "other").await;
    let template = offer(&other, "other-bot", super::bot("Other")).await;
    // One of Meta's, by a gateway; and the other way round.
    let taken = registered(&other, by_gateway(&template, "+447900000001")).await;
    assert_eq!(taken["__typename"], "Conflict", "{taken}");
    let again = registered(&stage.acme, by_gateway(&stage.template, "+447900000001")).await;
    assert_eq!(again["__typename"], "Conflict", "nor its own again");
    let done = registered(&other, by_gateway(&template, "+447900100042")).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let taken = register(&stage.acme, &stage.template, "42", TOKEN).await;
    assert_eq!(taken["__typename"], "Conflict", "Meta tells that number");
    // In its other form it is the same.
    let done = registered(&other, by_gateway(&template, "+5215512345678")).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let taken = registered(&stage.acme, by_gateway(&stage.template, "+525512345678")).await;
    assert_eq!(taken["__typename"], "Conflict", "{taken}");
    // Once it is removed it may be registered anew.
    let remove = json!({ "id": done["whatsAppNumber"]["id"] });
    let removed =
        crate::templates::mutate(&other, "removeWhatsAppNumber", "__typename", remove).await;
    assert_eq!(removed["__typename"], "RemoveWhatsAppNumberSuccess");
    let done = registered(&stage.acme, by_gateway(&stage.template, "+525512345678")).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
}

#[tokio::test]
async fn of_many_who_register_a_number_at_once_one_has_it() {
    let stage = Stage::set().await;
    let other = publisher(&stage.server, "Oto", "other").await;
    let template = offer(&other, "other-bot", super::bot("Other")).await;
    let all = (0..8).map(|n| {
        let (caller, template) = match n % 2 {
            0 => (&stage.acme, &stage.template),
            _ => (&other, &template),
        };
        registered(caller, by_gateway(template, "+447900000077"))
    });
    let done = join_all(all).await;
    let kinds = kinds(&done);
    assert_eq!(kinds[..7], ["Conflict"; 7], "{done:?}");
    assert_eq!(kinds[7], "RegisterWhatsAppNumberSuccess");
}
