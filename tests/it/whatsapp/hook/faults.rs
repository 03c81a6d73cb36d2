//! Meta's API that refuses, fails or is silent.

use agentry_whatsapp_testkit::Fault;
use serde_json::{Value, json};

use super::{NUMBER_FIELDS, PHONE, Stage, TOKEN, parts};
use crate::support::until;
use crate::templates::mutate;

async fn status(stage: &Stage) -> Value {
    let document = "query($id: ID!) { whatsAppNumber(id: $id) { status } }";
    let data = stage
        .acme
        .query(document, json!({ "id": stage.number["id"] }))
        .await;
    data["whatsAppNumber"]["status"].clone()
}

async fn error_of(stage: &Stage, state: &str) -> Vec<Option<String>> {
    let mut root = stage.server.database.root().await;
    sqlx::query_scalar("SELECT error FROM whatsapp_outbox WHERE state = $1 ORDER BY position, part")
        .bind(state)
        .fetch_all(&mut root)
        .await
        .unwrap()
}

/// Lets what waits be tried now.
async fn hurry(stage: &Stage) {
    let mut root = stage.server.database.root().await;
    let hurry = "UPDATE whatsapp_outbox SET available_at = now() WHERE state IN ('ready', 'doubt')";
    sqlx::query(hurry).execute(&mut root).await.unwrap();
}

#[tokio::test]
async fn what_meta_refuses_for_now_is_sent_again_and_arrives_once() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let told = Fault::Refuse {
        status: 429,
        code: Some(130_429),
        retry_after: Some(1),
    };
    for fault in [
        Fault::refusal(500, 131_000),
        told,
        Fault::refusal(400, 131_056),
    ] {
        stage.meta.next(fault);
    }
    stage.text(PHONE, "wamid.1", "Patience").await;
    for asked in 2..=4 {
        until("it was tried", || async {
            (stage.meta.asked() >= asked).then_some(())
        })
        .await;
        until("it waits", || async {
            (parts(&stage.server, "ready").await == 1).then_some(())
        })
        .await;
        hurry(&stage).await;
    }
    let sent = stage.meta.wait_for(2).await;
    assert!(sent[1].text.contains("Patience"), "{sent:?}");
    until("it is sent", || async {
        (parts(&stage.server, "sent").await == 2).then_some(())
    })
    .await;
    assert_eq!(stage.meta.sent().len(), 2);
    assert_eq!(stage.server.courier.counts().put_off, 3);
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_and_another_sends_what_waited() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    stage.meta.refuse_token(TOKEN, true);
    stage.text(PHONE, "wamid.1", "Wait for me").await;
    until("it is told", || async {
        (status(&stage).await == "TOKEN_REFUSED").then_some(())
    })
    .await;
    let rotate = async |token: &str| {
        let input = json!({ "id": stage.number["id"], "accessToken": token });
        let selection = format!("verifyToken whatsAppNumber {{ {NUMBER_FIELDS} }}");
        mutate(&stage.acme, "rotateWhatsAppNumber", &selection, input).await
    };
    // Meta is asked first: the same token is no help.
    let same = rotate(TOKEN).await;
    assert_eq!(same["__typename"], "ValidationFailed", "{same}");
    let other = rotate("EAAother").await;
    assert_eq!(other["whatsAppNumber"]["status"], "ACTIVE", "{other}");
    let sent = stage.meta.wait_for(2).await;
    assert!(
        sent[1].text.contains("Wait for me") && sent[1].token == "EAAother",
        "{sent:?}"
    );
    assert_eq!(status(&stage).await, "ACTIVE");
}

#[tokio::test]
async fn what_was_taken_in_silence_is_not_sent_again_when_a_callback_tells() {
    let stage = Stage::set_with(&["--whatsapp-doubt=1h"]).await;
    stage.linked("Ada", PHONE).await;
    stage.meta.call_back(&stage.hook(), &stage.phone);
    stage.meta.next(Fault::TakeInSilence);
    stage.text(PHONE, "wamid.1", "Quietly").await;
    stage.meta.wait_for(2).await;
    until("the callbacks are heard", || async {
        (parts(&stage.server, "delivered").await == 1).then_some(())
    })
    .await;
    // The next message of the same person is not held up by it.
    stage.text(PHONE, "wamid.2", "Next").await;
    let sent = stage.meta.wait_for(3).await;
    assert!(sent[2].text.contains("Next"), "{sent:?}");
    assert_eq!(
        stage
            .meta
            .sent()
            .iter()
            .filter(|one| one.text.contains("Quietly"))
            .count(),
        1
    );
}

