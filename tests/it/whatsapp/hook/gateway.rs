//! Gateways of publishers' own: they deliver what Meta would, and are posted what is to be sent.

use agentry_provider_testkit::{Answer, FaultServer};
use agentry_whatsapp_testkit::{Phone, sign};
use serde_json::json;

use super::{PHONE, SECRET, Stage, code, registered};
use crate::templates::{installed, offer, publisher};

#[tokio::test]
async fn what_a_gateway_delivers_is_answered_through_it_signed() {
    let gateway = FaultServer::start().await;
    gateway.always(Answer::Status {
        status: 200,
        headers: Vec::new(),
        body: String::new(),
    });
    let allow = format!("--allow-hosts={}", gateway.allowed());
    let stage = Stage::set_with(&[allow.as_str()]).await;
    let acme = publisher(&stage.server, "Sue", "second").await;
    let template = offer(&acme, "by-gateway", super::bot("Gate")).await;
    let via =
        json!({ "gateway": { "url": gateway.url("/out").as_str(), "phone": "+447900000009" } });
    let done = registered(
        &acme,
        json!({ "templateId": template, "via": via, "appSecret": SECRET }),
    )
    .await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let path = done["whatsAppNumber"]["webhookPath"].as_str().unwrap();
    let hook = format!("{}{path}", stage.server.url);
    let ada = stage.server.sign_up("Ada").await;
    installed(&ada, json!({ "slug": "by-gateway" })).await;
    let code = code(&ada, PHONE).await;
    // It speaks of devices, as those of WhatsApp's web protocol do.
    let phone = Phone::new("whatever", SECRET);
    let from = format!("{PHONE}:12@s.whatsapp.net");
    assert_eq!(phone.text(&hook, &from, "ABCD1", &code).await, 200);
    let asked = gateway.wait_for(1).await;
    assert!(
        asked[0].body["text"]["body"]
            .as_str()
            .unwrap()
            .starts_with("Your number is linked")
    );
    gateway.next(Answer::refusal(503, "not now"));
    assert_eq!(phone.text(&hook, &from, "ABCD2", "Hello gate").await, 200);
    let asked = gateway.wait_for(3).await;
    // The same again, and it can tell.
    assert_eq!(asked[1].body["id"], asked[2].body["id"]);
    assert_eq!(
        asked[1].header("idempotency-key"),
        asked[2].body["id"].as_str()
    );
    assert_eq!(asked[2].body["to"], from.as_str());
    assert!(
        asked[2].body["text"]["body"]
            .as_str()
            .unwrap()
            .contains("Hello gate")
    );
    let signature = asked[2].header("x-hub-signature-256").unwrap();
    assert_eq!(
        signature,
        sign(SECRET, asked[2].body.to_string().as_bytes())
    );
    // The address of all numbers is Meta's alone.
    assert_eq!(
        phone.text(&stage.hook(), &from, "ABCD3", "Hello?").await,
        200
    );
    assert_eq!(stage.server.courier.counts().messages_for_strangers, 1);
}
