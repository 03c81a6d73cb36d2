//! The program itself: how it starts, refuses, stops, and what its commands do.

mod catalogue;
mod doctor;
mod keys;
mod lifecycle;
mod migrate;
mod refusal;
mod schema;
mod seed;
mod settings;
mod stop;
mod tour;
mod whatsapp_tour;

use serde_json::{Value, json};

use crate::support::{Caller, Ended};

/// Makes an agent of this name.
async fn create_agent(caller: &Caller, name: &str) -> Value {
    let document = "mutation($input: CreateAgentInput!) { createAgent(input: $input) {
        ... on CreateAgentSuccess { agent { id name } } ... on UserError { message } } }";
    let input = json!({ "name": name, "systemPrompt": "Be kind." });
    let data = caller.query(document, json!({ "input": input })).await;
    assert_eq!(data["createAgent"]["agent"]["name"], name, "{data}");
    data["createAgent"]["agent"]["id"].clone()
}

/// The names of the agents that this caller sees.
async fn agent_names(caller: &Caller) -> Vec<String> {
    let data = caller
        .query("{ agents(first: 100) { nodes { name } } }", json!({}))
        .await;
    let nodes = data["agents"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

/// What the program says at its end, which must be one line on the error stream and nothing else but log lines.
fn sentence(ended: &Ended) -> &str {
    let mut said = ended.stderr.lines().filter(|line| !line.starts_with('{'));
    let sentence = said.next().unwrap_or_else(|| panic!("{ended:?}"));
    assert_eq!(said.next(), None, "{ended:?}");
    sentence.strip_prefix("agentry: ").unwrap()
}
