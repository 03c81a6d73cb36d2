//! The address that is delivered to, and what is not taken in.

use agentry_whatsapp_testkit::{Phone, sign};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{PHONE, SECRET, Stage, outcome};
use crate::support::{PATIENCE, until};

/// What the address answers to a GET.
async fn challenge(url: &str, query: &[(&str, &str)]) -> (u16, String) {
    let url = reqwest::Url::parse_with_params(url, query).unwrap();
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_challenge_is_answered_to_who_knows_the_verify_token() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let own = format!(
        "{}{}",
        stage.server.url,
        stage.number["webhookPath"].as_str().unwrap()
    );
    let asked = |token: &str| {
        vec![
            ("hub.mode".to_owned(), "subscribe".to_owned()),
            ("hub.challenge".to_owned(), "1158201444".to_owned()),
            ("hub.verify_token".to_owned(), token.to_owned()),
        ]
    };
    let ask = async |url: &str, token: &str| {
        let asked = asked(token);
        let asked: Vec<(&str, &str)> = asked
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        challenge(url, &asked).await
    };
    for url in [&stage.hook(), &own] {
        let told = (200, "1158201444".to_owned());
        assert_eq!(ask(url, &stage.verify_token).await, told, "{url}");
        for wrong in ["", "wa_", "x", &stage.verify_token[1..]] {
            assert_eq!(ask(url, wrong).await.0, 403, "{url}");
        }
    }
    let elsewhere = format!("{}/webhooks/whatsapp/another", stage.server.url);
    assert_eq!(ask(&elsewhere, &stage.verify_token).await.0, 403);
    // What a page could be made of is not repeated.
    let hostile = [
        ("hub.mode", "subscribe"),
        ("hub.verify_token", stage.verify_token.as_str()),
        ("hub.challenge", "<script>"),
    ];
    assert_eq!(challenge(&own, &hostile).await.0, 400);
    assert_eq!(challenge(&own, &[]).await.0, 400);
    let put = reqwest::Client::new().put(&own).send().await.unwrap();
    assert_eq!(put.status().as_u16(), 405);
}

#[tokio::test]
async fn what_is_not_signed_as_it_came_is_not_taken_in() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let (hook, phone) = (stage.hook(), &stage.phone);
    let body = phone.text_delivery(PHONE, "wamid.1", "Hi");
    let good = sign(SECRET, &body);
    let bad = [
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some(good.replace("sha256", "sha1")),
        Some(good[7..].to_owned()),
        Some(sign("another", &body)),
        Some(sign(SECRET, b"")),
        Some(format!("{good}00")),
    ];
    for signature in bad {
        let status = phone
            .deliver_signed(&hook, body.clone(), signature.as_deref())
            .await;
        assert_eq!(status, 401, "{signature:?}");
    }
    for at in (0..body.len()).step_by(7) {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert_eq!(
            phone.deliver_signed(&hook, changed, Some(&good)).await,
            401,
            "{at}"
        );
    }
    let twice = reqwest::Client::new().post(&hook).body(body.clone());
    let twice = twice
        .header("x-hub-signature-256", &good)
        .header("x-hub-signature-256", &good);
    assert_eq!(twice.send().await.unwrap().status().as_u16(), 401);
    let own = format!("{hook}/another");
    assert_eq!(
        phone.deliver_signed(&own, body.clone(), Some(&good)).await,
        401
    );
    assert_eq!(outcome(&stage.server, "wamid.1").await, None);
    assert_eq!(stage.server.courier.counts().messages_stored, 0);
    assert_eq!(phone.deliver_signed(&hook, body, Some(&good)).await, 200);
    assert_eq!(stage.server.courier.counts().messages_stored, 1);
}

#[tokio::test]
async fn what_is_too_large_or_a_bomb_is_refused_and_harms_nobody() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let (hook, phone) = (stage.hook(), &stage.phone);
    assert_eq!(phone.deliver(&hook, vec![b' '; 5 << 20]).await, 413);
    let bomb = [vec![b'['; 1 << 20], vec![b']'; 1 << 20]].concat();
    assert_eq!(phone.deliver(&hook, bomb).await, 400);
    let deep = format!(
        r#"{{"object":"whatsapp_business_account","entry":{}1{}}}"#,
        "{\"a\":".repeat(200_000),
        "}".repeat(200_000)
    );
    assert_eq!(phone.deliver(&hook, deep.into_bytes()).await, 400);
    let many: Vec<_> = (0..5_000).map(|n| json!({ "id": n.to_string() })).collect();
    assert_eq!(
        phone
            .deliver(&hook, phone.delivery(json!({ "messages": many })))
            .await,
        413
    );
    for body in [
        "",
        "{",
        "7",
        "null",
        "[]",
        "{}",
        "\"x\"",
        "\u{0}",
        r#"["whatsapp_business_account",[]]"#,
        r#"{"entry":[]}"#,
        r#"{"object":"whatsapp_business_account"}"#,
        r#"{"object":"whatsapp_business_account","entry":7}"#,
        r#"{"object":"page","entry":[{"changes":[{"field":"feed","value":{}}]}]}"#,
    ] {
        assert_eq!(
            phone.deliver(&hook, body.as_bytes().to_vec()).await,
            400,
            "{body:?}"
        );
    }
    // What is well signed and not for us is taken and passed over, or it would come for days.
    for body in [
        r#"{"object":"whatsapp_business_account","entry":[]}"#,
        r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"account_update","value":{}}]}]}"#,
    ] {
        assert_eq!(
            phone.deliver(&hook, body.as_bytes().to_vec()).await,
            200,
            "{body}"
        );
    }
    let strange = Phone::new("5", SECRET);
    assert_eq!(strange.text(&hook, PHONE, "wamid.1", "Hi").await, 200);
    let counts = stage.server.courier.counts();
    assert_eq!(
        (counts.messages_stored, counts.messages_for_strangers),
        (0, 1)
    );
    assert!(counts.deliveries_unread >= 16, "{counts:?}");
    stage.text(PHONE, "wamid.2", "\u{0} Hi \u{0}").await;
    assert_eq!(stage.server.courier.counts().messages_stored, 1);
}

