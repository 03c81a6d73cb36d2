//! Connections that agents are given as they are made.

use serde_json::{Value, json};

use super::{KEY, NOWHERE, input, names};
use crate::support::{Caller, Server};

const MAKE: &str =
    "mutation($input: CreateApiConnectionInput!) { createApiConnection(input: $input) {
  __typename ... on CreateApiConnectionSuccess { apiConnection { id } agents { id apiConnections { id } } }
  ... on ValidationFailed { fields { path } } ... on LimitReached { limit } ... on UserError { message } } }";

async fn make(caller: &Caller, agents: &[&Value], more: Value) -> Value {
    let mut input = input("Main", more);
    input["agentIds"] = json!(agents);
    caller.query(MAKE, json!({ "input": input })).await["createApiConnection"].take()
}

async fn agent(caller: &Caller, visibility: &str) -> Value {
    let document = "mutation($visibility: Visibility!) {
        createAgent(input: { name: \"Helper\", systemPrompt: \"Be kind.\", visibility: $visibility }) {
          ... on CreateAgentSuccess { agent { id } } } }";
    let made = caller
        .query(document, json!({ "visibility": visibility }))
        .await;
    made["createAgent"]["agent"]["id"].clone()
}

#[tokio::test]
async fn connection_is_made_and_given_to_agents_at_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (one, two) = (agent(&ada, "PRIVATE").await, agent(&ada, "PRIVATE").await);
    let key = json!({ "idempotencyKey": "once" });
    let made = make(&ada, &[&two, &one, &two], key.clone()).await;
    let id = json!({ "id": made["apiConnection"]["id"] });
    let expected = json!([
        { "id": two, "apiConnections": [id] },
        { "id": one, "apiConnections": [id] },
    ]);
    assert_eq!(made["agents"], expected, "{made}");
    // Sent again it is what it was; for other agents it is another input.
    assert_eq!(make(&ada, &[&two, &one, &two], key.clone()).await, made);
    let other = make(&ada, &[&one], key).await;
    assert_eq!(other["__typename"], "Conflict", "{other}");
    assert_eq!(names(&ada, "").await, ["Main"]);
    let trail = "{ auditEvents(first: 3) { nodes { action targetId metadata } } }";
    let trail = ada.query(trail, json!({})).await;
    let events = trail["auditEvents"]["nodes"].as_array().unwrap();
    // Of one moment, in no order.
    let mut actions: Vec<_> = events
        .iter()
        .map(|event| event["action"].as_str())
        .collect();
    actions.sort_unstable();
    assert_eq!(
        actions,
        [
            "api_connection.create",
            "api_connection.link",
            "api_connection.link"
        ]
        .map(Some)
    );
    for event in events {
        assert_eq!(event["targetId"], id["id"], "{event}");
    }
    // Without agents none is told of.
    let bare = make(&ada, &[], json!({})).await;
    assert_eq!(bare["agents"], json!([]), "{bare}");
}

#[tokio::test]
async fn nothing_is_made_when_one_agent_cannot_have_it() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("Ada").await, server.sign_up("Eve").await);
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let foreign = agent(&eve, "ORGANIZATION").await;
    let (mine, bobs) = (agent(&ada, "PRIVATE").await, agent(&bob, "PRIVATE").await);
    let shared = agent(&ada, "ORGANIZATION").await;
    let many: Vec<_> = (0..51).map(|_| &mine).collect();
    let nothing = json!({});
    for (caller, agents, more, expected) in [
        (&ada, &[&mine, &foreign][..], &nothing, "NotFound"),
        (&ada, &[&mine, &json!(NOWHERE)], &nothing, "NotFound"),
        (&ada, &[&json!("a\u{0}")], &nothing, "NotFound"),
        (&bob, &[&mine], &nothing, "NotFound"),
        (&bob, &[&bobs, &shared], &nothing, "Forbidden"),
        // Private to an admin, it does not serve a member's agent.
        (&ada, &[&mine, &bobs], &nothing, "Forbidden"),
        (&ada, &many, &nothing, "ValidationFailed"),
    ] {
        let refused = make(caller, agents, more.clone()).await;
        assert_eq!(refused["__typename"], expected, "{refused}");
    }
    assert!(names(&ada, "").await.is_empty() && names(&bob, "").await.is_empty());
    let done = make(
        &ada,
        &[&mine, &bobs],
        json!({ "visibility": "ORGANIZATION" }),
    )
    .await;
    assert_eq!(done["__typename"], "CreateApiConnectionSuccess", "{done}");
}

#[tokio::test]
async fn agents_take_no_more_than_their_limit_whoever_comes_first() {
    let server = Server::start_with(&["--max-links=1"]).await;
    let ada = server.sign_up("Ada").await;
    let (one, two) = (agent(&ada, "PRIVATE").await, agent(&ada, "PRIVATE").await);
    // In either order: nobody waits for somebody who waits for them.
    let (there, back) = ([&one, &two], [&two, &one]);
    let (a, b) = tokio::join!(make(&ada, &there, json!({})), make(&ada, &back, json!({})));
    let mut ends = [&a, &b].map(|end| end["__typename"].as_str().unwrap());
    ends.sort_unstable();
    assert_eq!(
        ends,
        ["CreateApiConnectionSuccess", "LimitReached"],
        "{a} {b}"
    );
    assert_eq!(names(&ada, "").await, ["Main"]);
}

#[tokio::test]
async fn key_must_be_good_for_agents_to_give_them_a_connection() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let mine = agent(&ada, "PRIVATE").await;
    let document = "mutation { createApiKey(input: { name: \"Bot\", permissions: { connections: [\"write\"] } }) {
        ... on CreateApiKeySuccess { key } ... on UserError { message } } }";
    let made = ada.query(document, json!({})).await;
    let key = made["createApiKey"]["key"].as_str().unwrap();
    let mut bot = ada.clone();
    bot.token.clear();
    let send = async |agents: Value| -> Value {
        let input =
            json!({ "name": "Main", "service": "openai", "apiKey": KEY, "agentIds": agents });
        let document = "mutation($input: CreateApiConnectionInput!) {
            createApiConnection(input: $input) { __typename } }";
        let request = bot.post(document, json!({ "input": input }));
        let answer = request.header("x-api-key", key).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let refused = send(json!([mine])).await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{refused}"
    );
    let done = send(json!([])).await;
    let kind = &done["data"]["createApiConnection"]["__typename"];
    assert_eq!(kind, "CreateApiConnectionSuccess", "{done}");
}
