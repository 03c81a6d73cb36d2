//! `graphql-transport-ws`, message by message.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::schema::PATIENCE;
use super::server::Server;
use crate::http::{HttpOptions, SocketLimits};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

async fn try_connect(server: &Server, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/graphql", server.address)
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(*name, HeaderValue::from_str(value).unwrap());
    }
    connect_async(request)
        .await
        .map(|(stream, _)| Socket(stream))
}

const OURS: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

async fn connect(server: &Server) -> Socket {
    try_connect(server, &[OURS]).await.unwrap()
}

async fn ready(server: &Server, payload: Value) -> Socket {
    let mut socket = connect(server).await;
    socket
        .say(json!({"type": "connection_init", "payload": payload}))
        .await;
    assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
    socket
}

impl Socket {
    async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({"type": "subscribe", "id": id, "payload": {"query": query}}))
            .await;
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next())
            .await
            .expect("a message in time")
            .unwrap()
            .unwrap()
    }

    /// The next message of the protocol. Pings in between do not keep the test waiting.
    async fn hear(&mut self) -> Value {
        timeout(PATIENCE, self.hear_for_ever())
            .await
            .expect("a message in time")
    }

    async fn hear_for_ever(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code the server closes with.
    async fn closed(&mut self) -> (u16, String) {
        timeout(PATIENCE, self.closed_some_day())
            .await
            .expect("a close in time")
    }

    async fn closed_some_day(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.unwrap();
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }
}

fn with(change: impl FnOnce(&mut SocketLimits)) -> HttpOptions {
    let mut options = HttpOptions::default();
    change(&mut options.sockets);
    options
}

#[tokio::test]
async fn operations_of_every_kind_run_side_by_side() {
    let server = Server::plain().await;
    let mut socket = ready(
        &server,
        json!({"authorization": "Bearer good", "X-Organization-Id": "org1"}),
    )
    .await;
    socket.subscribe("f", "subscription { forever }").await;
    assert_eq!(
        socket.hear().await,
        json!({"id": "f", "type": "next", "payload": {"data": {"forever": 1}}})
    );
    socket.subscribe("q", "{ me organization }").await;
    let expected = json!({"data": {"me": "ann", "organization": "org1"}});
    assert_eq!(
        socket.hear().await,
        json!({"id": "q", "type": "next", "payload": expected})
    );
    assert_eq!(socket.hear().await, json!({"id": "q", "type": "complete"}));
    socket.subscribe("q", "mutation { bump }").await;
    assert_eq!(socket.hear().await["payload"], json!({"data": {"bump": 1}}));
    assert_eq!(socket.hear().await["type"], "complete");
    socket.subscribe("c", "subscription { count(to: 2) }").await;
    for expected in ["next", "next", "complete"] {
        let message = socket.hear().await;
        assert_eq!(
            (message["id"].as_str(), message["type"].as_str()),
            (Some("c"), Some(expected))
        );
    }
    socket.say(json!({"type": "complete", "id": "f"})).await;
    socket
        .say(json!({"type": "complete", "id": "unknown"}))
        .await;
    socket.subscribe("f", "subscription { forever }").await;
    assert_eq!(
        socket.hear().await["payload"]["data"]["forever"],
        1,
        "the id is free again"
    );
}

#[tokio::test]
async fn what_was_not_executed_is_an_error_message() {
    let server = Server::plain().await;
    let mut socket = ready(&server, json!({})).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            "QUERY_TOO_COMPLEX",
        ),
        ("{ panics }", "INTERNAL"),
    ] {
        socket.subscribe("1", query).await;
        let message = socket.hear().await;
        assert_eq!(
            (message["id"].as_str(), message["type"].as_str()),
            (Some("1"), Some("error")),
            "{query}"
        );
        assert_eq!(
            message["payload"][0]["extensions"]["code"], code,
            "{message}"
        );
    }
    socket.subscribe("2", "{ maybe }").await;
    let message = socket.hear().await;
    assert_eq!(
        (message["type"].as_str(), message["payload"]["data"].clone()),
        (Some("next"), json!({"maybe": null}))
    );
    assert_eq!(socket.hear().await, json!({"id": "2", "type": "complete"}));
}

