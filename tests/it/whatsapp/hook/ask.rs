//! From signing up to the answer on the phone.

use agentry_whatsapp_testkit::Phone;
use serde_json::{Value, json};

use super::{NUMBER, PHONE, SECRET, Stage, TOKEN, outcome, parts};
use crate::support::{Caller, until};
use crate::templates::{install, installed, publisher};

async fn conversations(caller: &Caller) -> Vec<Value> {
    let document = "{ conversations(first: 5) { nodes { id agent { id }
        messages(first: 20) { nodes { role content metadata } } } } }";
    let data = caller.query(document, json!({})).await;
    data["conversations"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn somebody_signs_up_installs_links_asks_and_is_answered() {
    let stage = Stage::set().await;
    let ada = stage.server.sign_up("Ada").await;
    let agent = installed(&ada, json!({ "slug": "helper" })).await["agent"]["id"].clone();
    stage.link(&ada, PHONE).await;
    stage.text(PHONE, "wamid.1", "What is the time?").await;
    let sent = stage.meta.wait_for(2).await;
    let answer = &sent[1];
    assert!(answer.text.contains("What is the time?"), "{answer:?}");
    assert_eq!(
        (
            answer.to.as_str(),
            answer.number.as_str(),
            answer.token.as_str()
        ),
        (PHONE, NUMBER, TOKEN)
    );
    // It is an ordinary conversation with her agent, and goes on as one.
    stage.text(PHONE, "wamid.2", "And now?").await;
    stage.meta.wait_for(3).await;
    let all = conversations(&ada).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["agent"]["id"], agent);
    let said = all[0]["messages"]["nodes"].as_array().unwrap();
    let roles: Vec<&str> = said
        .iter()
        .map(|one| one["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["USER", "ASSISTANT", "USER", "ASSISTANT"]);
    assert_eq!(said[0]["content"], "What is the time?");
    assert_eq!(said[0]["metadata"], json!({ "channel": "whatsapp" }));
    assert_eq!(said[1]["content"].as_str(), Some(answer.text.as_str()));
    // What was said is kept there, and nowhere else.
    until("all is sent", || async {
        (parts(&stage.server, "sent").await == 3).then_some(())
    })
    .await;
    let mut root = stage.server.database.root().await;
    let kept: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM whatsapp_inbox WHERE content IS NOT NULL) + (SELECT count(*) FROM whatsapp_outbox WHERE content IS NOT NULL)",
    )
    .fetch_one(&mut root)
    .await
    .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_message_that_is_delivered_again_is_answered_once() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let body = stage.phone.text_delivery(PHONE, "wamid.1", "Once");
    let hook = stage.hook();
    let all = (0..8).map(|_| stage.phone.deliver(&hook, body.clone()));
    for status in futures_util::future::join_all(all).await {
        assert_eq!(status, 200);
    }
    stage.text(PHONE, "wamid.2", "Twice").await;
    let sent = stage.meta.wait_for(3).await;
    assert!(
        sent[1].text.contains("Once") && sent[2].text.contains("Twice"),
        "{sent:?}"
    );
    assert_eq!(stage.phone.deliver(&hook, body).await, 200);
    stage.text(PHONE, "wamid.3", "Thrice").await;
    let sent = stage.meta.wait_for(4).await;
    assert!(sent[3].text.contains("Thrice"), "{sent:?}");
    assert!(stage.server.courier.counts().messages_known >= 8);
}

#[tokio::test]
async fn each_person_is_answered_by_their_own_agent() {
    let stage = Stage::set().await;
    let (ada, bob) = (
        stage.linked("Ada", PHONE).await,
        stage.linked("Bob", "15551234567").await,
    );
    stage.text(PHONE, "wamid.a", "I am Ada").await;
    stage.text("15551234567", "wamid.b", "I am Bob").await;
    let sent = stage.meta.wait_for(4).await;
    for (to, text) in [(PHONE, "I am Ada"), ("15551234567", "I am Bob")] {
        let theirs: Vec<_> = sent[2..].iter().filter(|one| one.to == to).collect();
        assert_eq!(theirs.len(), 1, "{sent:?}");
        assert!(theirs[0].text.contains(text));
    }
    for (caller, text) in [(&ada, "I am Ada"), (&bob, "I am Bob")] {
        let all = conversations(caller).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["messages"]["nodes"][0]["content"], text);
    }
    // Whose number it is reads neither.
    assert!(conversations(&stage.acme).await.is_empty());
}

