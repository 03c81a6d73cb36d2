//! What somebody could try with templates, accounts and gateways of their own.

use agentry_whatsapp_testkit::Phone;
use serde_json::{Value, json};

use super::{PHONE, SECRET, Stage, code, registered};
use crate::support::Caller;
use crate::templates::{installed, offer, publisher};

/// The code that somebody gets for a number, for the bot of a template.
async fn code_for(caller: &Caller, template: &str) -> String {
    let document = "mutation($input: LinkWhatsAppInput!) { linkWhatsApp(input: $input) {
        ... on LinkWhatsAppSuccess { link { verification { code } } } ... on UserError { message } } }";
    let input = json!({ "phone": format!("+{PHONE}"), "templateSlug": template });
    let data = caller.query(document, json!({ "input": input })).await;
    let code = data["linkWhatsApp"]["link"]["verification"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{data}")).to_owned()
}

async fn links(caller: &Caller) -> Value {
    let query = "{ viewer { whatsAppLinks { businessScopedId status } } }";
    let mut data = caller.query(query, json!({})).await;
    data["viewer"]["whatsAppLinks"].take()
}

#[tokio::test]
async fn a_code_that_a_publisher_was_sent_is_good_for_nobody_elses_bot() {
    let stage = Stage::set().await;
    let mallory = publisher(&stage.server, "Mallory", "offers").await;
    let theirs = offer(&mallory, "offers", super::bot("Offers")).await;
    let ada = stage.user("Ada").await;
    // Sent to whatever number that template names, and from there to the bot that answers Ada.
    for (round, deleted) in [(0, false), (1, true)] {
        let code = code_for(&ada, "offers").await;
        if deleted {
            let mut root = stage.server.database.root().await;
            sqlx::query("DELETE FROM templates WHERE id = $1")
                .bind(theirs.as_str().unwrap())
                .execute(&mut root)
                .await
                .unwrap();
        }
        let text = json!({ "type": "text", "text": { "body": code } });
        let mut hidden = Phone::message("", &format!("wamid.hidden.{round}"), text);
        hidden["from_user_id"] = json!("GB.66600066600077");
        let body = stage.phone.delivery(json!({ "messages": [hidden] }));
        assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
        stage.meta.wait_for(2 * round + 1).await;
        // It is used up by that, for the number itself too.
        let wamid = format!("wamid.own.{round}");
        stage.text(PHONE, &wamid, &code).await;
        let sent = stage.meta.wait_for(2 * round + 2).await;
        let linked = sent.iter().any(|one| one.text.contains("linked. Write"));
        assert!(!linked, "{sent:?}");
        let unverified = json!([{ "businessScopedId": null, "status": "UNVERIFIED" }]);
        assert_eq!(links(&ada).await, unverified);
    }
    let mut root = stage.server.database.root().await;
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT metadata ->> 'reason' FROM audit_events WHERE action = 'whatsapp.refuse'",
    )
    .fetch_all(&mut root)
    .await
    .unwrap();
    assert_eq!(told, ["other_publisher", "other_publisher"]);
}

#[tokio::test]
async fn what_looks_like_a_code_in_passing_is_never_kept_from_the_agent() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    for n in 0..12 {
        let text = format!("Where is parcel 07K3Q P9XW{n} please?");
        stage.text(PHONE, &format!("wamid.{n}"), &text).await;
    }
    let sent = stage.meta.wait_for(13).await;
    for (n, one) in sent[1..].iter().enumerate() {
        assert!(one.text.contains(&format!("P9XW{n} please?")), "{sent:?}");
    }
}

#[tokio::test]
async fn a_gateway_has_no_business_where_the_graph_api_is() {
    let stage = Stage::set().await;
    let other = publisher(&stage.server, "Sue", "second").await;
    let template = offer(&other, "by-gateway", super::bot("Gate")).await;
    let url = format!("{}/internal", stage.meta.url());
    let via = json!({ "gateway": { "url": url, "phone": "+447900000009" } });
    let input = json!({ "templateId": template, "via": via, "appSecret": SECRET });
    let done = registered(&other, input).await;
    assert_eq!(done["__typename"], "ValidationFailed", "{done}");
}

#[tokio::test]
async fn accounts_of_others_do_not_keep_a_number_from_its_owner() {
    let stage = Stage::set_with(&["--whatsapp-links-per-number=4"]).await;
    for name in ["Eve", "Mallory"] {
        let account = stage.server.sign_up(name).await;
        for _ in 0..2 {
            code(&account, PHONE).await;
        }
    }
    let ada = stage.user("Ada").await;
    stage.link(&ada, PHONE).await;
    installed(&ada, json!({ "slug": super::SLUG })).await;
}
