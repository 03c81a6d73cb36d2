//! Registering, replacing and removing numbers.

use agentry_whatsapp_testkit::Phone;
use serde_json::{Value, json};

use super::{NUMBER, NUMBER_FIELDS, PHONE, SECRET, Stage, TOKEN, register, registered};
use crate::support::{Caller, Server};
use crate::templates::{mutate, offer, publisher};

async fn kind(caller: &Caller, input: Value) -> String {
    let done = registered(caller, input).await;
    done["__typename"].as_str().unwrap().to_owned()
}

fn of_meta(template: &Value, number: &str, token: &str) -> Value {
    json!({ "templateId": template, "appSecret": SECRET,
            "via": { "cloudApi": { "phoneNumberId": number, "accessToken": token } } })
}

#[tokio::test]
async fn a_number_is_registered_once_by_who_holds_its_token_and_its_secrets_are_never_shown() {
    let stage = Stage::set().await;
    let number = &stage.number;
    assert_eq!(number["phone"], "+447900000001");
    assert_eq!(number["phoneNumberId"], NUMBER);
    assert_eq!(
        (&number["status"], &number["gatewayUrl"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(number["template"]["slug"], "helper");
    // The template's page tells where to write to.
    let data = stage
        .acme
        .query("{ template(slug: \"helper\") { botPhone } }", json!({}))
        .await;
    assert_eq!(data["template"]["botPhone"], "447900000001");
    let again = register(&stage.acme, &stage.template, NUMBER, TOKEN).await;
    assert_eq!(again["__typename"], "Conflict", "{again}");
    let other = publisher(&stage.server, "Oto", "other").await;
    let theirs = offer(&other, "other-bot", super::bot("Other")).await;
    assert_eq!(
        kind(&other, of_meta(&theirs, NUMBER, TOKEN)).await,
        "Conflict"
    );
    // Nobody registers for a template of others, or with what Meta does not know.
    assert_eq!(
        kind(&other, of_meta(&stage.template, "5551", TOKEN)).await,
        "NotFound"
    );
    stage.meta.refuse_token("EAArefused", true);
    assert_eq!(
        kind(&other, of_meta(&theirs, "5551", "EAArefused")).await,
        "ValidationFailed"
    );
    assert_eq!(
        kind(&other, of_meta(&theirs, "5550", TOKEN)).await,
        "ValidationFailed"
    );
    // Sealed, in the database.
    let mut root = stage.server.database.root().await;
    let kept: String =
        sqlx::query_scalar("SELECT string_agg(n::text, ' ') FROM whatsapp_numbers n")
            .fetch_one(&mut root)
            .await
            .unwrap();
    for secret in [SECRET, TOKEN, stage.verify_token.as_str()] {
        assert!(!kept.contains(secret));
    }
    let seen = stage
        .acme
        .query(
            &format!("{{ whatsAppNumbers {{ totalCount nodes {{ {NUMBER_FIELDS} }} }} }}"),
            json!({}),
        )
        .await;
    assert_eq!(seen["whatsAppNumbers"]["totalCount"], 1);
    assert!(!seen.to_string().contains(TOKEN) && !seen.to_string().contains(SECRET));
}

#[tokio::test]
async fn what_cannot_be_a_number_or_a_secret_is_refused() {
    let stage = Stage::set().await;
    let gateway = |url: &str, phone: &str| json!({ "templateId": stage.template, "appSecret": SECRET, "via": { "gateway": { "url": url, "phone": phone } } });
    let good = "https://gateway.example.com/out";
    let mut short = gateway(good, "+447900000002");
    short["appSecret"] = json!("short");
    let mut spaced = gateway(good, "+447900000002");
    spaced["appSecret"] = json!("a secret with white space in it");
    for input in [
        of_meta(&stage.template, "", TOKEN),
        of_meta(&stage.template, "12a", TOKEN),
        of_meta(&stage.template, &"1".repeat(41), TOKEN),
        of_meta(&stage.template, "../me", TOKEN),
        of_meta(&stage.template, "5551", ""),
        of_meta(&stage.template, "5551", "a b"),
        of_meta(&stage.template, "5551", &"x".repeat(5_000)),
        gateway("http://gateway.example.com", "+447900000002"),
        gateway("https://127.0.0.1/out", "+447900000002"),
        gateway("https://user:pw@gateway.example.com", "+447900000002"),
        gateway("nowhere", "+447900000002"),
        gateway(
            &format!("https://a.example/{}", "x".repeat(2_000)),
            "+447900000002",
        ),
        gateway(good, "07900000002"),
        gateway(good, ""),
        short,
        spaced,
    ] {
        assert_eq!(
            kind(&stage.acme, input.clone()).await,
            "ValidationFailed",
            "{input}"
        );
    }
    let meta_and_gateway = json!({ "cloudApi": { "phoneNumberId": "1", "accessToken": "x" }, "gateway": { "url": good, "phone": "+447900000002" } });
    let document = "mutation($input: RegisterWhatsAppNumberInput!) { registerWhatsAppNumber(input: $input) { __typename } }";
    let both =
        json!({ "templateId": stage.template, "appSecret": SECRET, "via": meta_and_gateway });
    stage.acme.errors(document, json!({ "input": both })).await;
}

#[tokio::test]
async fn what_is_refused_is_named_where_it_stands_in_the_input() {
    let stage = Stage::set().await;
    let paths = async |field: &str, input: Value| {
        let noun = if field == "registerWhatsAppNumber" {
            "RegisterWhatsAppNumberInput"
        } else {
            "RotateWhatsAppNumberInput"
        };
        let document = format!(
            "mutation($input: {noun}!) {{ {field}(input: $input) {{ ... on ValidationFailed {{ message fields {{ path }} }} }} }}"
        );
        let mut data = stage.acme.query(&document, json!({ "input": input })).await;
        let refused = data[field].take();
        let fields = refused["fields"].as_array().unwrap().iter();
        let paths: Vec<Value> = fields.map(|field| field["path"].clone()).collect();
        (
            json!(paths),
            refused["message"].as_str().unwrap().to_owned(),
        )
    };
    let (register, rotate) = ("registerWhatsAppNumber", "rotateWhatsAppNumber");
    let (id, token) = (
        json!(["via", "cloudApi", "phoneNumberId"]),
        json!(["via", "cloudApi", "accessToken"]),
    );
    let mut all = of_meta(&stage.template, "12a", "a b");
    all["appSecret"] = json!("short");
    let refused = paths(register, all).await;
    assert_eq!(refused.0, json!([id, token, ["appSecret"]]));
    // What Meta refuses.
    stage.meta.refuse_token("EAArefused", true);
    let refused = paths(register, of_meta(&stage.template, "5551", "EAArefused")).await;
    assert_eq!(refused.0, json!([token]));
    let refused = paths(register, of_meta(&stage.template, "5550", TOKEN)).await;
    assert_eq!(refused.0, json!([id]));
    let (url, phone) = (
        json!(["via", "gateway", "url"]),
        json!(["via", "gateway", "phone"]),
    );
    for (address, expected) in [
        ("nowhere", json!([phone, url])),
        ("https://127.0.0.1/out", json!([phone, url])),
    ] {
        let via = json!({ "gateway": { "url": address, "phone": "07900000002" } });
        let input = json!({ "templateId": stage.template, "appSecret": SECRET, "via": via });
        assert_eq!(paths(register, input).await.0, expected, "{address}");
    }
    let of = stage.number["id"].clone();
    let input = json!({ "id": of, "accessToken": "EAArefused" });
    assert_eq!(paths(rotate, input).await.0, json!([["accessToken"]]));
    let (nothing, message) = paths(rotate, json!({ "id": of })).await;
    assert_eq!(nothing, json!([[]]));
    assert!(
        message.starts_with("The input cannot be accepted: Give"),
        "{message}"
    );
}

#[tokio::test]
async fn a_template_that_is_not_theirs_is_told_before_meta_is_asked() {
    let stage = Stage::set().await;
    stage.meta.refuse_token("EAArefused", true);
    let other = publisher(&stage.server, "Oto", "other").await;
    let input = |template: &Value| of_meta(template, "5551", "EAArefused");
    let unknown = json!("nothing");
    for template in [&unknown, &stage.template] {
        assert_eq!(kind(&other, input(template)).await, "NotFound");
    }
    // With one of theirs, Meta's refusal is what they hear, and a draft is theirs.
    let definition = json!({ "slug": "draft", "definition": super::bot("Draft") });
    let done = mutate(
        &other,
        "publishTemplateVersion",
        "template { id }",
        definition,
    )
    .await;
    let own = kind(&other, input(&done["template"]["id"])).await;
    assert_eq!(own, "ValidationFailed");
}

#[tokio::test]
async fn only_whom_the_operator_trusts_registers_and_is_believed() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let database = stage.server.database.clone();
    for (flag, status, outcome) in [
        ("--whatsapp-publishers=", 401, "Forbidden"),
        ("--whatsapp-publishers=another", 401, "Forbidden"),
        (
            &format!(
                "--whatsapp-publishers=another,{}",
                stage.acme.organization_id
            ),
            200,
            "ValidationFailed",
        ),
    ] {
        let server = Server::on(database.clone(), &[flag]).await;
        let hook = format!("{}/webhooks/whatsapp", server.url);
        assert_eq!(
            stage.phone.text(&hook, PHONE, "wamid.1", "Hi").await,
            status,
            "{flag}"
        );
        let acme = stage.acme.moved_to(&server.url);
        let done = registered(&acme, of_meta(&stage.template, "", TOKEN)).await;
        assert_eq!(done["__typename"], outcome, "{flag}");
        // They are told what the operator is to be asked for.
        let setting = format!("(--whatsapp-publishers {})", stage.acme.organization_id);
        let told = done["message"].as_str().unwrap().contains(&setting);
        assert_eq!(told, outcome == "Forbidden", "{done}");
    }
}

#[tokio::test]
async fn the_same_key_registers_one_number_and_tells_its_verify_token_once() {
    let stage = Stage::set().await;
    let mut input = of_meta(&stage.template, "5551", TOKEN);
    input["idempotencyKey"] = json!("key");
    let one = registered(&stage.acme, input.clone()).await;
    let two = registered(&stage.acme, input.clone()).await;
    assert_eq!(one["whatsAppNumber"]["id"], two["whatsAppNumber"]["id"]);
    assert!(
        one["verifyToken"].is_string() && two["verifyToken"].is_null(),
        "{two}"
    );
    input["appSecret"] = json!("another-secret-0123456789");
    assert_eq!(kind(&stage.acme, input).await, "Conflict");
}

#[tokio::test]
async fn there_are_as_many_as_there_may_be() {
    let stage = Stage::set_with(&["--max-whatsapp-numbers=2"]).await;
    assert_eq!(
        kind(&stage.acme, of_meta(&stage.template, "5551", TOKEN)).await,
        "RegisterWhatsAppNumberSuccess"
    );
    assert_eq!(
        kind(&stage.acme, of_meta(&stage.template, "5552", TOKEN)).await,
        "LimitReached"
    );
}

#[tokio::test]
async fn members_and_strangers_change_nothing_and_strangers_see_nothing() {
    let stage = Stage::set().await;
    let member = stage
        .server
        .join(&stage.acme, &stage.server.sign_up("Mem").await, "member")
        .await;
    let stranger = stage.server.sign_up("Stranger").await;
    let rotate = json!({ "id": stage.number["id"], "newVerifyToken": true });
    let remove = json!({ "id": stage.number["id"] });
    for (caller, wanted) in [(&member, "Forbidden"), (&stranger, "NotFound")] {
        for (field, input) in [
            ("rotateWhatsAppNumber", &rotate),
            ("removeWhatsAppNumber", &remove),
        ] {
            let done = mutate(caller, field, "__typename", input.clone()).await;
            assert_eq!(done["__typename"], wanted, "{field}");
        }
    }
    assert_eq!(
        kind(&member, of_meta(&stage.template, "5551", TOKEN)).await,
        "Forbidden"
    );
    let document = "query($id: ID!) { node(id: $id) { id } whatsAppNumber(id: $id) { id } }";
    let id = json!({ "id": stage.number["id"] });
    let seen = member.query(document, id.clone()).await;
    assert_eq!(seen["node"]["id"], stage.number["id"]);
    let unseen = stranger.query(document, id).await;
    assert_eq!(unseen, json!({ "node": null, "whatsAppNumber": null }));
}

#[tokio::test]
async fn another_secret_and_another_verify_token_take_the_place_of_those_before() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let hook = stage.hook();
    // What is known by now is good for some seconds.
    assert_eq!(stage.phone.text(&hook, PHONE, "wamid.1", "Hi").await, 200);
    let rotate = json!({ "id": stage.number["id"], "appSecret": "another-secret-0123456789", "newVerifyToken": true });
    let done = mutate(
        &stage.acme,
        "rotateWhatsAppNumber",
        "verifyToken whatsAppNumber { rotatedAt }",
        rotate,
    )
    .await;
    assert!(done["whatsAppNumber"]["rotatedAt"].is_string(), "{done}");
    let token = done["verifyToken"].as_str().unwrap().to_owned();
    assert_ne!(token, stage.verify_token);
    let challenged = async |token: &str| {
        let asked = [
            ("hub.mode", "subscribe"),
            ("hub.challenge", "1158201444"),
            ("hub.verify_token", token),
        ];
        let url = reqwest::Url::parse_with_params(&hook, asked).unwrap();
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    assert_eq!(challenged(&stage.verify_token).await, 403, "at once");
    let new = Phone::new(NUMBER, "another-secret-0123456789");
    crate::support::until("the new one holds", || async {
        (new.text(&hook, PHONE, "wamid.2", "Hi").await == 200).then_some(())
    })
    .await;
    assert_eq!(stage.phone.text(&hook, PHONE, "wamid.3", "Hi").await, 401);
    assert_eq!(challenged(&token).await, 200);
    let nothing = json!({ "id": stage.number["id"] });
    let done = mutate(&stage.acme, "rotateWhatsAppNumber", "__typename", nothing).await;
    assert_eq!(done["__typename"], "ValidationFailed");
    // Each is in the trail, and no secret is.
    let trail = stage
        .acme
        .query(
            "{ auditEvents(first: 50) { nodes { action metadata } } }",
            json!({}),
        )
        .await;
    let trail = trail.to_string();
    assert!(
        trail.contains("whatsapp_number.register") && trail.contains("whatsapp_number.rotate"),
        "{trail}"
    );
    assert!(!trail.contains("another-secret") && !trail.contains(&token));
}

#[tokio::test]
async fn a_number_that_is_removed_is_not_delivered_to_any_more_and_leaves_nothing() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    stage.text(PHONE, "wamid.1", "Hi").await;
    let remove = json!({ "id": stage.number["id"] });
    let done = mutate(
        &stage.acme,
        "removeWhatsAppNumber",
        "removedWhatsAppNumberId",
        remove,
    )
    .await;
    assert_eq!(
        done["removedWhatsAppNumberId"], stage.number["id"],
        "{done}"
    );
    let mut root = stage.server.database.root().await;
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM whatsapp_inbox) + (SELECT count(*) FROM whatsapp_numbers)",
    )
    .fetch_one(&mut root)
    .await
    .unwrap();
    assert_eq!(left, 0);
    // What was known of it is put off once, and forgotten by that.
    for expected in [503, 401] {
        let phone = &stage.phone;
        let status = phone.text(&stage.hook(), PHONE, "wamid.2", "Hi").await;
        assert_eq!(status, expected);
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM whatsapp_inbox")
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(left, 0);
    let data = stage
        .acme
        .query("{ template(slug: \"helper\") { botPhone } }", json!({}))
        .await;
    assert_eq!(data["template"]["botPhone"], Value::Null);
}

#[tokio::test]
async fn what_comes_for_a_number_that_was_registered_anew_is_put_off_or_stored() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    stage.text(PHONE, "wamid.1", "Hi").await;
    let remove = json!({ "id": stage.number["id"] });
    let ended = "removedWhatsAppNumberId";
    mutate(&stage.acme, "removeWhatsAppNumber", ended, remove).await;
    let anew = register(&stage.acme, &stage.template, NUMBER, TOKEN).await;
    let id = anew["whatsAppNumber"]["id"].as_str().unwrap();
    // The server still knows the one that is gone.
    for expected in [503, 200] {
        let phone = &stage.phone;
        let status = phone.text(&stage.hook(), PHONE, "wamid.2", "Hi").await;
        assert_eq!(status, expected);
    }
    let mut root = stage.server.database.root().await;
    let stored: Vec<(String, String)> =
        sqlx::query_as("SELECT number_id, message_id FROM whatsapp_inbox")
            .fetch_all(&mut root)
            .await
            .unwrap();
    assert_eq!(stored, [(id.to_owned(), "wamid.2".to_owned())]);
}