#[tokio::test]
async fn who_has_no_link_or_no_install_is_told_where_to_get_one_and_no_agent_is_asked() {
    let stage = Stage::set().await;
    stage.text("4915112345678", "wamid.1", "Hello?").await;
    let sent = stage.meta.wait_for(1).await;
    let link = format!("{}/install/helper", stage.server.url);
    assert!(
        sent[0].text.contains("this is Helper")
            && sent[0]
                .text
                .ends_with(&format!("Install me and link this number here: {link}")),
        "{sent:?}"
    );
    // Linked, and without the template.
    let ada = stage.server.sign_up("Ada").await;
    stage.link(&ada, PHONE).await;
    stage.text(PHONE, "wamid.2", "Hello?").await;
    let sent = stage.meta.wait_for(3).await;
    assert_eq!(
        sent[1].text,
        format!("Your number is linked. Install Helper here, and I answer: {link}")
    );
    assert!(
        sent[2].text.ends_with(&format!(
            "Your number is linked. Install me here, and I answer: {link}"
        )),
        "{sent:?}"
    );
    assert_eq!(
        outcome(&stage.server, "wamid.2").await.as_deref(),
        Some("not_installed")
    );
    // Message first, install then, and it goes there.
    installed(&ada, json!({ "slug": "helper" })).await;
    stage.text(PHONE, "wamid.3", "Hello again").await;
    let sent = stage.meta.wait_for(4).await;
    assert!(sent[3].text.contains("Hello again"), "{sent:?}");
    // And who ends the install is told so again.
    let uninstall =
        "mutation($id: ID!) { uninstallTemplate(input: { installId: $id }) { __typename } }";
    let data = ada
        .query("{ viewer { installs { nodes { id } } } }", json!({}))
        .await;
    let id = data["viewer"]["installs"]["nodes"][0]["id"].clone();
    ada.query(uninstall, json!({ "id": id })).await;
    stage.text(PHONE, "wamid.4", "Still there?").await;
    let sent = stage.meta.wait_for(5).await;
    assert!(sent[4].text.contains(&link), "{sent:?}");
}

#[tokio::test]
async fn among_several_organisations_none_is_guessed_and_the_personal_one_comes_first() {
    let stage = Stage::set().await;
    let ada = stage.server.sign_up("Ada").await;
    stage.link(&ada, PHONE).await;
    for (founder, slug) in [("Bea", "team-b"), ("Cleo", "team-c")] {
        let team = publisher(&stage.server, founder, slug).await;
        let there = stage.server.join(&team, &ada, "admin").await;
        let input = json!({ "slug": "helper", "organizationId": team.organization_id });
        let done = install(&there, input).await;
        assert_eq!(done["__typename"], "InstallTemplateSuccess", "{done}");
        stage
            .text(PHONE, &format!("wamid.{slug}"), &format!("In {slug}"))
            .await;
    }
    let sent = stage.meta.wait_for(3).await;
    assert!(
        sent[1].text.contains("In team-b"),
        "one is the one: {sent:?}"
    );
    let here = format!("{}/install/helper", stage.server.url);
    let several = |said: &str| said.contains("several organisations") && said.ends_with(&here);
    assert!(several(&sent[2].text), "{sent:?}");
    // Whoever links then is told that too.
    let code = super::code(&ada, "447700900002").await;
    stage.text("447700900002", "wamid.new", &code).await;
    let sent = stage.meta.wait_for(4).await;
    assert!(
        sent[3].text.starts_with("Your number is linked") && several(&sent[3].text),
        "{sent:?}"
    );
    stage.link(&ada, PHONE).await;
    installed(&ada, json!({ "slug": "helper" })).await;
    stage.text(PHONE, "wamid.home", "At home").await;
    let sent = stage.meta.wait_for(6).await;
    assert!(sent[5].text.contains("At home"), "{sent:?}");
    assert_eq!(conversations(&ada).await.len(), 1);
}

