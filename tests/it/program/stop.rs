//! A stop loses nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio::task::JoinSet;

use crate::support::{Agentry, Caller, Database, until, waiting_for_locks};

const CREATE: &str = "mutation($input: CreateAgentInput!) { createAgent(input: $input) {
    ... on CreateAgentSuccess { agent { name } } ... on UserError { message } } }";

/// Makes agents one after the other until the server is gone; the names it was told were made.
async fn write(caller: Caller, writer: usize, acknowledged: Arc<AtomicUsize>) -> Vec<String> {
    let mut made = Vec::new();
    loop {
        let name = format!("Writer {writer}, agent {}", made.len());
        let input = json!({ "name": name, "systemPrompt": "Be kind." });
        let Ok(answer) = caller.post(CREATE, json!({ "input": input })).send().await else {
            return made;
        };
        let Ok(answer) = answer.json::<Value>().await else {
            return made;
        };
        assert!(
            answer["data"]["createAgent"]["agent"]["name"] == name.as_str(),
            "{answer}"
        );
        made.push(name);
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn every_acknowledged_write_is_there_afterwards() {
    const WRITERS: usize = 8;
    let database = Database::copy().await;
    let running = Agentry::given(&database)
        .env("AGENTRY_MAX_AGENTS", "100000")
        .serve()
        .await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let caller = Caller::sign_up_at(&running.url, &format!("Writer {writer}")).await;
        writers.spawn(write(caller, writer, Arc::clone(&acknowledged)));
    }
    until("writes are acknowledged", || async {
        (acknowledged.load(Ordering::Relaxed) > 20 * WRITERS).then_some(())
    })
    .await;
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        !ended.stderr.contains("the drain time is over"),
        "{ended:?}"
    );
    let acknowledged: HashSet<String> = writers.join_all().await.into_iter().flatten().collect();
    let mut root = database.root().await;
    let stored: Vec<String> = sqlx::query_scalar("SELECT name FROM agents")
        .fetch_all(&mut root)
        .await
        .unwrap();
    let stored: HashSet<String> = stored.into_iter().collect();
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // One was under way on each connection at most, and not one more went through unanswered.
    assert!(stored.len() - acknowledged.len() <= WRITERS);
}

#[tokio::test]
async fn requests_in_flight_are_answered() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let mut root = database.root().await;
    let mut lock = root.begin().await.unwrap();
    sqlx::query("LOCK TABLE agents IN EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let mut requests = JoinSet::new();
    for number in 0..3 {
        let ada = ada.clone();
        requests.spawn(async move {
            super::create_agent(&ada, &format!("In flight {number}")).await;
        });
    }
    // Of one organisation, the first waits for the table and the others for the first.
    waiting_for_locks(&database, 3).await;
    running.signal(Signal::TERM);
    until("no connection is taken any more", || async {
        let probe = reqwest::get(format!("{}/livez", running.url)).await;
        probe.is_err().then_some(())
    })
    .await;
    lock.rollback().await.unwrap();
    requests.join_all().await;
    let ended = running.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM agents")
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(stored, 3);
}
