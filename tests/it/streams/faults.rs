//! The database goes and comes back, words are lost, readers are slow: nothing of a reply is.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::client::{Came, Way, read};
use super::{Heard, REPLY, Stage, heard, listen, until_end, until_sequence};
use crate::support::{Database, PATIENCE, Proxy};

#[tokio::test]
async fn a_database_that_goes_and_comes_back_costs_an_open_stream_nothing() {
    let (proxy, through) = Proxy::before(&Database::copy().await);
    let stage = Stage::on(through, &["--acquire-timeout=300ms"]).await;
    let run = stage.running().await;
    let mut ears = [
        (
            listen(&stage.ada, Way::Socket, &run, 0).await,
            Heard::default(),
        ),
        (
            listen(&stage.elsewhere(), Way::Events, &run, 0).await,
            Heard::default(),
        ),
    ];
    stage.worker.say(&run, 1, "a").await;
    for (ear, heard) in &mut ears {
        until_sequence(ear, heard, 1).await;
    }
    for (sequence, pieces) in [(2, ["b", "c"]), (4, ["d", "e"])] {
        proxy.cut().await;
        stage.worker.say(&run, sequence, pieces[0]).await;
        proxy.restore();
        stage.worker.say(&run, sequence + 1, pieces[1]).await;
        for (ear, heard) in &mut ears {
            until_sequence(ear, heard, sequence + 1).await;
        }
    }
    proxy.cut().await;
    stage.worker.finish(&run, "abcdef", "completed").await;
    proxy.restore();
    for (ear, heard) in &mut ears {
        until_end(ear, heard).await;
        assert_eq!(heard.text, "abcdef");
    }
}

#[tokio::test]
async fn a_lost_listener_costs_an_open_stream_nothing() {
    const LISTENERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let stage = Stage::start().await;
    let run = stage.running().await;
    let mut ear = listen(&stage.ada, Way::Socket, &run, 0).await;
    let mut heard = Heard::default();
    stage.worker.say(&run, 1, "a").await;
    until_sequence(&mut ear, &mut heard, 1).await;
    let mut root = stage.server.database.root().await;
    let ended: i64 = sqlx::query_scalar(LISTENERS)
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(ended, 2);
    stage.worker.say(&run, 2, "b").await;
    until_sequence(&mut ear, &mut heard, 2).await;
    stage.worker.finish(&run, "abc", "completed").await;
    until_end(&mut ear, &mut heard).await;
    assert_eq!(heard.text, "abc");
}

#[tokio::test]
async fn the_end_of_a_run_is_found_though_nobody_told_of_it() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let mut ear = listen(&stage.ada, Way::Socket, &run, 0).await;
    let mut heard = Heard::default();
    stage.worker.say(&run, 1, "a").await;
    until_sequence(&mut ear, &mut heard, 1).await;
    stage.worker.finish_silently(&run, "ab", "failed").await;
    until_end(&mut ear, &mut heard).await;
    assert_eq!(heard.text, "ab");
}

/// Asks for the reply as an event stream over a connection that takes little by itself, and reads only the head.
async fn slow(stage: &Stage, run: &str) -> TcpStream {
    let address = stage.server.url.strip_prefix("http://").unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let body = json!({ "query": REPLY, "variables": { "run": run } }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        stage.ada.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = Vec::new();
    while !begun.ends_with(b":\n\n") {
        begun.push(stream.read_u8().await.unwrap());
    }
    stream
}

/// The answers in what is left of a chunked body.
fn answers(body: &[u8]) -> Vec<Value> {
    let mut rest = body;
    let mut text = Vec::new();
    // What was left of the chunk with the first comment.
    rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        text.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    let text = String::from_utf8(text).unwrap();
    let events = text.split_inclusive("\n\n").filter_map(read);
    events
        .filter_map(|came| match came {
            Came::Next(answer, _) => Some(answer),
            Came::Refused(errors) => Some(json!({ "errors": errors })),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_told_where_to_go_on_and_misses_nothing() {
    let stage = Stage::start_with(&["--slow-reader=300ms"]).await;
    let run = stage.running().await;
    let mut stream = slow(&stage, &run).await;
    let text = "👍🏽é".repeat(330_000);
    stage.worker.say_in_pieces(&run, &text, &[30_000]).await;
    stage.worker.finish(&run, &text, "completed").await;
    // One who keeps up has heard all by now, and the slow one was given up meanwhile.
    let quick = heard(&stage.ada, Way::Socket, &run, 0).await;
    assert!(quick.text == text);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let mut body = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut body)).await;
    read.unwrap().unwrap();
    let mut slowly = Heard::default();
    let mut answers = answers(&body);
    let error = answers.pop().unwrap()["errors"][0].take();
    for answer in answers {
        slowly.note(&answer);
    }
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{error}");
    assert_eq!(error["extensions"]["after"], slowly.sequence, "{error}");
    assert_eq!(error["extensions"]["retryAfter"], 1, "{error}");
    let rest = heard(&stage.ada, Way::Events, &run, slowly.sequence).await;
    assert!(slowly.text + &rest.text == text);
}
