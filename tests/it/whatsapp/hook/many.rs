//! Many numbers: which of them may deliver to the address of all.

use agentry_provider_testkit::FaultServer;
use agentry_whatsapp_testkit::Phone;
use serde_json::{Value, json};

use super::{NUMBER, PHONE, Stage, registered};
use crate::support::until;
use crate::templates::mutate;

fn secret(kind: &str, n: usize) -> String {
    format!("{kind}-{n:02}-0123456789abcdef")
}

async fn number(stage: &Stage, via: Value, secret: String) -> Value {
    let input = json!({ "templateId": stage.template, "via": via, "appSecret": secret });
    let done = registered(&stage.acme, input).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    done["whatsAppNumber"].clone()
}

#[tokio::test]
async fn gateways_take_no_apps_place_and_a_rotation_changes_nobodys() {
    let gateway = FaultServer::start().await;
    let allow = format!("--allow-hosts={}", gateway.allowed());
    let flags = [
        allow.as_str(),
        "--whatsapp-workers=0",
        "--max-whatsapp-numbers=100",
    ];
    let stage = Stage::set_with(&flags).await;
    for n in 0..33 {
        let phone = format!("+4479000002{n:02}");
        let via = json!({ "gateway": { "url": gateway.url("/out").as_str(), "phone": phone } });
        number(&stage, via, secret("gateway", n)).await;
    }
    // With the first there are 33 apps of Meta's numbers, one more than are tried.
    let meta = |n: usize| format!("7{n:02}1");
    let mut last = Value::Null;
    for n in 0..32 {
        let via = json!({ "cloudApi": { "phoneNumberId": meta(n), "accessToken": "EAAtoken" } });
        last = number(&stage, via, secret("meta", n)).await;
    }
    let others: Vec<Phone> = (0..32)
        .map(|n| Phone::new(&meta(n), &secret("meta", n)))
        .collect();
    let delivered = async |phone: &Phone, hook: &str, id: &str| {
        let status = phone.text(hook, PHONE, id, "Hello").await;
        assert!([200, 401].contains(&status), "{status}");
        status == 200
    };
    let hook = stage.hook();
    until("the newest that is tried is known", || async {
        delivered(&others[30], &hook, "wamid.30")
            .await
            .then_some(())
    })
    .await;
    let rotated = "fedcba9876543210fedcba9876543210";
    let input = json!({ "id": stage.number["id"], "appSecret": rotated });
    let done = mutate(&stage.acme, "rotateWhatsAppNumber", "__typename", input).await;
    assert_eq!(done["__typename"], "RotateWhatsAppNumberSuccess", "{done}");
    let first = Phone::new(NUMBER, rotated);
    until("the first is known by its new secret", || async {
        delivered(&first, &hook, "wamid.first").await.then_some(())
    })
    .await;
    for other in &others[..31] {
        assert!(delivered(other, &hook, "wamid.x").await, "{other:?}");
    }
    assert!(!delivered(&others[31], &hook, "wamid.y").await);
    let own = format!(
        "{}{}",
        stage.server.url,
        last["webhookPath"].as_str().unwrap()
    );
    assert!(delivered(&others[31], &own, "wamid.y").await);
}
