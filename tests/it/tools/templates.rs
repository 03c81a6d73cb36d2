//! Tools of templates, and of agents installed from them.

use serde_json::{Value, json};

use super::{ids, message, say, text, tools, working};
use crate::support::Caller;
use crate::templates::{definition, installed, mutate, offer, publisher};

fn equipped(more: Value) -> Value {
    let mut made = definition("Equipped");
    made["agent"]["model"] = json!("echo");
    made["agent"]["tools"] = tools();
    made["capabilities"] = json!({ "tools": ["look", "pay", "rest"] });
    let more = more.as_object().unwrap().clone();
    made.as_object_mut().unwrap().extend(more);
    made
}

async fn tools_of(caller: &Caller, id: &Value) -> Vec<String> {
    let query = "query($id: ID!) { agent(id: $id) { tools { name } } }";
    let data = caller.query(query, json!({ "id": id })).await;
    let tools = data["agent"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| text(&tool["name"])).collect()
}

#[tokio::test]
async fn an_installed_agent_calls_the_tools_of_its_template_as_they_are_by_now() {
    let server = working().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "equipped", equipped(json!({}))).await;
    let bob = server.sign_up("Bob").await;
    let install = installed(
        &bob,
        json!({ "slug": "equipped", "acceptCapabilities": true }),
    )
    .await;
    let agent = &install["agent"]["id"];
    assert_eq!(tools_of(&bob, agent).await, ["look", "pay", "rest"]);
    let sent = say(&bob, json!({ "agentId": agent }), "/tool pay {}").await;
    assert_eq!(
        (&sent.run["stopReason"], &sent.run["agentVersion"]),
        (&json!("tool_calls"), &json!(1)),
        "{}",
        sent.run
    );
    assert_eq!(
        message(&bob, &sent.reply).await["toolCalls"][0]["status"],
        "AWAITING_APPROVAL"
    );
    let versions =
        "query($id: ID!) { agent(id: $id) { versions { nodes { version tools { name } } } } }";
    let made =
        bob.query(versions, json!({ "id": agent })).await["agent"]["versions"]["nodes"].take();
    assert_eq!(made[0]["tools"].as_array().unwrap().len(), 3, "{made}");

    // One's own of them stand in place of the template's, until they are taken back.
    let own = json!({ "id": agent, "tools": [{ "name": "rest", "requiresApproval": true }] });
    mutate(&bob, "updateAgent", "agent { id }", own).await;
    assert_eq!(tools_of(&bob, agent).await, ["rest"]);
    let sent = say(&bob, json!({ "agentId": agent }), "/tool rest").await;
    assert_eq!(sent.run["agentVersion"], 2);
    assert_eq!(ids(&bob, &sent.reply).await.len(), 1);
    let back = json!({ "agentId": agent, "version": 1 });
    mutate(&bob, "restoreAgentVersion", "agent { id }", back).await;
    assert_eq!(tools_of(&bob, agent).await, ["look", "pay", "rest"]);

    // A copy, and what is left when the template is gone, have them too.
    let input = json!({ "installId": install["install"]["id"] });
    let fork = mutate(&bob, "forkTemplate", "agent { id }", input.clone()).await;
    assert_eq!(
        tools_of(&bob, &fork["agent"]["id"]).await,
        ["look", "pay", "rest"],
        "{fork}"
    );
    mutate(&bob, "uninstallTemplate", "install { id }", input).await;
    assert_eq!(tools_of(&bob, agent).await, ["look", "pay", "rest"]);
}

#[tokio::test]
async fn a_template_asks_for_the_tools_it_brings() {
    let server = working().await;
    let acme = publisher(&server, "Ada", "acme").await;
    for (more, code, path) in [
        (
            json!({ "capabilities": { "tools": ["look", "rest"] } }),
            "UNKNOWN_REFERENCE",
            "/agent/tools/1/name",
        ),
        (
            json!({ "agent": { "systemPrompt": "p", "tools": [{ "name": "a b" }] } }),
            "INVALID",
            "/agent/tools/0/name",
        ),
        (
            json!({ "agent": { "systemPrompt": "p", "tools": [{ "name": "look", "url": "x" }] } }),
            "UNKNOWN_KEY",
            "/agent/tools/0",
        ),
        (
            json!({ "agent": { "systemPrompt": "p", "tools": [{ "name": "look", "parameters": { "type": "object", "$ref": "#" } }] } }),
            "CYCLIC_SCHEMA",
            "/agent/tools/0/parameters",
        ),
    ] {
        let input = json!({ "slug": "equipped", "definition": equipped(more) });
        let refused = mutate(&acme, "publishTemplateVersion", "template { id }", input).await;
        assert_eq!(
            refused["problems"][0],
            json!({ "code": code, "path": path }),
            "{refused}"
        );
    }
    let agent = super::agent(&acme, json!({ "model": "echo" })).await;
    let input = json!({ "slug": "made", "agentId": agent, "additions": { "capabilities": { "tools": ["search"] } } });
    let done = mutate(
        &acme,
        "publishTemplateVersion",
        "templateVersion { definition }",
        input,
    )
    .await;
    let made = &done["templateVersion"]["definition"];
    assert_eq!(
        made["capabilities"]["tools"],
        json!(["search", "look", "pay", "rest"]),
        "{done}"
    );
    assert_eq!(made["agent"]["tools"][1]["requiresApproval"], true);
}