#[tokio::test]
async fn what_nobody_tells_of_is_sent_again_after_a_while() {
    let stage = Stage::set_with(&["--whatsapp-doubt=1s", "--whatsapp-lease=1s"]).await;
    stage.linked("Ada", PHONE).await;
    // Something between here and Meta fails: it does not know either.
    stage.meta.next(Fault::Refuse {
        status: 502,
        code: None,
        retry_after: None,
    });
    stage.text(PHONE, "wamid.1", "Hello?").await;
    let sent = stage.meta.wait_for(2).await;
    assert!(sent[1].text.contains("Hello?"), "{sent:?}");
    assert_eq!(stage.server.courier.counts().doubted, 1);
    // And a call that is never answered: noted as being sent, and in doubt when the lease of it is over.
    stage.meta.next(Fault::Silence);
    stage.text(PHONE, "wamid.2", "Anybody?").await;
    let sent = stage.meta.wait_for(3).await;
    assert!(sent[2].text.contains("Anybody?"), "{sent:?}");
}

#[tokio::test]
async fn what_will_never_be_taken_fails_and_says_why() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    stage.meta.next(Fault::refusal(400, 131_047));
    let long: Vec<String> = (0..1_500).map(|n| format!("word{n}")).collect();
    let long = long.join(" ");
    stage.text(PHONE, "wamid.1", &long).await;
    until("all of it has failed", || async {
        (parts(&stage.server, "failed").await >= 3).then_some(())
    })
    .await;
    let why = error_of(&stage, "failed").await;
    assert_eq!(why[0].as_deref(), Some("META_131047"));
    assert!(
        why[1..]
            .iter()
            .all(|why| why.as_deref() == Some("EARLIER_PART_FAILED")),
        "{why:?}"
    );
    stage.text(PHONE, "wamid.2", "Next").await;
    let sent = stage.meta.wait_for(2).await;
    assert!(sent[1].text.contains("Next"), "{sent:?}");
}

#[tokio::test]
async fn nobody_is_written_to_a_day_after_they_wrote() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    // One that comes a day late is not even asked.
    let mut late = agentry_whatsapp_testkit::Phone::message(
        PHONE,
        "wamid.late",
        json!({ "type": "text", "text": { "body": "Late" } }),
    );
    let then = chrono::Utc::now() - chrono::TimeDelta::hours(25);
    late["timestamp"] = json!(then.timestamp().to_string());
    let body = stage.phone.delivery(json!({ "messages": [late] }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    until("it is closed", || async {
        super::outcome(&stage.server, "wamid.late").await
    })
    .await;
    assert_eq!(
        super::outcome(&stage.server, "wamid.late").await.as_deref(),
        Some("too_late")
    );
    // One whose answer takes so long is not sent it.
    stage.meta.refuse_token(TOKEN, true);
    stage.text(PHONE, "wamid.1", "Soon?").await;
    until("it was refused and waits", || async {
        let errors = error_of(&stage, "ready").await;
        matches!(errors[..], [Some(_)]).then_some(())
    })
    .await;
    let mut root = stage.server.database.root().await;
    for statement in [
        "UPDATE whatsapp_outbox SET window_until = now() - interval '1 second', available_at = now() WHERE state = 'ready'",
        "UPDATE whatsapp_numbers SET token_refused_at = NULL",
    ] {
        sqlx::query(statement).execute(&mut root).await.unwrap();
    }
    until("it has failed", || async {
        (parts(&stage.server, "failed").await == 1).then_some(())
    })
    .await;
    assert_eq!(
        error_of(&stage, "failed").await,
        [Some("WINDOW_CLOSED".to_owned())]
    );
    assert_eq!(stage.meta.sent().len(), 1);
}

#[tokio::test]
async fn callbacks_only_ever_tell_more_and_only_of_ones_own() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    stage.text(PHONE, "wamid.1", "Hello").await;
    let sent = stage.meta.wait_for(2).await;
    until("it is sent", || async {
        (parts(&stage.server, "sent").await == 2).then_some(())
    })
    .await;
    let told = async |phone: &agentry_whatsapp_testkit::Phone, status: &str, reference: &str| {
        let status =
            json!({ "id": sent[1].id, "status": status, "biz_opaque_callback_data": reference });
        let body = phone.delivery(json!({ "statuses": [status] }));
        assert_eq!(phone.deliver(&stage.hook(), body).await, 200);
    };
    let reference = &sent[1].reference;
    for (status, now) in [
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("read", "read"),
        ("delivered", "read"),
    ] {
        told(&stage.phone, status, reference).await;
        assert_eq!(parts(&stage.server, now).await, 1, "{status}");
    }
    told(&stage.phone, "read", "no-such-part").await;
    told(&stage.phone, "read", "").await;
    assert_eq!(
        (
            parts(&stage.server, "read").await,
            parts(&stage.server, "sent").await
        ),
        (1, 1)
    );
    // The number of another publisher's says nothing of it.
    let other = crate::templates::publisher(&stage.server, "Oto", "other").await;
    let template = crate::templates::offer(&other, "other-bot", super::bot("Other")).await;
    let done = super::register(&other, &template, "88881", "EAAother").await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let theirs = agentry_whatsapp_testkit::Phone::new("88881", super::SECRET);
    told(&theirs, "failed", &sent[0].reference).await;
    assert_eq!(parts(&stage.server, "failed").await, 0);
}