#[tokio::test]
async fn panic_in_a_subscription_is_an_error_message() {
    let server = Server::plain().await;
    let mut socket = ready(&server, json!({})).await;
    socket.subscribe("1", "subscription { broken }").await;
    assert_eq!(socket.hear().await["type"], "next");
    let message = socket.hear().await;
    assert_eq!(
        (
            message["type"].as_str(),
            message["payload"][0]["extensions"]["code"].as_str()
        ),
        (Some("error"), Some("INTERNAL"))
    );
    assert!(!message.to_string().contains("canary"));
}

#[tokio::test]
async fn pings_are_answered_at_any_time() {
    let server = Server::plain().await;
    let mut socket = connect(&server).await;
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong"}));
    socket
        .say(json!({"type": "ping", "payload": {"n": 1}}))
        .await;
    assert_eq!(
        socket.hear().await,
        json!({"type": "pong", "payload": {"n": 1}})
    );
    socket.say(json!({"type": "pong"})).await;
    socket.say(json!({"type": "connection_init"})).await;
    assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
}

#[tokio::test]
async fn broken_rules_have_their_close_codes() {
    let server = Server::plain().await;
    let mut socket = connect(&server).await;
    socket.subscribe("1", "{ hello }").await;
    assert_eq!(socket.closed().await, (4401, "Unauthorized".into()));

    let mut socket = ready(&server, json!({})).await;
    socket.say(json!({"type": "connection_init"})).await;
    assert_eq!(
        socket.closed().await,
        (4429, "Too many initialisation requests".into())
    );

    let mut socket = ready(&server, json!({})).await;
    socket.subscribe("x", "subscription { forever }").await;
    socket.subscribe("x", "{ hello }").await;
    assert_eq!(
        socket.closed().await,
        (4409, "Subscriber for x already exists".into())
    );

    for malformed in [
        "nonsense",
        "{}",
        r#"{"type":"start"}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[1]}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ hello }","operationName":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
    ] {
        let mut socket = ready(&server, json!({})).await;
        socket.0.send(Message::text(malformed)).await.unwrap();
        assert_eq!(socket.closed().await.0, 4400, "{malformed}");
    }
    let mut socket = ready(&server, json!({})).await;
    socket
        .0
        .send(Message::binary(b"{}".to_vec()))
        .await
        .unwrap();
    assert_eq!(socket.closed().await.0, 4400);
}

#[tokio::test]
async fn refused_credentials_close() {
    let server = Server::plain().await;
    for (credential, code) in [
        ("Bearer bad", 4403),
        ("Bearer outsider", 4403),
        ("Bearer away", 1013),
        ("Bearer broken", 4500),
    ] {
        let mut socket = connect(&server).await;
        socket
            .say(json!({"type": "connection_init", "payload": {"Authorization": credential}}))
            .await;
        assert_eq!(socket.closed().await.0, code, "{credential}");
    }
}

#[tokio::test]
async fn subprotocol_must_be_ours() {
    let server = Server::plain().await;
    let mut socket = try_connect(&server, &[]).await.unwrap();
    assert_eq!(
        socket.closed().await,
        (4406, "Subprotocol not acceptable".into())
    );
}

#[tokio::test]
async fn init_must_come_in_time() {
    let server = Server::start(with(|sockets| sockets.init = Duration::from_millis(50))).await;
    let mut socket = connect(&server).await;
    assert_eq!(
        socket.closed().await,
        (4408, "Connection initialisation timeout".into())
    );
}

