//! Connections: slow ones, and the end of all.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::schema::PATIENCE;
use super::server::{Server, send};
use crate::http::{HttpOptions, Timeouts};

/// Sends bytes and reads until the server closes.
pub(super) async fn raw(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

fn hasty() -> HttpOptions {
    HttpOptions {
        timeouts: Timeouts {
            header: Duration::from_millis(300),
            drain: Duration::from_millis(300),
            ..Timeouts::default()
        },
        ..HttpOptions::default()
    }
}

#[tokio::test]
async fn slow_heads_are_cut_off() {
    let server = Server::start(hasty()).await;
    for slow in ["", "P", "PRI", "GET /livez HTTP/1.1\r\nhost: x\r\n"] {
        assert!(!raw(server.address, slow).await.contains("200"), "{slow}");
    }
}

#[tokio::test]
async fn idle_connections_are_cut_off() {
    let server = Server::start(hasty()).await;
    let answer = raw(server.address, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn http2_is_spoken_with_those_who_begin_so() {
    let server = Server::plain().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut frame = [0_u8; 9];
    timeout(PATIENCE, stream.read_exact(&mut frame))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame[3], 4, "the server's SETTINGS");
}

#[tokio::test]
async fn running_requests_end_before_the_server_does() {
    let server = Server::plain().await;
    let address = server.address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = r#"{"query":"{ hello }"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // The head is in, so the request has begun; an answered request before it shows that the server reads.
    assert_eq!(send(server.get("/livez")).await.status, 200);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..5]).await.unwrap();
    let mut probe = TcpStream::connect(address).await.unwrap();
    probe
        .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    probe.read_to_end(&mut Vec::new()).await.unwrap();
    let stopped = server.stop();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.contains("hello you"), "{answer}");
    timeout(PATIENCE, stopped).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn drain_has_an_end() {
    let server = Server::start(hasty()).await;
    let request = server.post(r#"{"query":"{ slow }"}"#);
    let running = tokio::spawn(request.send());
    while server.gate.seen.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    timeout(PATIENCE, server.stop())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    running.abort();
}
