//! Server-sent events, distinct connections mode.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::schema::PATIENCE;
use super::server::{Server, send, status};
use crate::http::{HttpOptions, SocketLimits};

const STREAM: &str = "text/event-stream";

fn body(query: &str) -> String {
    json!({ "query": query }).to_string()
}

/// Reads events until `enough`. Comments that keep the stream alive do not keep the test waiting.
async fn read_until(response: &mut reqwest::Response, enough: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains(enough) {
            let chunk = response.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    timeout(PATIENCE, reading)
        .await
        .expect("the events in time");
    text
}

#[tokio::test]
async fn subscription_streams_and_completes() {
    let server = Server::plain().await;
    let answer = send(
        server
            .post(body("subscription { count(to: 2) }"))
            .header("accept", STREAM),
    )
    .await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/event-stream; charset=utf-8")
    );
    let expected = ":\n\nevent: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\nevent: complete\ndata:\n\n";
    assert_eq!(answer.text, expected);
    assert_eq!(answer.header("x-request-id").len(), 24);
}

#[tokio::test]
async fn stream_is_not_compressed() {
    let server = Server::plain().await;
    let request = server
        .post(body("subscription { count(to: 99) }"))
        .header("accept", STREAM);
    assert_eq!(
        send(request.header("accept-encoding", "gzip, br"))
            .await
            .header("content-encoding"),
        ""
    );
}

#[tokio::test]
async fn queries_stream_too_when_nothing_else_is_taken() {
    let server = Server::plain().await;
    let url = "/graphql?query={hello}";
    let answer = send(server.get(url).header("accept", STREAM)).await;
    assert!(answer.text.ends_with(
        "event: next\ndata: {\"data\":{\"hello\":\"hello you\"}}\n\nevent: complete\ndata:\n\n"
    ));
    let both = send(
        server
            .get(url)
            .header("accept", "application/json, text/event-stream"),
    )
    .await;
    assert_eq!(both.json(), json!({"data": {"hello": "hello you"}}));
    let subscription = server.get("/graphql?query=subscription{count(to:1)}");
    let answer = send(subscription.header("accept", "application/json, text/event-stream")).await;
    assert!(answer.text.contains("event: complete"), "{}", answer.text);
}

#[tokio::test]
async fn document_at_fault_is_an_event() {
    let server = Server::plain().await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let answer = send(server.post(body(query)).header("accept", STREAM)).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.text.contains("event: next\ndata: {\"errors\":["),
            "{}",
            answer.text
        );
        assert!(answer.text.contains(code), "{}", answer.text);
        assert!(
            answer.text.ends_with("event: complete\ndata:\n\n"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn request_at_fault_is_refused_as_ever() {
    let server = Server::plain().await;
    send(server.post("nonsense").header("accept", STREAM))
        .await
        .refused(status(400), "BAD_USER_INPUT");
    let refused = server
        .post(body("subscription { count(to: 1) }"))
        .header("accept", STREAM);
    send(refused.header("authorization", "Bearer bad"))
        .await
        .refused(status(401), "UNAUTHENTICATED");
    let mutation = server
        .get("/graphql?query=mutation{bump}")
        .header("accept", STREAM);
    send(mutation).await.refused(status(405), "BAD_USER_INPUT");
}

#[tokio::test]
async fn panic_in_a_stream_ends_it_with_a_masked_error() {
    let server = Server::plain().await;
    let answer = send(
        server
            .post(body("subscription { broken }"))
            .header("accept", STREAM),
    )
    .await;
    assert!(
        answer.text.contains("\"INTERNAL\"") && !answer.text.contains("canary"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn quiet_stream_is_kept_alive_capped_and_ended_with_its_credential() {
    let sockets = SocketLimits {
        keep_alive: Duration::from_millis(20),
        recheck: Duration::from_millis(50),
        per_user: 1,
        ..SocketLimits::default()
    };
    let server = Server::start(HttpOptions {
        sockets,
        ..HttpOptions::default()
    })
    .await;
    let open = || {
        server
            .post(body("subscription { forever }"))
            .header("accept", STREAM)
            .header("authorization", "Bearer good")
    };
    let mut stream = open().send().await.unwrap();
    read_until(&mut stream, "\"forever\":1}}\n\n:\n\n:\n\n").await;
    send(open()).await.refused(status(429), "RATE_LIMITED");
    server.gate.revoked.store(true, Ordering::SeqCst);
    let end = read_until(&mut stream, "event: complete").await;
    assert!(end.contains("UNAUTHENTICATED"), "{end}");
}

#[tokio::test]
async fn word_of_a_revocation_ends_the_stream_at_once() {
    let sockets = SocketLimits {
        recheck: Duration::from_hours(1),
        ..SocketLimits::default()
    };
    let server = Server::start(HttpOptions {
        sockets,
        ..HttpOptions::default()
    })
    .await;
    let open = server
        .post(body("subscription { forever }"))
        .header("accept", STREAM)
        .header("authorization", "Bearer good");
    let mut stream = open.send().await.unwrap();
    read_until(&mut stream, "\"forever\":1}}\n\n").await;
    server.gate.revoked.store(true, Ordering::SeqCst);
    server.gate.rechecks.send_replace(());
    let end = read_until(&mut stream, "event: complete").await;
    assert!(end.contains("UNAUTHENTICATED"), "{end}");
}

#[tokio::test]
async fn stop_ends_streams_without_complete() {
    let server = Server::plain().await;
    let mut stream = server
        .post(body("subscription { forever }"))
        .header("accept", STREAM)
        .send()
        .await
        .unwrap();
    read_until(&mut stream, "forever").await;
    let stopped = server.stop();
    let rest = timeout(PATIENCE, stream.text()).await.unwrap().unwrap();
    assert!(!rest.contains("complete"), "{rest}");
    timeout(PATIENCE, stopped).await.unwrap().unwrap().unwrap();
}