#[tokio::test]
async fn a_number_belongs_to_whom_it_was_shown_by_and_codes_are_used_once() {
    let stage = Stage::set().await;
    let (ada, eve) = (stage.user("Ada").await, stage.user("Eve").await);
    let (hers, other) = (
        super::code(&ada, PHONE).await,
        super::code(&eve, PHONE).await,
    );
    // Out of another phone it links nothing, and is used up.
    stage.text("15551234567", "wamid.1", &other).await;
    let sent = stage.meta.wait_for(1).await;
    assert!(sent[0].text.contains("another number"), "{sent:?}");
    stage.text(PHONE, "wamid.2", &hers.to_lowercase()).await;
    let sent = stage.meta.wait_for(2).await;
    assert!(
        sent[1].text.starts_with("Your number is linked"),
        "{sent:?}"
    );
    stage
        .text(PHONE, "wamid.3", &format!("{hers} and a question"))
        .await;
    let sent = stage.meta.wait_for(3).await;
    assert!(
        sent[2].text.contains("and a question"),
        "a used code is a text: {sent:?}"
    );
    stage.text("15551234567", "wamid.4", &hers).await;
    let sent = stage.meta.wait_for(4).await;
    assert!(sent[3].text.contains("not known"), "{sent:?}");
    let counts = stage.server.courier.counts();
    assert_eq!((counts.linked, counts.asked), (1, 1));
    assert!(counts.codes_refused >= 3);
}

#[tokio::test]
async fn a_code_by_itself_is_never_said_to_an_agent() {
    let stage = Stage::set().await;
    let ada = stage.user("Ada").await;
    let document = "mutation($input: LinkWhatsAppInput!) { linkWhatsApp(input: $input) {
        ... on LinkWhatsAppSuccess { link { verification { code text } } } } }";
    let input = json!({ "input": { "phone": format!("+{PHONE}") } });
    let data = ada.query(document, input).await;
    let shown = &data["linkWhatsApp"]["link"]["verification"];
    let (code, text) = (
        shown["code"].as_str().unwrap(),
        shown["text"].as_str().unwrap(),
    );
    // As the app fills it in, and as people send it a second time.
    stage.text(PHONE, "wamid.0", text).await;
    let sent = stage.meta.wait_for(1).await;
    assert!(
        sent[0].text.starts_with("Your number is linked"),
        "{sent:?}"
    );
    let alone = [
        text.to_owned(),
        code.to_owned(),
        format!(" *{}* ", code.to_lowercase().replace('-', " ")),
        "Link my WhatsApp number: 7K3QP-9XW2M".to_owned(),
    ];
    for (n, text) in (1..).zip(&alone) {
        stage.text(PHONE, &format!("wamid.{n}"), text).await;
        let sent = stage.meta.wait_for(n + 1).await;
        assert!(sent[n].text.contains("not known"), "{text}: {sent:?}");
    }
    assert_eq!(stage.server.courier.counts().asked, 0);
    stage
        .text(PHONE, "wamid.5", "My order is 7K3QP-9XW2M")
        .await;
    let sent = stage.meta.wait_for(6).await;
    assert!(sent[5].text.contains("My order is"), "{sent:?}");
    assert_eq!(stage.server.courier.counts().asked, 1);
}

