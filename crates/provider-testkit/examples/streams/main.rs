//! W7 of the benchmark: many replies at once, from a provider here to those who follow them here, through a server. As the provider
//! and the listeners are one process, one clock tells how long a token was on its way.
//!
//!     streams http://127.0.0.1:4317 500 20
//!
//! The server must let connections lead to this machine, and have as many workers. Those who ask are of `bench/streams.sql`.
//!
//! Prints `BEGIN` when every reply is under way and `END` as many seconds later; what is between is measured. Then
//! `RESULT replies tokens events seconds p50 p95 p99 longest wrong`, of the times in milliseconds. Wrong is each reply in which
//! not all tokens came once and in order, or that did not end well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool of the benchmark: it fails loudly, and prints what it measures"
)]

mod client;
mod listener;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use self::client::Caller;
use self::listener::Listener;
use self::talk::Talk;

/// How many ask at once before anything is measured.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, replies, seconds] = arguments.as_slice() else {
        panic!("streams URL REPLIES SECONDS")
    };
    let address = url.strip_prefix("http://").expect("http://").to_owned();
    let (replies, seconds) = (replies.parse().unwrap(), seconds.parse().unwrap());
    let talk = Talk::start(replies).await;
    let callers: Vec<Arc<Caller>> = (0..replies)
        .map(|number| Arc::new(Caller::new(&address, number)))
        .collect();
    let agents = stream::iter(&callers).map(|caller| agent(caller, talk.base_url()));
    let agents: Vec<Value> = agents.buffered(AT_ONCE).collect().await;

    let asked = stream::iter(callers.iter().zip(agents).enumerate());
    let asked = asked.map(|(number, (caller, agent))| {
        let talk = Arc::clone(&talk);
        async move {
            let run = ask(caller, &agent, number).await;
            let listener = Listener::new(Arc::clone(caller), run, talk, number);
            Ok::<_, ()>((listener.heard(), tokio::spawn(listener.listen())))
        }
    });
    let listeners: Vec<_> = asked.buffered(AT_ONCE).try_collect().await.unwrap();
    for (heard, _) in &listeners {
        let mut heard = heard.clone();
        heard.wait_for(|heard| *heard).await.unwrap();
    }
    println!("BEGIN");
    let window = talk.measure(Duration::from_secs(seconds)).await;
    println!("END");

    let (mut times, mut events, mut wrong) = (Vec::new(), 0, 0);
    for (_, listener) in listeners {
        let outcome = listener.await.unwrap();
        times.extend(outcome.times);
        events += outcome.events;
        wrong += usize::from(!outcome.is_whole);
    }
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 1_000).min(times.len().saturating_sub(1));
        milliseconds(times.get(place).copied().unwrap_or_default())
    };
    println!(
        "RESULT {replies} {} {events} {:.3} {} {} {} {} {wrong}",
        times.len(),
        window.as_secs_f64(),
        at(500),
        at(950),
        at(990),
        at(1_000)
    );
}

fn milliseconds(micros: u32) -> String {
    format!("{}.{}", micros / 1_000, micros % 1_000 / 100)
}

/// A new agent of the caller's that the provider here answers for.
async fn agent(caller: &Caller, base_url: String) -> Value {
    let made = |field: &'static str, ty: &str, selection: &str, input: Value| {
        let document = format!(
            "mutation($input: {ty}!) {{ {field}(input: $input) {{ __typename {selection} ... on UserError {{ message }} }} }}"
        );
        async move { caller.ask(&document, json!({ "input": input })).await[field].take() }
    };
    let input = json!({ "name": "Speaker", "systemPrompt": "Be kind.", "model": "gpt-4o" });
    let selection = "... on CreateAgentSuccess { agent { id } }";
    let agent = made("createAgent", "CreateAgentInput", selection, input).await;
    let input = json!({ "name": "Here", "service": "openai", "apiKey": "sk-0123456789abcdef", "baseUrl": base_url });
    let selection = "... on CreateApiConnectionSuccess { apiConnection { id } }";
    let connection = made(
        "createApiConnection",
        "CreateApiConnectionInput",
        selection,
        input,
    )
    .await;
    let id = &agent["agent"]["id"];
    let pair = json!({ "agentId": id, "apiConnectionId": connection["apiConnection"]["id"] });
    let linked = made("linkApiConnection", "LinkApiConnectionInput", "", pair).await;
    assert_eq!(
        linked["__typename"], "LinkApiConnectionSuccess",
        "{agent} {connection} {linked}"
    );
    id.clone()
}

/// Asks the agent for the answer of this number; the run.
async fn ask(caller: &Caller, agent: &Value, number: usize) -> Value {
    let document = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { __typename
        ... on SendMessageSuccess { run { id } } ... on UserError { message } } }";
    let input = json!({ "agentId": agent, "content": number.to_string() });
    let sent = caller.ask(document, json!({ "input": input })).await["sendMessage"].take();
    assert_eq!(sent["__typename"], "SendMessageSuccess", "{sent}");
    sent["run"]["id"].clone()
}
