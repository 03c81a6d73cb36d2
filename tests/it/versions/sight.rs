//! Who sees versions: whoever sees the agent.

use serde_json::{Value, json};

use super::{agent, update, versions};
use crate::conversations::mutate;
use crate::support::{Caller, Server};

/// Through every door there is.
async fn seen(caller: &Caller, agent: &str, id: &Value) -> [usize; 4] {
    let document = "query($a: ID!, $id: ID!) { agent(id: $a) { versions { nodes { version } } }
        one: agentVersion(agentId: $a, version: 1) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }";
    let data = caller
        .query(document, json!({ "a": agent, "id": id }))
        .await;
    let list = data["agent"]["versions"]["nodes"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(data["nodes"][0], data["node"]);
    [
        list,
        versions(caller, agent).await.len(),
        usize::from(data["one"].is_object()),
        usize::from(data["node"].is_object()),
    ]
}

#[tokio::test]
async fn versions_are_seen_by_whoever_sees_the_agent_and_follow_it() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let cid = server.sign_up("Cid").await;
    let cid = server.join(&ada, &cid, "member").await;
    let eve = server.sign_up("Eve").await;
    let helper = agent(&bob, "One.", "PRIVATE").await;
    update(&bob, &helper, json!({ "systemPrompt": "Two." })).await;
    let id = &versions(&bob, &helper).await[0]["id"];
    let (all, none) = ([2, 2, 1, 1], [0, 0, 0, 0]);
    let missing = "tz4a98xxat96iws9zmbrgj3a";
    assert_eq!(seen(&bob, missing, &json!(missing)).await, none);

    // Ada owns the organisation.
    for (caller, what) in [(&bob, all), (&ada, all), (&cid, none), (&eve, none)] {
        assert_eq!(seen(caller, &helper, id).await, what);
    }
    update(&bob, &helper, json!({ "visibility": "ORGANIZATION" })).await;
    for (caller, what) in [(&bob, all), (&ada, all), (&cid, all), (&eve, none)] {
        assert_eq!(seen(caller, &helper, id).await, what);
    }
    update(&bob, &helper, json!({ "visibility": "PRIVATE" })).await;
    let input = json!({ "id": helper, "newOwnerId": cid.user_id });
    let given = mutate(&bob, "transferAgent", "agentId", input).await;
    assert_eq!(given["agentId"], json!(helper), "{given}");
    for (caller, what) in [(&bob, none), (&ada, all), (&cid, all), (&eve, none)] {
        assert_eq!(seen(caller, &helper, id).await, what);
    }
}

#[tokio::test]
async fn an_api_key_needs_the_permission_of_what_it_reads() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "One.", "PRIVATE").await;
    let made = mutate(
        &ada,
        "createApiKey",
        "key",
        json!({ "name": "Agents", "permissions": { "agents": ["read"] } }),
    )
    .await;
    let mut key = ada.clone();
    key.token.clear();
    let ask = async |document: &str| {
        let request = key.post(document, json!({ "id": helper }));
        let request = request.header("x-api-key", made["key"].as_str().unwrap());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer
    };
    let read = ask("query($id: ID!) { agentVersions(agentId: $id) { nodes { version } } }").await;
    assert_eq!(
        read["data"]["agentVersions"]["nodes"][0]["version"], 1,
        "{read}"
    );
    for document in [
        "query($id: ID!) { agent(id: $id) { feedbackStatistics { total } } }",
        "query($id: ID!) { feedbackStatistics(filter: { agentIds: [$id] }) { total } }",
        "mutation($id: ID!) { restoreAgentVersion(input: { agentId: $id, version: 1 }) { __typename } }",
    ] {
        let refused = ask(document).await;
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{refused}"
        );
    }
}
