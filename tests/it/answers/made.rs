//! What an agent is made of when it answers.

use agentry_provider_testkit::FaultServer;
use serde_json::{Value, json};

use super::{agent, ended, flags, linked, run, send, send_again, try_send, working};
use crate::support::{Caller, Server};
use crate::templates::{definition, installed, mutate, offer, publisher};

/// What wrote the reply of a run.
async fn written_by(caller: &Caller, run: &Value) -> Value {
    let query =
        "query($id: ID!) { message(id: $id) { model agentVersion writtenBy { systemPrompt } } }";
    caller
        .query(query, json!({ "id": run["reply"]["id"] }))
        .await["message"]
        .take()
}

async fn update(caller: &Caller, agent: &Value, changes: Value) {
    let mut input = json!({ "id": agent });
    input
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    let done = mutate(caller, "updateAgent", "agent { id }", input).await;
    assert_eq!(done["__typename"], "UpdateAgentSuccess", "{done}");
}

async fn overridden(caller: &Caller, install: &Value, overrides: Value) {
    let input = json!({ "installId": install, "overrides": overrides });
    let done = mutate(caller, "updateInstall", "install { id }", input).await;
    assert_eq!(done["__typename"], "UpdateInstallSuccess", "{done}");
}

#[tokio::test]
async fn replies_remember_the_version_that_wrote_them() {
    let server = Server::start_with(&flags(&[])).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "echo" })).await;
    let first = send(&ada, &helper, "One").await;
    let wrote = written_by(&ada, &ended(&ada, &first).await).await;
    assert_eq!(
        wrote,
        json!({ "model": "echo", "agentVersion": 1, "writtenBy": { "systemPrompt": "Be kind." } })
    );
    update(&ada, &helper, json!({ "systemPrompt": "Be brief." })).await;
    let second = send_again(&ada, &first, "Two").await;
    let wrote = written_by(&ada, &ended(&ada, &second).await).await;
    assert_eq!(
        wrote,
        json!({ "model": "echo", "agentVersion": 2, "writtenBy": { "systemPrompt": "Be brief." } })
    );
}

#[tokio::test]
async fn what_waits_in_line_is_answered_as_the_agent_is_made_when_its_turn_comes() {
    let server = Server::start_with(&flags(&["--run-workers=0"])).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "echo" })).await;
    let sent = send(&ada, &helper, "One").await;
    let changes = json!({ "model": "echo-two", "systemPrompt": "Be quick." });
    update(&ada, &helper, changes).await;
    let _worker = Server::on(server.database.clone(), &flags(&[])).await;
    let told = ended(&ada, &sent).await;
    assert_eq!(told["model"], "echo-two", "{told}");
    assert_eq!(
        written_by(&ada, &told).await,
        json!({ "model": "echo-two", "agentVersion": 2, "writtenBy": { "systemPrompt": "Be quick." } })
    );
}

#[tokio::test]
async fn installed_agents_answer_by_their_template_and_its_overrides() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let acme = publisher(&server, "Pia", "acme").await;
    let id = offer(&acme, "money", definition("Money")).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "templateId": id })).await;
    let (helper, install) = (done["agent"]["id"].clone(), done["install"]["id"].clone());
    let refused = try_send(&bob, json!({ "agentId": helper, "content": "Hello" })).await;
    assert_eq!(refused["service"], "openai", "{refused}");
    linked(&bob, &provider, &helper, json!({})).await;

    let first = send(&bob, &helper, "One").await;
    let told = ended(&bob, &first).await;
    let wrote = written_by(&bob, &told).await;
    assert_eq!(
        wrote,
        json!({ "model": "gpt-4o", "agentVersion": 1, "writtenBy": { "systemPrompt": "Help with money." } })
    );
    let asked = provider.requests().pop().unwrap().body;
    assert_eq!(asked["messages"][0]["content"], "Help with money.");
    assert_eq!(asked["temperature"], 0.25);

    let mine = json!({ "agent": { "systemPrompt": "Save more.", "model": "echo" } });
    overridden(&bob, &install, mine).await;
    let second = send_again(&bob, &first, "Two").await;
    let told = ended(&bob, &second).await;
    assert_eq!(told["service"], "echo", "{told}");
    let wrote = written_by(&bob, &told).await;
    assert_eq!(
        wrote,
        json!({ "model": "echo", "agentVersion": 2, "writtenBy": { "systemPrompt": "Save more." } })
    );
    assert_eq!(provider.requests().len(), 1, "it has not been asked again");
}

#[tokio::test]
async fn uninstalled_agents_answer_no_more() {
    let server = Server::start_with(&flags(&["--run-workers=0"])).await;
    let acme = publisher(&server, "Pia", "acme").await;
    let mut echo = definition("Money");
    echo["agent"]["model"] = json!("echo");
    let id = offer(&acme, "money", echo).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "templateId": id })).await;
    let helper = done["agent"]["id"].clone();
    let waiting = send(&bob, &helper, "Still there?").await;
    let gone = json!({ "installId": done["install"]["id"] });
    let ending = mutate(&bob, "uninstallTemplate", "install { id }", gone).await;
    assert_eq!(ending["__typename"], "UninstallTemplateSuccess", "{ending}");

    let _worker = Server::on(server.database.clone(), &flags(&[])).await;
    let told = ended(&bob, &waiting).await;
    assert_eq!(
        (&told["status"], &told["errorCode"]),
        (&json!("FAILED"), &json!("AGENT_GONE")),
        "{told}"
    );
    for more in [
        json!({ "conversationId": waiting["conversation"]["id"], "content": "Hello?" }),
        json!({ "agentId": helper, "content": "Hello?" }),
    ] {
        let refused = try_send(&bob, more).await;
        assert_eq!(refused["__typename"], "Conflict", "{refused}");
    }
    let told = run(&bob, &waiting["run"]["id"]).await;
    let said = told["conversation"]["messages"]["nodes"].as_array();
    assert_eq!(said.map(Vec::len), Some(1), "{told}");
}
