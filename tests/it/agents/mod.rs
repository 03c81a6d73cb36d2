//! Agents.

mod bounds;
mod changes;
mod idempotency;
mod lists;
mod nodes;
mod pages;
mod sharing;

use serde_json::{Value, json};

use crate::support::{Caller, Server};

const FIELDS: &str = "id ownerId name description systemPrompt model temperature maxTokens visibility createdAt updatedAt";

/// Sends a mutation with one `input`; its result.
async fn mutate(caller: &Caller, field: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let noun = format!("{}{rest}", first.to_uppercase());
    let success = match field {
        "deleteAgent" => "deletedAgentId".to_owned(),
        "transferAgent" => "agentId newOwnerId".to_owned(),
        _ => format!("agent {{ {FIELDS} }}"),
    };
    let fields = if field == "deleteAgent" {
        ""
    } else {
        "... on ValidationFailed { fields { path message } }"
    };
    let document = format!(
        "mutation($input: {noun}Input!) {{ {field}(input: $input) {{ __typename
           ... on {noun}Success {{ {success} }}
           ... on UserError {{ message }} {fields} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// What `field` calls the outcome of this input.
async fn outcome(caller: &Caller, field: &str, input: Value) -> String {
    let result = mutate(caller, field, input).await;
    result["__typename"].as_str().unwrap().to_owned()
}

/// The paths of the input fields that `field` refuses in this input.
async fn refused(caller: &Caller, field: &str, input: Value) -> Vec<String> {
    let result = mutate(caller, field, input).await;
    assert_eq!(result["__typename"], "ValidationFailed", "{result}");
    let fields = result["fields"].as_array().unwrap();
    fields
        .iter()
        .map(|field| field["path"][0].as_str().unwrap().to_owned())
        .collect()
}

/// The agent as `caller` reads it; null when they may not.
async fn read(caller: &Caller, id: &Value) -> Value {
    let document = format!("query($id: ID!) {{ agent(id: $id) {{ {FIELDS} }} }}");
    caller.query(&document, json!({ "id": id })).await["agent"].take()
}

async fn create(caller: &Caller, name: &str) -> Value {
    let made = mutate(
        caller,
        "createAgent",
        json!({ "name": name, "systemPrompt": "Be kind." }),
    )
    .await;
    assert_eq!(made["__typename"], "CreateAgentSuccess", "{made}");
    made["agent"].clone()
}

async fn names(caller: &Caller, arguments: &str) -> Vec<String> {
    let data = caller
        .query(
            &format!("{{ agents{arguments} {{ nodes {{ name }} }} }}"),
            json!({}),
        )
        .await;
    let nodes = data["agents"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_name_and_a_prompt_are_enough() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let agent = create(&ada, "Helper").await;
    assert_eq!(agent["model"], "gpt-3.5-turbo");
    assert_eq!(agent["temperature"], 0.7);
    assert_eq!(agent["maxTokens"], Value::Null);
    assert_eq!(agent["visibility"], "PRIVATE");
    assert_eq!(agent["ownerId"], ada.user_id);
    assert_eq!(read(&ada, &agent["id"]).await, agent);
}

#[tokio::test]
async fn foreign_agent_reads_as_missing_everywhere() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let id = create(&ada, "Secret").await["id"].clone();
    let missing = json!("tz4a98xxat96iws9zmbrgj3a");
    for id in [&id, &missing] {
        let read = "query($id: ID!) { agent(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }";
        let read = bob.query(read, json!({ "id": id })).await;
        assert_eq!(
            read,
            json!({ "agent": null, "node": null, "nodes": [null] })
        );
        for (field, input) in [
            ("updateAgent", json!({ "id": id, "name": "Mine" })),
            ("deleteAgent", json!({ "id": id })),
            ("duplicateAgent", json!({ "id": id })),
            (
                "transferAgent",
                json!({ "id": id, "newOwnerId": bob.user_id }),
            ),
        ] {
            let outcome = mutate(&bob, field, input).await;
            assert_eq!(outcome["__typename"], "NotFound", "{field}: {outcome}");
        }
    }
    assert_eq!(names(&ada, "").await, ["Secret"]);
    assert!(names(&bob, "").await.is_empty());
}
