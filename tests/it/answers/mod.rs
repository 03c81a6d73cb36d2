//! Agents that answer: workers, and a provider on this machine that is honest or not.

mod cancel;
mod echo;
mod faults;
mod lost;
mod made;
mod outage;
mod pool;
mod sent;
mod sharing;
mod testing;

use agentry_provider_testkit::FaultServer;
use serde_json::{Value, json};

use crate::api_connections::{create as connection, mutate};
use crate::support::{Caller, Server, until};

/// What servers with workers are told in these tests.
const WORKING: [&str; 4] = [
    "--run-workers=16",
    "--runs-per-minute=100000",
    "--provider-tries=1",
    "--titles=false",
];

/// A server with workers, whose connections may lead to `provider`.
pub(crate) async fn working(provider: &FaultServer, more: &[&str]) -> Server {
    let allow = format!("--allow-hosts={}", provider.allowed());
    Server::start_with(&flags(&[&[allow.as_str()], more].concat())).await
}

/// The usual flags and these, which come first.
pub(crate) fn flags<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let usual = WORKING
        .into_iter()
        .filter(|usual| more.iter().all(|flag| name(flag) != name(usual)));
    usual.chain(more.iter().copied()).collect()
}

/// A new agent of the caller's; its id.
pub(crate) async fn agent(caller: &Caller, more: Value) -> Value {
    let mut input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "model": "gpt-4o" });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let document = "mutation($input: CreateAgentInput!) { createAgent(input: $input) {
        ... on CreateAgentSuccess { agent { id } } ... on UserError { message } } }";
    let mut data = caller.query(document, json!({ "input": input })).await;
    data["createAgent"]["agent"]["id"].take()
}

/// A connection of the caller's to the provider, linked to their agent; its id.
pub(crate) async fn linked(
    caller: &Caller,
    provider: &FaultServer,
    agent: &Value,
    more: Value,
) -> Value {
    let mut input = json!({ "service": "openai", "baseUrl": provider.openai_url().as_str() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let id = connection(caller, "Main", input).await["id"].take();
    let pair = json!({ "agentId": agent, "apiConnectionId": id });
    let outcome = mutate(caller, "linkApiConnection", pair).await;
    assert_eq!(outcome["__typename"], "LinkApiConnectionSuccess");
    id
}

/// Somebody with an agent that the provider answers for.
pub(crate) async fn served(server: &Server, provider: &FaultServer) -> (Caller, Value) {
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({})).await;
    linked(&ada, provider, &helper, json!({})).await;
    (ada, helper)
}

/// What `sendMessage` answers.
pub(crate) async fn try_send(caller: &Caller, input: Value) -> Value {
    let document = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { __typename
        ... on SendMessageSuccess { message { id } run { id status } conversation { id title } }
        ... on ConnectionMissing { service } ... on UserError { message } } }";
    let mut data = caller.query(document, json!({ "input": input })).await;
    data["sendMessage"].take()
}

/// A message to an agent in a new conversation.
pub(crate) async fn send(caller: &Caller, agent: &Value, content: &str) -> Value {
    let sent = try_send(caller, json!({ "agentId": agent, "content": content })).await;
    assert_eq!(sent["__typename"], "SendMessageSuccess", "{sent}");
    sent
}

/// One more message in the same conversation.
pub(crate) async fn send_again(caller: &Caller, sent: &Value, content: &str) -> Value {
    let input = json!({ "conversationId": sent["conversation"]["id"], "content": content, "onBusy": "ENQUEUE" });
    let sent = try_send(caller, input).await;
    assert_eq!(sent["__typename"], "SendMessageSuccess", "{sent}");
    sent
}

/// A run as it is now.
pub(crate) async fn run(caller: &Caller, id: &Value) -> Value {
    let query = "query($id: ID!) { run(id: $id) {
        id status service model text stopReason errorCode errorMessage promptTokens completionTokens costMicros
        timeToFirstTokenMs startedAt finishedAt connection { id } reply { id content isCurrent parentId } replyId
        conversation { id title messages(first: 50) { nodes { id role content } } } } }";
    let mut data = caller.query(query, json!({ "id": id })).await;
    data["run"].take()
}

/// The run of what was sent, once it has ended.
pub(crate) async fn ended(caller: &Caller, sent: &Value) -> Value {
    let id = &sent["run"]["id"];
    until("the run has ended", || async {
        let run = run(caller, id).await;
        let ended = !matches!(run["status"].as_str(), Some("QUEUED" | "RUNNING"));
        ended.then_some(run)
    })
    .await
}

/// The run of what was sent, once it has said at least this much.
pub(crate) async fn having_said(caller: &Caller, sent: &Value, text: &str) -> Value {
    let id = &sent["run"]["id"];
    until("the run has said it", || async {
        let run = run(caller, id).await;
        let said = run["text"].as_str().unwrap_or_default().contains(text);
        said.then_some(run)
    })
    .await
}

/// What a failed or cancelled run kept.
fn kept(run: &Value) -> (&str, &str, &str) {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned().leak() as &str;
    (
        text(&run["status"]),
        text(&run["errorCode"]),
        text(&run["reply"]["content"]),
    )
}

/// How many rows these tables hold, as the superuser sees them.
async fn rows(server: &Server, table: &'static str) -> i64 {
    let mut root = server.database.root().await;
    let count = match table {
        "run_deltas" => "SELECT count(*) FROM run_deltas",
        "run_leases" => "SELECT count(*) FROM run_leases",
        other => panic!("{other}"),
    };
    sqlx::query_scalar(count)
        .fetch_one(&mut root)
        .await
        .unwrap()
}
