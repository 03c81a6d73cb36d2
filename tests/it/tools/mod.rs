//! Tools: defined with an agent, called by its model, carried out by nobody here.

mod approval;
mod branches;
mod calls;
mod define;
mod exports;
mod providers;
mod races;
mod refusals;
mod templates;

use serde_json::{Value, json};

use crate::conversations::mutate;
use crate::support::{Caller, Server, until};

const RUN: &str =
    "run { id status stopReason errorCode messageId replyId agentVersion reply { id } }";
const CALLS: &str = "toolCalls { id name arguments problem requiresApproval status result { id content toolOutcome } }";

/// A server with workers.
async fn working() -> Server {
    Server::start_with(&[
        "--run-workers=16",
        "--runs-per-minute=100000",
        "--provider-tries=1",
        "--titles=false",
    ])
    .await
}

/// `look` takes where, `pay` asks first, and `rest` takes nothing.
fn tools() -> Value {
    json!([
        { "name": "look", "description": "Looks somewhere.", "parameters": {
            "type": "object", "required": ["at"], "additionalProperties": false, "properties": { "at": { "type": "string" } } } },
        { "name": "pay", "requiresApproval": true, "parameters": {
            "type": "object", "properties": { "amount": { "type": "number" } } } },
        { "name": "rest" },
    ])
}

/// A new agent with these tools that answers by itself; its id.
async fn echo(caller: &Caller) -> String {
    agent(caller, json!({ "model": "echo" })).await
}

/// A new agent with these tools; its id.
async fn agent(caller: &Caller, more: Value) -> String {
    let mut input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "tools": tools() });
    let more = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(more);
    let made = mutate(caller, "createAgent", "agent { id }", input).await;
    text(&made["agent"]["id"])
}

/// Says something in a new conversation with this agent, or in an old one; what was sent, once its run has ended.
async fn say(caller: &Caller, to: Value, content: &str) -> Sent {
    let mut input = json!({ "content": content });
    let to = to.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(to);
    let fields = format!("message {{ id }} conversation {{ id }} {RUN}");
    let sent = mutate(caller, "sendMessage", &fields, input).await;
    assert_eq!(sent["__typename"], "SendMessageSuccess", "{sent}");
    let run = ended(caller, &sent["run"]).await;
    Sent {
        conversation: text(&sent["conversation"]["id"]),
        message: text(&sent["message"]["id"]),
        reply: text(&run["replyId"]),
        run,
    }
}

struct Sent {
    conversation: String,
    message: String,
    /// The reply.
    reply: String,
    run: Value,
}

/// A run, once it has ended.
async fn ended(caller: &Caller, run: &Value) -> Value {
    let query = format!(
        "query($id: ID!) {{ {} }}",
        RUN.replacen("run", "run(id: $id)", 1)
    );
    until("the run has ended", || async {
        let mut data = caller.query(&query, json!({ "id": run["id"] })).await;
        let run = data["run"].take();
        let is_going = matches!(run["status"].as_str(), Some("QUEUED" | "RUNNING"));
        (!is_going).then_some(run)
    })
    .await
}

/// A message as it is now.
async fn message(caller: &Caller, id: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ message(id: $id) {{ id role content parentId isCurrent toolCallId toolOutcome agentVersion {CALLS} }} }}"
    );
    caller.query(&query, json!({ "id": id })).await["message"].take()
}

/// How far the calls of a message have come.
async fn states(caller: &Caller, id: &str) -> Vec<String> {
    let message = message(caller, id).await;
    let calls = message["toolCalls"].as_array().unwrap().iter();
    calls.map(|call| text(&call["status"])).collect()
}

/// The ids of the calls of a message.
async fn ids(caller: &Caller, id: &str) -> Vec<String> {
    let message = message(caller, id).await;
    let calls = message["toolCalls"].as_array().unwrap().iter();
    calls.map(|call| text(&call["id"])).collect()
}

/// Tells what came of calls: pairs of a call and what is said of it.
async fn submit(caller: &Caller, message: &str, results: &[(&str, &str)]) -> Value {
    let results = results
        .iter()
        .map(|(call, content)| json!({ "toolCallId": call, "content": content }));
    let results: Value = results.collect();
    submit_with(caller, json!({ "messageId": message, "results": results })).await
}

async fn submit_with(caller: &Caller, input: Value) -> Value {
    let fields = format!(
        "message {{ id {CALLS} }} results {{ id role content parentId toolCallId toolOutcome }} {RUN} conversation {{ id }}"
    );
    outcome(caller, "submitToolResults", &fields, input).await
}

/// Decides on calls: pairs of a call and the decision.
async fn decide(caller: &Caller, message: &str, decisions: &[(&str, &str)]) -> Value {
    let decisions = decisions
        .iter()
        .map(|(call, decision)| json!({ "toolCallId": call, "decision": decision }));
    let decisions: Value = decisions.collect();
    decide_with(
        caller,
        json!({ "messageId": message, "decisions": decisions }),
    )
    .await
}

async fn decide_with(caller: &Caller, input: Value) -> Value {
    let fields = format!(
        "message {{ id {CALLS} }} denials {{ id role content toolCallId toolOutcome }} {RUN}"
    );
    outcome(caller, "decideToolCalls", &fields, input).await
}

/// A mutation with what each kind of outcome says.
async fn outcome(caller: &Caller, field: &str, success: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let noun = format!("{}{rest}", first.to_uppercase());
    let document = format!(
        "mutation($input: {noun}Input!) {{ {field}(input: $input) {{ __typename ... on {noun}Success {{ {success} }}
           ... on UserError {{ message }} ... on ValidationFailed {{ fields {{ path }} }} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// What is shown of a conversation: role and content of each message.
async fn shown(caller: &Caller, conversation: &str) -> Vec<(String, String)> {
    let query = "query($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes { role content } } } }";
    let data = caller.query(query, json!({ "id": conversation })).await;
    let nodes = data["conversation"]["messages"]["nodes"].as_array();
    let nodes = nodes.unwrap().iter();
    nodes
        .map(|node| (text(&node["role"]), text(&node["content"])))
        .collect()
}

fn kind(outcome: &Value) -> &str {
    outcome["__typename"].as_str().unwrap()
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