#[tokio::test]
async fn a_person_without_a_number_is_linked_and_answered_by_their_id() {
    let stage = Stage::set().await;
    let ada = stage.user("Ada").await;
    let code = super::code(&ada, PHONE).await;
    let id = "US.13491208655302741918";
    let scoped = |wamid: &str, text: &str| {
        let mut message = Phone::message(
            "",
            wamid,
            json!({ "type": "text", "text": { "body": text } }),
        );
        message["from_user_id"] = json!(id);
        stage.phone.delivery(json!({ "messages": [message] }))
    };
    for (count, wamid, text) in [(1, "wamid.1", code.as_str()), (2, "wamid.2", "Who am I?")] {
        assert_eq!(
            stage
                .phone
                .deliver(&stage.hook(), scoped(wamid, text))
                .await,
            200
        );
        stage.meta.wait_for(count).await;
    }
    let sent = stage.meta.sent();
    assert!(
        sent[0].text.starts_with("Your number is linked"),
        "{sent:?}"
    );
    assert!(
        sent[1].text.contains("Who am I?") && sent[1].to == id,
        "{sent:?}"
    );
    // The number itself was not shown by this.
    stage.text(PHONE, "wamid.3", "And I?").await;
    let sent = stage.meta.wait_for(3).await;
    assert!(sent[2].text.contains("/install/helper"), "{sent:?}");
}

#[tokio::test]
async fn a_long_answer_comes_in_parts_in_their_order() {
    let stage = Stage::set_with(&["--echo-delay=1ms"]).await;
    stage.linked("Ada", PHONE).await;
    let long: Vec<String> = (0..1_800).map(|n| format!("word{n}")).collect();
    let long = long.join(" ");
    stage.text(PHONE, "wamid.1", &long).await;
    let sent = stage.meta.wait_for(5).await;
    let parts: Vec<&str> = sent[1..].iter().map(|one| one.text.as_str()).collect();
    assert!(
        parts
            .iter()
            .all(|part| part.encode_utf16().count() <= 4_096)
    );
    let at = |n: usize| {
        parts.iter().position(|part| {
            part.contains(&format!("word{n} ")) || part.ends_with(&format!("word{n}"))
        })
    };
    assert!(
        at(10) < at(1_000) && at(1_000) < at(1_700),
        "{:?}",
        parts.iter().map(|p| p.len()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn answers_to_one_person_come_in_the_order_of_what_they_wrote() {
    let stage = Stage::set_with(&["--max-runs=40"]).await;
    stage.linked("Ada", PHONE).await;
    let before = stage.meta.sent().len();
    for n in 0..30 {
        let text = format!("number {n}.");
        stage.text(PHONE, &format!("wamid.{n}"), &text).await;
    }
    let sent = stage.meta.wait_for(before + 30).await;
    for (n, one) in sent[before..].iter().enumerate() {
        assert!(one.text.contains(&format!("number {n}.")), "{n}: {sent:?}");
    }
}

#[tokio::test]
async fn another_app_on_the_same_server_has_its_own_secret_and_number() {
    let stage = Stage::set().await;
    let other = publisher(&stage.server, "Oto", "other").await;
    let template = crate::templates::offer(&other, "other-bot", super::bot("Other bot")).await;
    let via = json!({ "cloudApi": { "phoneNumberId": "99999", "accessToken": "EAAother" } });
    let secret = "another-secret-0123456789";
    let input = json!({ "templateId": template, "via": via, "appSecret": secret });
    let done = super::registered(&other, input).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let theirs = Phone::new("99999", secret);
    assert_eq!(
        theirs.text(&stage.hook(), PHONE, "wamid.1", "Hi").await,
        200
    );
    let sent = stage.meta.wait_for(1).await;
    assert_eq!(
        (sent[0].number.as_str(), sent[0].token.as_str()),
        ("99999", "EAAother")
    );
    assert!(sent[0].text.contains("Other bot"));
    // Its secret does not speak for the number of another.
    let forged = Phone::new(NUMBER, secret);
    assert_eq!(
        forged.text(&stage.hook(), PHONE, "wamid.2", "Hi").await,
        200
    );
    assert_eq!(stage.server.courier.counts().messages_for_strangers, 1);
    let own = format!(
        "{}{}",
        stage.server.url,
        stage.number["webhookPath"].as_str().unwrap()
    );
    assert_eq!(forged.text(&own, PHONE, "wamid.3", "Hi").await, 401);
    assert_eq!(
        Phone::new(NUMBER, SECRET)
            .text(&own, PHONE, "wamid.4", "Hi")
            .await,
        200
    );
    assert_eq!(stage.meta.wait_for(2).await[1].number, NUMBER);
}