#[tokio::test]
async fn cookie_of_the_handshake_counts_from_trusted_pages_only() {
    let server = Server::plain().await;
    let own = format!("http://{}", server.address);
    let mut socket = try_connect(
        &server,
        &[OURS, ("cookie", "session=good"), ("origin", &own)],
    )
    .await
    .unwrap();
    socket.say(json!({"type": "connection_init"})).await;
    socket.hear().await;
    socket.subscribe("1", "{ me }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["me"], "ann");
    let foreign = try_connect(
        &server,
        &[
            OURS,
            ("cookie", "session=good"),
            ("origin", "https://evil.example"),
        ],
    )
    .await;
    let Err(Error::Http(response)) = foreign else {
        panic!("a foreign page got a socket")
    };
    assert_eq!(response.status().as_u16(), 403);
    let mut without = try_connect(&server, &[OURS, ("origin", "https://evil.example")])
        .await
        .unwrap();
    without
        .say(json!({"type": "connection_init", "payload": {"authorization": "Bearer good"}}))
        .await;
    assert_eq!(without.hear().await["type"], "connection_ack");
}

#[tokio::test]
async fn operations_sockets_and_messages_are_capped() {
    let server = Server::start(with(|sockets| {
        sockets.operations = 1;
        sockets.per_user = 1;
        sockets.message_bytes = 1_000;
    }))
    .await;
    let good = json!({"authorization": "Bearer good"});
    let mut first = ready(&server, good.clone()).await;
    first.subscribe("1", "subscription { forever }").await;
    first.hear().await;
    first.subscribe("2", "{ hello }").await;
    let message = first.hear().await;
    assert_eq!(
        (
            message["type"].as_str(),
            message["payload"][0]["extensions"]["code"].as_str()
        ),
        (Some("error"), Some("RATE_LIMITED"))
    );
    let mut second = connect(&server).await;
    second
        .say(json!({"type": "connection_init", "payload": good}))
        .await;
    assert_eq!(
        second.closed().await,
        (4429, "Too many open sockets".into())
    );
    first.subscribe("3", &"x".repeat(2_000)).await;
    assert_eq!(first.closed().await.0, 1009);
    drop(first);
    ready(&server, json!({})).await;
}

#[tokio::test]
async fn credential_is_checked_again_and_the_socket_pinged() {
    let server = Server::start(with(|sockets| {
        sockets.recheck = Duration::from_millis(250);
        sockets.keep_alive = Duration::from_millis(100);
    }))
    .await;
    let mut socket = ready(&server, json!({"authorization": "Bearer good"})).await;
    assert!(matches!(socket.next().await, Message::Ping(_)));
    server.gate.revoked.store(true, Ordering::SeqCst);
    assert_eq!(socket.closed().await, (4403, "Forbidden".into()));
}

#[tokio::test]
async fn word_of_a_revocation_closes_the_socket_at_once_and_false_alarms_do_not() {
    let server = Server::start(with(|sockets| sockets.recheck = Duration::from_hours(1))).await;
    let mut socket = ready(&server, json!({"authorization": "Bearer good"})).await;
    server.gate.rechecks.send_replace(());
    socket.subscribe("1", "{ hello }").await;
    assert_eq!(socket.hear().await["type"], "next");
    server.gate.revoked.store(true, Ordering::SeqCst);
    server.gate.rechecks.send_replace(());
    assert_eq!(socket.closed().await, (4403, "Forbidden".into()));
}

#[tokio::test]
async fn nothing_runs_on_a_credential_that_is_no_longer_good() {
    let server = Server::plain().await;
    let mut socket = ready(&server, json!({"authorization": "Bearer good"})).await;
    server.gate.revoked.store(true, Ordering::SeqCst);
    for operation in ["{ hello }", "mutation { bump }"] {
        socket.subscribe("1", operation).await;
        let message = socket.hear().await;
        assert_eq!(message["type"], "error", "{message}");
        let code = &message["payload"][0]["extensions"]["code"];
        assert_eq!(code, "UNAUTHENTICATED", "{message}");
    }
    server.gate.revoked.store(false, Ordering::SeqCst);
    socket.subscribe("1", "mutation { bump }").await;
    assert_eq!(socket.hear().await["payload"], json!({"data": {"bump": 1}}));
}

#[tokio::test]
async fn silent_socket_is_dropped() {
    let server = Server::start(with(|sockets| {
        sockets.keep_alive = Duration::from_millis(100);
    }))
    .await;
    let mut socket = ready(&server, json!({})).await;
    // Below the WebSocket, where nothing answers pings.
    let MaybeTlsStream::Plain(stream) = socket.0.get_mut() else {
        panic!("not plain")
    };
    let mut frames = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut frames))
        .await
        .expect("the server lets go");
    assert!(
        frames.starts_with(&[0x89, 0x00]),
        "a ping came first: {frames:?}"
    );
}

#[tokio::test]
async fn stop_closes_with_going_away() {
    let server = Server::plain().await;
    let mut socket = ready(&server, json!({})).await;
    let stopped = server.stop();
    assert_eq!(socket.closed().await, (1001, "Going away".into()));
    timeout(PATIENCE, stopped).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn close_of_the_client_is_answered() {
    let server = Server::plain().await;
    let mut socket = ready(&server, json!({})).await;
    socket.subscribe("1", "subscription { forever }").await;
    socket.hear().await;
    let normal = CloseFrame {
        code: CloseCode::Normal,
        reason: "bye".into(),
    };
    socket.0.close(Some(normal)).await.unwrap();
    assert_eq!(socket.closed().await.0, 1000);
    let end = timeout(PATIENCE, socket.0.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
}
