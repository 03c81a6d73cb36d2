//! Signed deliveries with the worst values in them: none holds up another's.

use agentry_whatsapp_testkit::{Phone, sign};
use serde_json::{Value, json};

use super::{PHONE, SECRET, Stage, outcome, parts};
use crate::support::until;

/// Year 262142, the last that a timestamp of ours holds, and what none holds.
fn timestamps() -> Vec<Value> {
    let year_262142 = 8_210_266_876_799_i64;
    let numbers = [i64::MIN, -1, 0, 1, year_262142, i64::MAX];
    let mut all: Vec<Value> = numbers.iter().map(|n| json!(n)).collect();
    all.extend(numbers.iter().map(|n| json!(n.to_string())));
    all.extend([
        json!(u64::MAX),
        json!(1e300),
        json!("9".repeat(100_000)),
        json!("\u{0}"),
        json!("soon"),
        json!(null),
        json!({}),
    ]);
    all
}

#[tokio::test]
async fn no_time_of_a_message_stops_a_worker_or_a_batch() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    stage.linked("Bob", "15551234567").await;
    let text = |n: usize, timestamp: &Value| {
        let said = format!("message-{n}-end");
        let more = json!({ "type": "text", "text": { "body": said }, "timestamp": timestamp });
        Phone::message(PHONE, &format!("wamid.{n}"), more)
    };
    let timestamps = timestamps();
    let mut all: Vec<Value> = (0..).zip(&timestamps).map(|(n, at)| text(n, at)).collect();
    let untold = timestamps.len();
    let mut message = text(untold, &json!(0));
    message.as_object_mut().unwrap().remove("timestamp");
    all.push(message);
    // In one batch with somebody else's.
    let more = json!({ "type": "text", "text": { "body": "And I?" } });
    all.push(Phone::message("15551234567", "wamid.bob", more));
    let body = stage.phone.delivery(json!({ "messages": all }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    assert_eq!(stage.server.courier.counts().messages_stored, 2 + 21);
    // Of 1970: too late to answer. All others are of now, as far as is known, and so are answered.
    let late: Vec<usize> = [2, 3, 8, 9].into();
    for n in 0..=untold {
        let id = format!("wamid.{n}");
        let outcome = until("it is dealt with", || outcome(&stage.server, &id)).await;
        let expected = if late.contains(&n) {
            "too_late"
        } else {
            "asked"
        };
        assert_eq!(
            outcome,
            expected,
            "{n}: {:?}",
            timestamps.get(n).map(|at| at.to_string().len())
        );
    }
    stage.meta.wait_for(2 + 1 + untold + 1 - late.len()).await;
    // None may be written to for longer than a day from now.
    let mut root = stage.server.database.root().await;
    let longest: bool = sqlx::query_scalar(
        "SELECT bool_and(window_until <= now() + interval '24 hours') FROM whatsapp_outbox",
    )
    .fetch_one(&mut root)
    .await
    .unwrap();
    assert!(longest);
}

#[tokio::test]
async fn no_field_of_a_delivery_makes_the_database_refuse_it() {
    let stage = Stage::set_with(&["--whatsapp-per-sender=1000"]).await;
    stage.linked("Ada", PHONE).await;
    let long = "9".repeat(100_000);
    let text = |said: &str| json!({ "type": "text", "text": { "body": said } });
    let mut messages = Vec::new();
    for (n, more) in [
        json!({ "id": long }),
        json!({ "id": "wamid.\u{0}" }),
        json!({ "id": "wamid.é" }),
        json!({ "id": "x".repeat(257) }),
        json!({ "from": long }),
        json!({ "from": "4477\u{0}" }),
        json!({ "from": i64::MAX }),
        json!({ "from_user_id": long }),
        json!({ "from_user_id": "US.\u{0}" }),
        json!({ "from_user_id": "x".repeat(200) }),
        json!({ "type": long }),
        json!({ "type": "te\u{0}xt" }),
        json!({ "group_id": long }),
        json!({ "context": { "id": long, "from": "\u{0}" } }),
        text("\u{0}"),
        text("a\u{0}b\u{feff}\u{202e}\u{10ffff}"),
        text(&"\u{0}".repeat(100_000)),
        text(&"𝄞".repeat(100_000)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = Phone::message(PHONE, &format!("wamid.worst.{n}"), text("Hi"));
        let all = message.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        messages.push(message);
    }
    // The longest id that is taken, from the longest sender.
    let last = Phone::message(&"x".repeat(200), &"y".repeat(256), text("Hi"));
    messages.push(last);
    messages.push(Phone::message(PHONE, "wamid.good", text("The good one")));
    let statuses: Vec<Value> = [
        json!({ "id": long }),
        json!({ "id": "w\u{0}" }),
        json!({ "id": "é".repeat(128) }),
        json!({ "biz_opaque_callback_data": long }),
        json!({ "biz_opaque_callback_data": "p\u{0}" }),
        json!({ "timestamp": i64::MIN }),
        json!({ "timestamp": "-1" }),
        json!({ "recipient_id": "\u{0}" }),
        json!({ "errors": [{ "code": i64::MIN }] }),
        json!({ "errors": [{ "code": u64::MAX }] }),
        json!({ "errors": [{ "code": 1e300, "title": "\u{0}" }] }),
    ]
    .into_iter()
    .map(|more| {
        let mut status =
            json!({ "id": "wamid.x", "status": "failed", "biz_opaque_callback_data": "p1" });
        let all = status.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        status
    })
    .collect();
    let value = json!({
        "messages": messages, "statuses": statuses,
        "contacts": [{ "wa_id": long, "profile": { "name": "\u{0}".repeat(100_000) } }],
    });
    let body = String::from_utf8(stage.phone.delivery(value)).unwrap();
    // Halves of characters, which no JSON of ours would hold.
    let half = r#"{"type":"text","from":"447700900001","id":"wamid.half","timestamp":"1700000000","text":{"body":"\ud83d"}},"#;
    let body = body.replacen(r#""messages":["#, &format!(r#""messages":[{half}"#), 1);
    assert!(body.contains("wamid.half"));
    let deliver = async |body: String| stage.phone.deliver(&stage.hook(), body.into_bytes()).await;
    assert_eq!(deliver(body).await, 200);
    until("the good one is answered", || async {
        let sent = stage.meta.sent();
        sent.iter()
            .any(|one| one.text.contains("The good one"))
            .then_some(())
    })
    .await;
    // Callbacks of parts that there are, with the worst in them.
    let part = stage.meta.sent()[0].reference.clone();
    let status = json!({ "id": "é".repeat(128), "status": "failed", "biz_opaque_callback_data": part,
                         "errors": [{ "code": i64::MIN }] });
    let body = stage.phone.delivery(json!({ "statuses": [status] }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    assert_eq!(parts(&stage.server, "failed").await, 1);
    let counts = stage.server.courier.counts();
    assert_eq!((counts.deliveries_put_off, counts.given_up), (0, 0));
    until("all is dealt with", || async {
        let mut root = stage.server.database.root().await;
        let open = "SELECT count(*) FROM whatsapp_inbox WHERE done_at IS NULL";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&mut root).await.unwrap();
        (open == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_the_database_refuses_is_refused_alone() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let mut root = stage.server.database.root().await;
    // What nobody has thought of.
    let poison = "ALTER TABLE whatsapp_inbox ADD CONSTRAINT poison CHECK (message_id <> 'wamid.7')";
    sqlx::query(poison).execute(&mut root).await.unwrap();
    let courier = &stage.server.courier;
    let deliveries = (0..20).map(|n| {
        let body = stage
            .phone
            .text_delivery(PHONE, &format!("wamid.{n}"), "Hi");
        async move {
            let signature = sign(SECRET, &body);
            courier.deliver(None, &signature, &body).await.is_ok()
        }
    });
    // All of them before the first is stored, and so together.
    let taken = futures_util::future::join_all(deliveries).await;
    let refused: Vec<usize> = (0..)
        .zip(&taken)
        .filter(|(_, ok)| !**ok)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(refused, [7]);
    let counts = courier.counts();
    assert_eq!((counts.messages_stored, counts.deliveries_put_off), (19, 1));
    // It is taken when it can be.
    sqlx::query("ALTER TABLE whatsapp_inbox DROP CONSTRAINT poison")
        .execute(&mut root)
        .await
        .unwrap();
    stage.text(PHONE, "wamid.7", "Hi").await;
    assert_eq!(courier.counts().messages_stored, 20);
}

#[tokio::test]
async fn what_workers_are_lost_over_each_time_is_given_up_and_the_next_is_dealt_with() {
    let stage = Stage::set_with(&["--whatsapp-workers=8"]).await;
    stage.linked("Ada", PHONE).await;
    let mut root = stage.server.database.root().await;
    // As it stands when a twentieth worker took it up and was not heard of again.
    let lost = "INSERT INTO whatsapp_inbox (number_id, message_id, sender, kind, content, sent_at, attempts, worker, lease_until)
                SELECT id, $1, $2, 'text', $1, $4::timestamptz, $3, 'lost', now() - interval '1 second' FROM whatsapp_numbers";
    // The last day that there is, as of a message that was stored by an earlier version: a day later is no time at all.
    let rows = [
        ("wamid.lost", 20, "now"),
        ("wamid.last", 19, "now"),
        ("wamid.far", 1, "262142-12-31 23:59:59+00"),
    ];
    for (id, attempts, sent_at) in rows {
        let lost = sqlx::query(lost).bind(id).bind(PHONE);
        let lost = lost.bind(attempts).bind(sent_at);
        lost.execute(&mut root).await.unwrap();
    }
    stage.text(PHONE, "wamid.next", "The next").await;
    let sent = stage.meta.wait_for(4).await;
    for said in ["wamid.last", "wamid.far", "The next"] {
        let told = sent.iter().filter(|one| one.text.contains(said));
        assert_eq!(told.count(), 1, "{said}: {sent:?}");
    }
    let outcome = outcome(&stage.server, "wamid.lost").await;
    assert_eq!(outcome.as_deref(), Some("given_up"));
    assert_eq!(stage.server.courier.counts().given_up, 1);
}
