//! Messages that are no text, and what the bot says of what it cannot do.

use agentry_whatsapp_testkit::Phone;
use serde_json::json;

use super::{PHONE, Stage, outcome};
use crate::support::until;
use crate::templates::{installed, offer, publisher};

#[tokio::test]
async fn every_kind_is_answered_clearly_or_waits_for_no_answer() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let other = async |id: &str, more| {
        assert_eq!(stage.phone.other(&stage.hook(), PHONE, id, more).await, 200);
    };
    other(
        "wamid.1",
        json!({ "type": "image", "image": { "id": "1", "caption": "Look" } }),
    )
    .await;
    other(
        "wamid.2",
        json!({ "type": "unsupported", "errors": [{ "code": 131_051 }] }),
    )
    .await;
    other(
        "wamid.3",
        json!({ "type": "button", "button": { "text": "Yes please" } }),
    )
    .await;
    let list = json!({ "type": "list_reply", "list_reply": { "id": "1", "title": "The second" } });
    other(
        "wamid.4",
        json!({ "type": "interactive", "interactive": list }),
    )
    .await;
    let sent = stage.meta.wait_for(5).await;
    let texts = |part: &str| {
        sent[1..]
            .iter()
            .filter(|one| one.text.contains(part))
            .count()
    };
    assert_eq!(texts("I can read text"), 2, "{sent:?}");
    assert_eq!(
        (texts("Yes please"), texts("The second")),
        (1, 1),
        "{sent:?}"
    );
    // Nobody waits for an answer to these.
    other(
        "wamid.5",
        json!({ "type": "reaction", "reaction": { "emoji": "👍" } }),
    )
    .await;
    other(
        "wamid.6",
        json!({ "type": "system", "system": { "body": "changed" } }),
    )
    .await;
    other(
        "wamid.7",
        json!({ "type": "text", "text": { "body": "Hi all" }, "group_id": "g1" }),
    )
    .await;
    assert_eq!(stage.server.courier.counts().messages_passed_over, 3);
    assert_eq!(outcome(&stage.server, "wamid.5").await, None);
    // Nor do groups, broadcasts and channels, whatever they call themselves, and hidden ids are nobody's number.
    for (n, from) in [
        "120363025246125486@g.us",
        "status@broadcast",
        "1@newsletter",
        "447700900001@lid",
        "12",
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("wamid.n{n}");
        stage.text(from, &id, "Hello?").await;
        until("it is closed", || async {
            outcome(&stage.server, &id).await
        })
        .await;
        assert_eq!(
            outcome(&stage.server, &id).await.as_deref(),
            Some("no_person"),
            "{from}"
        );
    }
    assert_eq!(stage.meta.sent().len(), 5);
}

#[tokio::test]
async fn who_is_told_the_same_again_and_again_is_told_no_more() {
    let stage = Stage::set().await;
    for n in 0..20 {
        stage
            .text("4915112345678", &format!("wamid.{n}"), "Hello?")
            .await;
    }
    until("all are closed", || async {
        let counts = stage.server.courier.counts();
        (counts.answered + counts.silent == 20).then_some(())
    })
    .await;
    assert_eq!(stage.meta.wait_for(2).await.len(), 2);
    assert_eq!(stage.server.courier.counts().silent, 18);
}

#[tokio::test]
async fn hints_silence_neither_what_is_said_of_codes_nor_other_hints() {
    let stage = Stage::set().await;
    let ada = stage.user("Ada").await;
    let hello = async |n: usize| {
        stage
            .text(PHONE, &format!("wamid.hello.{n}"), "Hello")
            .await;
    };
    for n in 0..8 {
        hello(n).await;
    }
    stage.meta.wait_for(2).await;
    // More than there are hints.
    for n in 0..7 {
        let wamid = format!("wamid.unknown.{n}");
        stage.text(PHONE, &wamid, "7K3QP-9XW2M").await;
        let sent = stage.meta.wait_for(3 + n).await;
        assert!(sent[2 + n].text.contains("not known"), "{sent:?}");
    }
    stage.link(&ada, PHONE).await;
    let place = json!({ "type": "location", "location": { "latitude": 1, "longitude": 2 } });
    let hook = stage.hook();
    let there = stage.phone.other(&hook, PHONE, "wamid.place", place);
    assert_eq!(there.await, 200);
    let sent = stage.meta.wait_for(11).await;
    assert!(sent[10].text.contains("I can read text"), "{sent:?}");
}