#[tokio::test]
async fn as_many_as_a_delivery_may_tell_of_are_taken_in_and_no_more() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let message =
        |n: usize| Phone::message(PHONE, &format!("wamid.{n}"), json!({ "type": "image" }));
    let mut all: Vec<_> = (0..4_001).map(message).collect();
    let body = stage.phone.delivery(json!({ "messages": all }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 413);
    assert_eq!(stage.server.courier.counts().messages_stored, 0);
    all.pop();
    let body = stage.phone.delivery(json!({ "messages": all }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    assert_eq!(stage.server.courier.counts().messages_stored, 4_000);
}

/// What is read from a connection up to the end of an answer's head, and of its body where that says how long it is.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let some = stream.read_buf(&mut read).await.unwrap();
        assert!(some > 0, "the connection ended: {text}");
    }
}

#[tokio::test]
async fn whoever_delivers_too_much_gets_to_read_why_not() {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    let (hook, large) = (stage.hook(), vec![b' '; 5 << 20]);
    let post = async |signature: Option<&str>| {
        let mut request = reqwest::Client::new().post(&hook).body(large.clone());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for _ in 0..5 {
        let unsigned = (401, r#"{"error":"unsigned"}"#.to_owned());
        assert_eq!(post(None).await, unsigned);
        let too_large = (413, r#"{"error":"too_large"}"#.to_owned());
        assert_eq!(post(Some(&sign(SECRET, &large))).await, too_large);
    }
    // It is answered before any of the body was sent, and the rest of it does not break the connection.
    let address = stage.server.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
        large.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let refused = answer(&mut stream).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    stream.write_all(&large).await.unwrap();
    let next = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(next.as_bytes()).await.unwrap();
    let healthy = answer(&mut stream).await;
    assert!(healthy.starts_with("HTTP/1.1 200 "), "{healthy}");
    // What never ends is cut off.
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let refused = answer(&mut stream).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let endless = async {
        let mut sent = 0_usize;
        while stream.write_all(&chunk).await.is_ok() {
            sent += 1;
        }
        sent
    };
    let sent = tokio::time::timeout(PATIENCE, endless).await.unwrap();
    assert!((12..64).contains(&sent), "{sent} MB");
    assert_eq!(stage.server.courier.counts().messages_stored, 0);
}

#[tokio::test]
async fn of_one_batch_all_that_can_be_read_is_taken_in_once() {
    let stage = Stage::set().await;
    stage.linked("Ada", PHONE).await;
    let text = |n: usize| {
        Phone::message(
            PHONE,
            &format!("wamid.{n}"),
            json!({ "type": "text", "text": { "body": format!("Number {n}") } }),
        )
    };
    let mut all: Vec<_> = (0..20).map(text).collect();
    all.push(json!({ "id": "broken" }));
    all.push(text(3));
    all.insert(5, json!(7));
    let body = stage.phone.delivery(json!({ "messages": all }));
    assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    let sent = stage.meta.wait_for(21).await;
    for n in 0..20 {
        let said = format!("Number {n}");
        let count = sent
            .iter()
            .filter(|one| one.text.lines().any(|line| line.ends_with(&said)))
            .count();
        assert_eq!(count, 1, "{said}: {sent:?}");
    }
}

#[tokio::test]
async fn who_sends_without_end_is_heard_so_often_a_minute_and_nobody_else_waits() {
    let stage = Stage::set_with(&["--whatsapp-per-sender=30", "--runs-per-minute=20"]).await;
    stage.linked("Ada", PHONE).await;
    stage.linked("Eve", "15551234567").await;
    let messages = |from: usize| -> Vec<_> {
        (from..from + 1_000)
            .map(|n| {
                Phone::message(
                    "15551234567",
                    &format!("wamid.{n}"),
                    json!({ "type": "text", "text": { "body": "spam" } }),
                )
            })
            .collect()
    };
    for from in (0..10_000).step_by(1_000) {
        let body = stage.phone.delivery(json!({ "messages": messages(from) }));
        assert_eq!(stage.phone.deliver(&stage.hook(), body).await, 200);
    }
    stage.text(PHONE, "wamid.ada", "And I?").await;
    until("Ada is answered", || async {
        let sent = stage.meta.sent();
        sent.iter()
            .any(|one| one.to == PHONE && one.text.contains("And I?"))
            .then_some(())
    })
    .await;
    let counts = stage.server.courier.counts();
    assert_eq!(counts.messages_flooded, 10_000 - 29);
    until("all of Eve's is dealt with", || async {
        let counts = stage.server.courier.counts();
        (counts.asked + counts.answered + counts.silent >= 29 + 3).then_some(())
    })
    .await;
    // Asked as often as she may, told so a few times, and then not even that.
    let sent = stage.meta.sent();
    let told = sent
        .iter()
        .filter(|one| one.text.contains("faster than I can answer"))
        .count();
    assert!((1..=6).contains(&told), "{told}");
}
