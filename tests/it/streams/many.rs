//! A thousand who follow one reply.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Barrier, Mutex};

use super::{Heard, REPLY, Stage};
use crate::support::{Database, Socket, until};

const SOCKETS: usize = 20;
const EACH: usize = 50;
const PIECES: usize = 20;

/// Listens with all subscriptions of a socket, until each has heard of the beginning, and then to the end.
async fn listen(mut socket: Socket, run: String, begun: Arc<Barrier>) -> Vec<Heard> {
    let mut all: HashMap<String, Heard> = HashMap::new();
    for n in 0..EACH {
        let id = n.to_string();
        socket.subscribe(&id, REPLY, json!({ "run": run })).await;
        all.insert(id, Heard::default());
    }
    let note = |message: &Value, all: &mut HashMap<String, Heard>| {
        assert_eq!(message["type"], "next", "{message}");
        let heard = all.get_mut(message["id"].as_str().unwrap()).unwrap();
        heard.note(&message["payload"]);
    };
    while all.values().any(|heard| heard.sequence == 0) {
        note(&socket.hear().await, &mut all);
    }
    begun.wait().await;
    let mut over = 0;
    while over < EACH {
        let message = socket.hear().await;
        if message["type"] == "complete" {
            over += 1;
        } else {
            note(&message, &mut all);
        }
    }
    all.into_values().collect()
}

/// How often the table of runs was read from. Sessions hand their counts in when they end, so they are ended first.
async fn readings(database: &Database) -> i64 {
    const OTHERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let root = Mutex::new(database.root().await);
    until("all sessions have ended", || async {
        let mut root = root.lock().await;
        let others: i64 = sqlx::query_scalar(OTHERS)
            .fetch_one(&mut *root)
            .await
            .unwrap();
        (others == 0).then_some(())
    })
    .await;
    sqlx::query_scalar("SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'runs'")
        .fetch_one(&mut *root.lock().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_follow_one_reply_share_its_reading() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let begun = Arc::new(Barrier::new(SOCKETS + 1));
    let mut listeners = Vec::new();
    for _ in 0..SOCKETS {
        let socket = Socket::open(&stage.ada).await;
        listeners.push(tokio::spawn(listen(
            socket,
            run.clone(),
            Arc::clone(&begun),
        )));
    }
    stage.worker.say(&run, 1, "0").await;
    begun.wait().await;
    let mut text = "0".to_owned();
    for n in 1..=PIECES {
        text.push_str(&n.to_string());
        stage.worker.say(&run, text.len(), &n.to_string()).await;
    }
    stage.worker.finish(&run, &text, "completed").await;
    let mut count = 0;
    for listener in listeners {
        for heard in listener.await.unwrap() {
            assert_eq!(heard.text, text);
            count += 1;
        }
    }
    assert_eq!(count, SOCKETS * EACH);
    let Stage {
        server, replica, ..
    } = stage;
    let database = server.database.clone();
    drop((server, replica));
    let readings = readings(&database).await;
    // A few for each piece, the writer's own among them, where each by itself would take 20,000.
    assert!(readings < 2_000, "{readings}");
}