#[tokio::test]
async fn who_brings_too_many_codes_is_told_so_twice() {
    let stage = Stage::set().await;
    for n in 0..14 {
        let wamid = format!("wamid.{n}");
        // By itself or in passing: they have no agent who could hear of it.
        let text = ["7K3QP-9XW2M", "It is 7K3QP-9XW2M, I think"][n % 2];
        stage.text(PHONE, &wamid, text).await;
    }
    until("all are closed", || async {
        let counts = stage.server.courier.counts();
        (counts.answered + counts.silent == 14).then_some(())
    })
    .await;
    let sent = stage.meta.wait_for(12).await;
    let texts = |part: &str| sent.iter().filter(|one| one.text.contains(part)).count();
    assert_eq!((texts("not known"), texts("Too many codes")), (10, 2));
}

#[tokio::test]
async fn an_agent_that_has_nothing_to_answer_with_says_what_is_missing() {
    says_what_is_missing(&Stage::set().await, true).await;
}

#[tokio::test]
async fn where_there_are_no_pages_none_is_named() {
    says_what_is_missing(&Stage::set_with(&["--pages=false"]).await, false).await;
}

async fn says_what_is_missing(stage: &Stage, with_page: bool) {
    let acme = publisher(&stage.server, "Sue", "second").await;
    let definition =
        json!({ "name": "Thinker", "agent": { "systemPrompt": "Think.", "model": "gpt-4o" } });
    let template = offer(&acme, "thinker", definition).await;
    let done = super::register(&acme, &template, "77771", "EAAthinker").await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let ada = stage.linked("Ada", PHONE).await;
    let input = json!({ "slug": "thinker", "acceptCapabilities": true });
    let agent = installed(&ada, input).await["agent"]["id"].clone();
    let thinker = Phone::new("77771", super::SECRET);
    assert_eq!(
        thinker
            .text(&stage.hook(), PHONE, "wamid.1", "Think!")
            .await,
        200
    );
    let sent = stage.meta.wait_for(2).await;
    assert!(
        sent[1].text.contains("gpt-4o") && sent[1].text.contains("API connection"),
        "{sent:?}"
    );
    assert_eq!(sent[1].number, "77771");
    let page = format!(
        "{}/ada/agents/{}",
        stage.server.url,
        agent.as_str().unwrap()
    );
    assert_eq!(sent[1].text.ends_with(&page), with_page, "{sent:?}");
    assert_eq!(sent[1].text.contains("http"), with_page, "{sent:?}");
    // Nothing of it is left in a conversation.
    let data = ada
        .query("{ conversations(first: 10) { totalCount } }", json!({}))
        .await;
    assert_eq!(data["conversations"]["totalCount"], 0);
}

#[tokio::test]
async fn after_a_long_silence_and_after_archiving_another_conversation_begins() {
    let stage = Stage::set().await;
    let ada = stage.linked("Ada", PHONE).await;
    let count = async || {
        let data = ada
            .query(
                "{ conversations(first: 10) { totalCount nodes { id } } }",
                json!({}),
            )
            .await;
        data["conversations"].clone()
    };
    stage.text(PHONE, "wamid.1", "One").await;
    stage.meta.wait_for(2).await;
    let first = count().await["nodes"][0]["id"].clone();
    let archive = "mutation($id: ID!) { archiveConversation(input: { id: $id, archived: true }) { __typename } }";
    ada.query(archive, json!({ "id": first })).await;
    stage.text(PHONE, "wamid.2", "Two").await;
    stage.meta.wait_for(3).await;
    assert_eq!(count().await["totalCount"], 2);
    let mut root = stage.server.database.root().await;
    let age = "UPDATE conversations SET last_message_at = now() - interval '25 hours' WHERE archived_at IS NULL";
    sqlx::query(age).execute(&mut root).await.unwrap();
    stage.text(PHONE, "wamid.3", "Three").await;
    stage.meta.wait_for(4).await;
    assert_eq!(count().await["totalCount"], 3);
    stage.text(PHONE, "wamid.4", "Four").await;
    stage.meta.wait_for(5).await;
    assert_eq!(count().await["totalCount"], 3);
}
