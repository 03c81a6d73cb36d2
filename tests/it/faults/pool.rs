//! No connection is free.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;

use super::{Answer, agents, create_agent, lock_agents, names};
use crate::conversations::{agent, conversation};
use crate::support::{Caller, Server, waiting_for_locks};

#[tokio::test]
async fn an_exhausted_pool_is_a_bounded_wait_and_then_unavailable() {
    let server = Server::start_with(&["--pool-size=1", "--acquire-timeout=200ms"]).await;
    let ada = server.sign_up("Ada").await;
    let mut root = server.database.root().await;
    let lock = lock_agents(&mut root).await;
    let holding = tokio::spawn(Answer::to(create_agent(&ada, "Held")));
    waiting_for_locks(&server.database, 1).await;

    let asked = Instant::now();
    let refused = Answer::to(agents(&ada)).await;
    let waited = asked.elapsed();
    refused.assert_unavailable();
    assert!(waited >= Duration::from_millis(200), "{waited:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");

    lock.rollback().await.unwrap();
    holding.await.unwrap().assert_made("Held");
    assert_eq!(names(&ada).await, ["Held"]);
}

/// Ada's second session, opened, and ended, by a request that came with her first.
#[tokio::test]
async fn whoever_is_signed_in_can_sign_in_and_out_while_one_connection_serves_everyone() {
    let server = Server::start_with(&["--pool-size=1"]).await;
    let ada = server.sign_up("Ada").await;
    let enter = format!(
        "mutation {{
           up: signUp(input: {{ name: \"Bob\", email: \"bob@example.com\", password: \"{password}\" }}) {{ __typename }}
           in: signIn(input: {{ email: \"ada@example.com\", password: \"{password}\" }}) {{ __typename }}
           out: signOut {{ __typename }} }}",
        password = Caller::PASSWORD
    );
    let data = ada.query(&enter, json!({})).await;
    assert_eq!(data["up"]["__typename"], "SignedIn");
    assert_eq!(data["in"]["__typename"], "SignedIn");
    assert_eq!(data["out"]["__typename"], "SignOutSuccess");
}

#[tokio::test]
async fn who_does_not_read_an_answer_keeps_no_connection() {
    let server = Server::start_with(&["--pool-size=1"]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Helper", "PRIVATE").await;
    let conversation = conversation(&ada, &helper).await;
    // More than the sockets between the two take in by themselves.
    let input =
        json!({ "conversationId": conversation, "role": "USER", "content": "x".repeat(100_000) });
    let append =
        "mutation($input: AppendMessageInput!) { appendMessage(input: $input) { __typename } }";
    for _ in 0..20 {
        ada.query(append, json!({ "input": input })).await;
    }
    let aliases: Vec<String> = (0..16)
        .map(|n| format!("m{n}: messages(first: 20) {{ nodes {{ content }} }}"))
        .collect();
    let aliases = aliases.join(" ");
    let document = format!("query($id: ID!) {{ conversation(id: $id) {{ {aliases} }} }}");
    let mut unread = ada
        .post(&document, json!({ "id": conversation }))
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    let mut begun = Vec::new();
    while !begun.ends_with(b"xxx") {
        let chunk = timeout(Duration::from_secs(30), unread.chunk()).await;
        begun.extend(chunk.unwrap().unwrap().expect("an event"));
    }
    assert_eq!(names(&ada).await, ["Helper"]);
    drop(unread);
}
