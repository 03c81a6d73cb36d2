//! Installing with a number, by GraphQL and by the route.

use serde_json::{Value, json};

use super::{BOT, JID, PHONE, arrives_for, bot, db, identities, linked, links};
use crate::support::{Caller, Server};

async fn install(caller: &Caller, phone: Value) -> Value {
    let document = "mutation($input: InstallTemplateInput!) { installTemplate(input: $input) { __typename
        ... on InstallTemplateSuccess { created agent { id } redirectTo whatsappError
          whatsapp { phone waJid status verification { code waMeUrl } } } ... on UserError { message } } }";
    let input = json!({ "slug": "helper", "whatsappPhone": phone });
    let data = caller.query(document, json!({ "input": input })).await;
    let done = data["installTemplate"].clone();
    assert_eq!(done["__typename"], "InstallTemplateSuccess", "{done}");
    done
}

async fn post(caller: &Caller, body: Value) -> Value {
    let request = reqwest::Client::new().post(format!("{}/api/install", caller.url()));
    let response = request
        .bearer_auth(&caller.token)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn installing_with_a_number_answers_how_to_show_it() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let bob = server.sign_up("Bob").await;
    let done = install(&bob, json!("07123456789")).await;
    let whatsapp = &done["whatsapp"];
    assert_eq!(
        (&whatsapp["phone"], &whatsapp["waJid"]),
        (&json!(PHONE), &json!(JID)),
        "{done}"
    );
    assert_eq!(whatsapp["status"], "UNVERIFIED");
    let code = whatsapp["verification"]["code"].as_str().unwrap();
    let url = whatsapp["verification"]["waMeUrl"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("https://wa.me/{BOT}?text=")) && url.ends_with(code),
        "{url}"
    );
    arrives_for(&server, &template, JID, code).await;
    let again = install(&bob, json!(PHONE)).await;
    assert_eq!(
        (&again["created"], &again["whatsapp"]["status"]),
        (&json!(false), &json!("VERIFIED"))
    );
}

#[tokio::test]
async fn trouble_with_a_number_is_told_and_the_template_is_installed() {
    let server = Server::start_with(&["--whatsapp-links-per-hour=2"]).await;
    bot(&server, "helper").await;
    linked(&server, &db(&server), "Bob", PHONE).await;
    let eve = server.sign_up("Eve").await;
    for (phone, error) in [
        ("not a phone", "INVALID_PHONE"),
        (PHONE, "ALREADY_LINKED"),
        (PHONE, "RATE_LIMITED"),
    ] {
        let done = install(&eve, json!(phone)).await;
        assert_eq!(
            (&done["whatsapp"], &done["whatsappError"]),
            (&json!(null), &json!(error))
        );
        let redirect = format!("/eve/agents/{}", done["agent"]["id"].as_str().unwrap());
        assert_eq!(done["redirectTo"], redirect);
    }
    // No number is no trouble; white space is no number.
    for nothing in [json!(null), json!("")] {
        let done = install(&eve, nothing).await;
        assert_eq!(
            (&done["whatsapp"], &done["whatsappError"]),
            (&json!(null), &json!(null))
        );
    }
    let carl = server.sign_up("Carl").await;
    assert_eq!(
        install(&carl, json!("  ")).await["whatsappError"],
        "INVALID_PHONE"
    );
}

#[tokio::test]
async fn the_route_takes_a_number_as_callers_send_it() {
    let server = Server::start().await;
    bot(&server, "helper").await;
    let bob = server.sign_up("Bob").await;
    let done = post(
        &bob,
        json!({ "slug": "helper", "whatsapp_phone": "07123456789" }),
    )
    .await;
    assert_eq!(
        (&done["whatsapp"]["phone"], &done["whatsapp"]["waJid"]),
        (&json!(PHONE), &json!(JID)),
        "{done}"
    );
    assert_eq!(done["whatsapp"]["status"], "UNVERIFIED");
    assert!(done["whatsapp"]["verification"]["code"].is_string());
    assert_eq!(done.get("whatsappError"), None);
    let held = identities(&server, &bob.user_id).await;
    let held: Vec<(&str, &str, bool)> = held.iter().map(|it| (&*it.0, &*it.1, it.3)).collect();
    assert!(
        held.contains(&("phone", PHONE, false)) && held.contains(&("wa_jid", JID, false)),
        "{held:?}"
    );
    let done = post(
        &bob,
        json!({ "slug": "helper", "whatsapp_phone": "not a phone" }),
    )
    .await;
    assert!(done["agentId"].is_string());
    assert_eq!(
        (done.get("whatsapp"), &done["whatsappError"]),
        (None, &json!("invalid_phone"))
    );
    // Another kind of value is looked past.
    for other in [json!(7), json!(""), json!(null), json!(["07123456789"])] {
        let done = post(&bob, json!({ "slug": "helper", "whatsapp_phone": other })).await;
        assert_eq!(
            (done.get("whatsapp"), done.get("whatsappError")),
            (None, None)
        );
    }
    assert_eq!(links(&bob).await.len(), 1);
}
