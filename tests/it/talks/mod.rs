//! What people expect of their conversations: to search in them, to fork them, to take them away.

use serde_json::{Value, json};

use crate::conversations::mutate;
use crate::support::Caller;

mod export;
mod fork;
mod index;
mod search;

/// Adds a message; its id.
async fn say(caller: &Caller, conversation: &str, role: &str, content: &str) -> String {
    let input = json!({ "conversationId": conversation, "role": role, "content": content });
    let added = mutate(
        caller,
        "appendMessage",
        "message: appendedMessage { id }",
        input,
    )
    .await;
    let id = added["message"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{added}")).to_owned()
}

const SEARCH: &str =
    "query($query: String!, $filter: MessageSearchFilterInput, $first: Int, $after: String) {
  searchMessages(query: $query, filter: $filter, first: $first, after: $after) {
    edges { cursor node { id content } conversation { id title } snippet highlights { start end } }
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// What is found: each message's content.
async fn found(caller: &Caller, query: &str, filter: Value) -> Vec<String> {
    let variables = json!({ "query": query, "filter": filter });
    let data = caller.query(SEARCH, variables).await;
    let edges = data["searchMessages"]["edges"].as_array().unwrap();
    let content = |edge: &Value| edge["node"]["content"].as_str().unwrap().to_owned();
    edges.iter().map(content).collect()
}
