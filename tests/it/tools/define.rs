//! Tools are defined with an agent, and are a part of its versions.

use serde_json::{Value, json};

use super::{agent, outcome, tools};
use crate::conversations::mutate;
use crate::support::{Caller, Server};

const TOOLS: &str = "agent { id version tools { name description parameters requiresApproval } }";

async fn update(caller: &Caller, id: &str, tools: Value) -> Value {
    let input = json!({ "id": id, "tools": tools });
    mutate(caller, "updateAgent", TOOLS, input).await["agent"].take()
}

#[tokio::test]
async fn tools_are_kept_as_they_are_given_and_completed() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "tools": tools() });
    let made = mutate(&ada, "createAgent", TOOLS, input).await;
    let given = tools();
    assert_eq!(
        made["agent"]["tools"],
        json!([
            { "name": "look", "description": "Looks somewhere.", "parameters": given[0]["parameters"], "requiresApproval": false },
            { "name": "pay", "description": null, "parameters": given[1]["parameters"], "requiresApproval": true },
            { "name": "rest", "description": null, "parameters": { "type": "object", "properties": {} }, "requiresApproval": false },
        ]),
        "{made}"
    );
    let id = made["agent"]["id"].as_str().unwrap();
    let copy = mutate(&ada, "duplicateAgent", TOOLS, json!({ "id": id })).await;
    assert_eq!(copy["agent"]["tools"], made["agent"]["tools"]);
    for (changed, expected) in [
        (json!([{ "name": "rest" }]), 1),
        (json!([]), 0),
        (tools(), 3),
        (Value::Null, 0),
    ] {
        let agent = update(&ada, id, changed).await;
        assert_eq!(
            agent["tools"].as_array().unwrap().len(),
            expected,
            "{agent}"
        );
    }
    let renamed = mutate(
        &ada,
        "updateAgent",
        TOOLS,
        json!({ "id": id, "name": "New" }),
    )
    .await;
    assert_eq!(renamed["agent"]["tools"], json!([]));
}

#[tokio::test]
async fn other_tools_are_another_version_that_can_be_restored() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, json!({})).await;
    assert_eq!(update(&ada, &id, tools()).await["version"], 1);
    assert_eq!(
        update(&ada, &id, json!([{ "name": "rest" }])).await["version"],
        2
    );
    let stricter = json!([{ "name": "rest", "requiresApproval": true }]);
    assert_eq!(update(&ada, &id, stricter).await["version"], 3);
    assert_eq!(update(&ada, &id, json!([])).await["version"], 4);
    assert_eq!(update(&ada, &id, Value::Null).await["version"], 4);
    let query = "query($id: ID!) { agent(id: $id) { versions { nodes { version changed checksum tools { name requiresApproval } } } } }";
    let data = ada.query(query, json!({ "id": id })).await;
    let versions = data["agent"]["versions"]["nodes"].as_array().unwrap();
    let names = |index: usize| versions[index]["tools"].as_array().unwrap().len();
    assert_eq!([names(0), names(1), names(2), names(3)], [3, 1, 1, 0]);
    for version in &versions[1..] {
        assert_eq!(version["changed"], json!(["TOOLS"]), "{version}");
    }
    let sums: std::collections::HashSet<_> =
        versions.iter().map(|v| v["checksum"].to_string()).collect();
    assert_eq!(sums.len(), 4);
    let back = json!({ "agentId": id, "version": 1 });
    let back = mutate(&ada, "restoreAgentVersion", TOOLS, back).await;
    assert_eq!(back["agent"]["version"], 5, "{back}");
    assert_eq!(back["agent"]["tools"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_no_tool_is_refused_where_it_stands() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, json!({})).await;
    let many: Vec<Value> = (0..65)
        .map(|n| json!({ "name": format!("t{n}") }))
        .collect();
    let with =
        |parameters: Value| json!([{ "name": "ok" }, { "name": "bad", "parameters": parameters }]);
    let large = json!({ "type": "object", "description": "x".repeat(140_000) });
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (tools, path) in [
        (json!([{ "name": "" }]), vec!["tools", "0", "name"]),
        (json!([{ "name": "a b" }]), vec!["tools", "0", "name"]),
        (json!([{ "name": "naïve" }]), vec!["tools", "0", "name"]),
        (
            json!([{ "name": "x".repeat(65) }]),
            vec!["tools", "0", "name"],
        ),
        (
            json!([{ "name": "a" }, { "name": "a" }]),
            vec!["tools", "1", "name"],
        ),
        (
            json!([{ "name": "a", "description": "x".repeat(1_025) }]),
            vec!["tools", "0", "description"],
        ),
        (json!([{ "name": "a", "description": "\0" }]), vec!["tools"]),
        (json!(many), vec!["tools"]),
        (with(large), vec!["tools"]),
        (with(json!("text")), vec!["tools", "1", "parameters"]),
        (with(json!({})), vec!["tools", "1", "parameters"]),
        (
            with(json!({ "type": "string" })),
            vec!["tools", "1", "parameters"],
        ),
        (
            with(json!({ "type": "object", "$ref": "#" })),
            vec!["tools", "1", "parameters"],
        ),
        (
            with(json!({ "type": "object", "$ref": "https://example.com/s.json" })),
            vec!["tools", "1", "parameters", "$ref"],
        ),
        (
            with(json!({ "type": "object", "properties": { "a/b": { "pattern": "(?=a)" } } })),
            vec!["tools", "1", "parameters", "properties", "a/b", "pattern"],
        ),
        (
            with(json!({ "type": "object", "properties": { "a": { "type": "nothing" } } })),
            vec!["tools", "1", "parameters", "properties", "a", "type"],
        ),
    ] {
        let made = json!({ "name": "Helper", "systemPrompt": "Be kind.", "tools": tools });
        let made = outcome(&ada, "createAgent", "agent { id }", made).await;
        assert_eq!(made["fields"][0]["path"], json!(path), "{made}");
        let changed = json!({ "id": id, "tools": tools });
        let changed = outcome(&ada, "updateAgent", "agent { id }", changed).await;
        assert_eq!(changed["fields"], made["fields"], "{changed}");
    }
    let deep = with(json!({ "type": "object", "not": deep }));
    let deep = outcome(
        &ada,
        "updateAgent",
        "agent { id }",
        json!({ "id": id, "tools": deep }),
    )
    .await;
    assert_eq!(deep["__typename"], "ValidationFailed", "{deep}");
    let query = "query($id: ID!) { agent(id: $id) { version tools { name } } }";
    let agent = ada.query(query, json!({ "id": id })).await["agent"].take();
    assert_eq!(
        (&agent["version"], agent["tools"].as_array().unwrap().len()),
        (&json!(1), 3)
    );
    let twice = "mutation($id: ID!) { updateAgent(input: { id: $id, tools: [{ description: \"x\" }] }) { __typename } }";
    let code = ada.code(twice, json!({ "id": id })).await;
    assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
}
