//! What is sent to do harm.

use serde_json::{Value, json};

use super::{PHONE, link, links};
use crate::support::{Caller, Server};
use crate::templates::mutate;

#[tokio::test]
async fn what_is_no_number_is_refused_whatever_it_is() {
    let server = Server::start_with(&["--whatsapp-links-per-hour=100"]).await;
    let bob = server.sign_up("Bob").await;
    let huge = "7".repeat(50_000);
    for phone in [
        "",
        " ",
        "+",
        "abc",
        "+12",
        "0",
        "٠٧١٢٣٤٥٦٧٨٩",
        "+0123456789",
        "+1234567890123456",
        "'; DROP TABLE whatsapp_claims; --",
        "447123456789@s.whatsapp.net",
        "tel:",
        "\u{0}",
        "+44 7123 456789 ext 5",
        "1-800-FLOWERS",
        huge.as_str(),
    ] {
        let refused = link(&bob, json!({ "phone": phone })).await;
        assert_eq!(refused["code"], "INVALID_PHONE", "{phone:.40}");
        assert!(
            phone.len() < 3 || !refused["message"].as_str().unwrap().contains(phone),
            "{refused}"
        );
    }
    for input in [
        json!({}),
        json!({ "phone": 447_123_456_789_i64 }),
        json!({ "phone": null }),
        json!({ "phone": [PHONE] }),
    ] {
        let document =
            "mutation($input: LinkWhatsAppInput!) { linkWhatsApp(input: $input) { __typename } }";
        let errors = bob.errors(document, json!({ "input": input })).await;
        assert!(!errors.is_empty());
    }
    assert!(links(&bob).await.is_empty());
}

#[tokio::test]
async fn no_api_key_links_or_unlinks_a_number() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    super::code(&bob, PHONE).await;
    let made = mutate(&bob, "createApiKey", "key", json!({ "name": "robot" })).await;
    let key = made["key"].as_str().unwrap();
    for call in [
        r#"mutation { linkWhatsApp(input: { phone: "+447123456789" }) { __typename } }"#,
        "mutation { unlinkWhatsApp(input: {}) { __typename } }",
    ] {
        let answer: Value = reqwest::Client::new()
            .post(format!("{}/graphql", server.url))
            .header("x-api-key", key)
            .json(&json!({ "query": call }))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
    }
    assert_eq!(links(&bob).await.len(), 1);
}

#[tokio::test]
async fn twenty_aliases_count_twenty_times() {
    let server = Server::start_with(&["--whatsapp-links-per-hour=5"]).await;
    let bob = server.sign_up("Bob").await;
    let call = |n: u32| {
        format!(
            r#"a{n}: linkWhatsApp(input: {{ phone: "+4471234567{n:02}" }}) {{ ... on WhatsAppRefused {{ code }} }}"#
        )
    };
    let calls: Vec<String> = (0..20).map(call).collect();
    let calls = calls.join(" ");
    let data = bob
        .query(&format!("mutation {{ {calls} }}"), json!({}))
        .await;
    let refused = data
        .as_object()
        .unwrap()
        .values()
        .filter(|one| one["code"] == "RATE_LIMITED");
    assert_eq!(refused.count(), 15);
    assert_eq!(links(&bob).await.len(), 1, "the last one stands");
}

#[tokio::test]
async fn nobody_signed_in_links_nothing() {
    let server = Server::start().await;
    let nobody = Caller::nobody(&server);
    let document = r#"mutation { linkWhatsApp(input: { phone: "+447123456789" }) { __typename } }"#;
    assert_eq!(nobody.code(document, json!({})).await, "UNAUTHENTICATED");
}
