//! In which order people are answered, and what is not sent after what has failed.

use agentry_whatsapp_testkit::{Fault, Phone};
use serde_json::{Value, json};

use super::{PHONE, Stage, parts};
use crate::support::until;

fn text(id: &str, text: &str) -> Value {
    Phone::message(
        PHONE,
        id,
        json!({ "type": "text", "text": { "body": text } }),
    )
}

#[tokio::test]
async fn messages_of_one_delivery_are_answered_as_they_stand_there_whatever_their_ids() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let ids = ["q", "b", "z", "a", "y", "c", "x", "d", "w", "e"];
    let messages: Vec<Value> = (0..ids.len())
        .map(|n| text(&format!("wamid.{}", ids[n]), &format!("number {n}.")))
        .collect();
    let body = stage.phone.delivery(json!({ "messages": messages }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    let sent = stage.meta.wait_for(1 + ids.len()).await;
    for (n, one) in sent[1..].iter().enumerate() {
        assert!(one.text.contains(&format!("number {n}.")), "{n}: {sent:?}");
    }
}

#[tokio::test]
async fn what_was_written_earlier_comes_first_in_a_delivery_that_tells_it_last() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let mut earlier = text("wamid.a", "The first.");
    let then = chrono::Utc::now() - chrono::TimeDelta::minutes(1);
    earlier["timestamp"] = json!(then.timestamp().to_string());
    let later = text("wamid.b", "The second.");
    let body = stage
        .phone
        .delivery(json!({ "messages": [later, earlier] }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    let sent = stage.meta.wait_for(3).await;
    assert!(sent[1].text.contains("The first."), "{sent:?}");
    assert!(sent[2].text.contains("The second."), "{sent:?}");
}

#[tokio::test]
async fn an_answer_waits_for_an_earlier_one_that_was_put_off() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    stage.meta.next(Fault::refusal(500, 131_000));
    stage.text(PHONE, "wamid.1", "The first.").await;
    until("it is put off", || async {
        (stage.server.courier.counts().put_off == 1).then_some(())
    })
    .await;
    stage.text(PHONE, "wamid.2", "The second.").await;
    let sent = stage.meta.wait_for(3).await;
    assert!(sent[1].text.contains("The first."), "{sent:?}");
    assert!(sent[2].text.contains("The second."), "{sent:?}");
}

#[tokio::test]
async fn a_part_that_is_told_to_have_failed_stops_those_after_it() {
    let stage = Stage::set_with(&["--echo-delay=1ms"]).await;
    stage.linked("Ada", PHONE).await;
    let words: Vec<String> = (0..1_500).map(|n| format!("word{n}")).collect();
    stage.text(PHONE, "wamid.1", &words.join(" ")).await;
    // The second part waits, so that it is known what the callback finds.
    let first = stage.meta.wait_for(2).await.remove(1);
    for _ in 0..4 {
        stage.meta.next(Fault::Refuse {
            status: 429,
            code: Some(130_429),
            retry_after: Some(30),
        });
    }
    let mut root = stage.server.database.root().await;
    until("the first is sent, and others wait", || async {
        (parts(&stage.server, "sent").await >= 2 && parts(&stage.server, "sending").await == 0)
            .then_some(())
    })
    .await;
    let waiting = parts(&stage.server, "ready").await;
    assert!(waiting > 0);
    let status = json!({ "id": first.id, "status": "failed", "biz_opaque_callback_data": first.reference,
                         "errors": [{ "code": 131_026 }] });
    let body = stage.phone.delivery(json!({ "statuses": [status] }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    let why: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT error FROM whatsapp_outbox WHERE state = 'failed' AND content IS NULL ORDER BY part",
    )
    .fetch_all(&mut root)
    .await
    .unwrap();
    assert_eq!(why[0].as_deref(), Some("META_131026"), "{why:?}");
    let stopped = why[1..].iter();
    let stopped = stopped.filter(|why| why.as_deref() == Some("EARLIER_PART_FAILED"));
    assert_eq!(i64::try_from(stopped.count()).unwrap(), waiting, "{why:?}");
    assert_eq!(parts(&stage.server, "ready").await, 0);
}
