//! Links between agents and API connections.

use serde_json::{Value, json};

use crate::api_connections::{create as connection, mutate, store_many};
use crate::support::{Caller, Server};

const NOWHERE: &str = "tz4a98xxat96iws9zmbrgj3a";

/// A new agent of the caller's; its id.
async fn agent(caller: &Caller, visibility: &str) -> Value {
    let document = "mutation($visibility: Visibility!) {
        createAgent(input: { name: \"Helper\", systemPrompt: \"Be kind.\", visibility: $visibility }) {
          ... on CreateAgentSuccess { agent { id } } } }";
    let data = caller
        .query(document, json!({ "visibility": visibility }))
        .await;
    data["createAgent"]["agent"]["id"].clone()
}

/// A new connection of the caller's; its id.
async fn connected(caller: &Caller, visibility: &str) -> Value {
    connection(caller, "Main", json!({ "visibility": visibility })).await["id"].clone()
}

async fn link(caller: &Caller, agent: &Value, connection: &Value) -> Value {
    let pair = json!({ "agentId": agent, "apiConnectionId": connection });
    mutate(caller, "linkApiConnection", pair).await
}

async fn unlink(caller: &Caller, agent: &Value, connection: &Value) -> Value {
    let pair = json!({ "agentId": agent, "apiConnectionId": connection });
    mutate(caller, "unlinkApiConnection", pair).await
}

fn linked(outcome: &Value) {
    assert_eq!(
        outcome["__typename"], "LinkApiConnectionSuccess",
        "{outcome}"
    );
}

/// The connections of an agent, as the caller sees them.
async fn of(caller: &Caller, agent: &Value) -> Vec<Value> {
    let query = "query($id: ID!) { agent(id: $id) { apiConnections { id } } }";
    let data = caller.query(query, json!({ "id": agent })).await;
    let connections = data["agent"]["apiConnections"].as_array().unwrap();
    connections
        .iter()
        .map(|connection| connection["id"].clone())
        .collect()
}

#[tokio::test]
async fn an_agent_lists_its_connections_in_the_order_they_were_linked() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "PRIVATE").await;
    let (one, two) = (
        connected(&ada, "PRIVATE").await,
        connected(&ada, "ORGANIZATION").await,
    );
    let outcome = link(&ada, &helper, &two).await;
    linked(&outcome);
    assert_eq!(
        outcome["agent"],
        json!({ "id": helper, "apiConnections": [{ "id": two }] })
    );
    assert_eq!(outcome["apiConnection"]["id"], two);
    linked(&link(&ada, &helper, &one).await);
    assert_eq!(of(&ada, &helper).await, [two.clone(), one.clone()]);

    let gone = unlink(&ada, &helper, &two).await;
    assert_eq!(
        (&gone["agentId"], &gone["apiConnectionId"]),
        (&helper, &two)
    );
    assert_eq!(unlink(&ada, &helper, &two).await["__typename"], "NotFound");
    assert_eq!(of(&ada, &helper).await, [one]);
}

#[tokio::test]
async fn every_agent_of_a_list_has_its_own_connections() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (first, second, third) = (
        agent(&ada, "PRIVATE").await,
        agent(&ada, "PRIVATE").await,
        agent(&ada, "PRIVATE").await,
    );
    let (one, two) = (
        connected(&ada, "PRIVATE").await,
        connected(&ada, "PRIVATE").await,
    );
    for (agent, connection) in [(&first, &one), (&third, &one), (&third, &two)] {
        linked(&link(&ada, agent, connection).await);
    }
    let data = ada
        .query(
            "{ agents { nodes { id apiConnections { id keyHint status } } } }",
            json!({}),
        )
        .await;
    let entry = |id: &Value| json!({ "id": id, "keyHint": "wxyz", "status": "READY" });
    let expected = json!([
        { "id": first, "apiConnections": [entry(&one)] },
        { "id": second, "apiConnections": [] },
        { "id": third, "apiConnections": [entry(&one), entry(&two)] },
    ]);
    assert_eq!(data["agents"]["nodes"], expected);
}

#[tokio::test]
async fn foreign_and_missing_ends_look_the_same() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let (foreign_agent, foreign) = (
        agent(&ada, "ORGANIZATION").await,
        connected(&ada, "ORGANIZATION").await,
    );
    linked(&link(&ada, &foreign_agent, &foreign).await);
    let (mine, my_key) = (
        agent(&bob, "PRIVATE").await,
        connected(&bob, "PRIVATE").await,
    );
    let mut outcomes = Vec::new();
    for (agent, connection) in [
        (&foreign_agent, &foreign),
        (&json!(NOWHERE), &json!(NOWHERE)),
        (&json!("a\u{0}"), &json!("a\u{0}")),
    ] {
        outcomes.push([
            link(&bob, &mine, connection).await,
            link(&bob, agent, &my_key).await,
            link(&bob, agent, connection).await,
            unlink(&bob, agent, connection).await,
        ]);
    }
    for outcome in &outcomes[0] {
        assert_eq!(outcome["__typename"], "NotFound", "{outcome}");
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0], outcomes[2]);
    assert_eq!(of(&ada, &foreign_agent).await, [foreign]);
}

#[tokio::test]
async fn a_pair_is_linked_once_even_at_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (helper, key) = (
        agent(&ada, "PRIVATE").await,
        connected(&ada, "PRIVATE").await,
    );
    let outcomes = tokio::join!(
        link(&ada, &helper, &key),
        link(&ada, &helper, &key),
        link(&ada, &helper, &key)
    );
    let mut names: Vec<_> = [outcomes.0, outcomes.1, outcomes.2]
        .map(|outcome| outcome["__typename"].as_str().unwrap().to_owned())
        .into();
    names.sort();
    assert_eq!(names, ["Conflict", "Conflict", "LinkApiConnectionSuccess"]);
    assert_eq!(link(&ada, &helper, &key).await["__typename"], "Conflict");
    assert_eq!(of(&ada, &helper).await, [key]);
}

#[tokio::test]
async fn a_member_links_what_is_shared_to_their_own_agents_only() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let (shared_agent, private_agent) = (
        agent(&ada, "ORGANIZATION").await,
        agent(&ada, "PRIVATE").await,
    );
    let (shared, private) = (
        connected(&ada, "ORGANIZATION").await,
        connected(&ada, "PRIVATE").await,
    );
    let (mine, my_key) = (
        agent(&bob, "PRIVATE").await,
        connected(&bob, "ORGANIZATION").await,
    );
    for (agent, connection, expected) in [
        (&shared_agent, &my_key, "Forbidden"),
        (&shared_agent, &shared, "Forbidden"),
        (&private_agent, &my_key, "NotFound"),
        (&mine, &private, "NotFound"),
        (&mine, &shared, "LinkApiConnectionSuccess"),
    ] {
        let outcome = link(&bob, agent, connection).await;
        assert_eq!(outcome["__typename"], expected, "{outcome}");
    }
    assert_eq!(of(&bob, &mine).await, [shared]);
}

#[tokio::test]
async fn a_private_connection_serves_only_its_owners_agents() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let bobs = agent(&bob, "PRIVATE").await;
    let (private, shared) = (
        connected(&ada, "PRIVATE").await,
        connected(&ada, "ORGANIZATION").await,
    );
    let outcome = link(&ada, &bobs, &private).await;
    assert_eq!(outcome["__typename"], "Forbidden", "{outcome}");
    linked(&link(&ada, &bobs, &shared).await);
    assert_eq!(of(&bob, &bobs).await, [shared]);
}

#[tokio::test]
async fn a_connection_that_turns_private_leaves_the_agents_of_others() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let (adas, bobs) = (agent(&ada, "PRIVATE").await, agent(&bob, "PRIVATE").await);
    let key = connected(&ada, "ORGANIZATION").await;
    linked(&link(&ada, &adas, &key).await);
    linked(&link(&bob, &bobs, &key).await);
    let private = json!({ "id": key, "visibility": "PRIVATE" });
    let changed = mutate(&ada, "updateApiConnection", private).await;
    assert_eq!(
        changed["apiConnection"]["visibility"], "PRIVATE",
        "{changed}"
    );
    assert_eq!(of(&ada, &adas).await, [key.clone()]);
    assert!(of(&bob, &bobs).await.is_empty());
    // The link is gone, not hidden: sharing the connection again does not bring it back.
    mutate(
        &ada,
        "updateApiConnection",
        json!({ "id": key, "visibility": "ORGANIZATION" }),
    )
    .await;
    assert!(of(&bob, &bobs).await.is_empty());
}

#[tokio::test]
async fn linking_while_a_connection_turns_private_never_leaves_a_link_behind() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let bobs = agent(&bob, "ORGANIZATION").await;
    for _ in 0..10 {
        let key = connected(&ada, "ORGANIZATION").await;
        let private = json!({ "id": key, "visibility": "PRIVATE" });
        let (changed, outcome) = tokio::join!(
            mutate(&ada, "updateApiConnection", private),
            link(&bob, &bobs, &key),
        );
        assert_eq!(
            changed["__typename"], "UpdateApiConnectionSuccess",
            "{changed}"
        );
        let outcome = outcome["__typename"].as_str().unwrap();
        assert!(
            ["LinkApiConnectionSuccess", "NotFound"].contains(&outcome),
            "{outcome}"
        );
        assert!(of(&ada, &bobs).await.is_empty());
    }
}

#[tokio::test]
async fn everyone_sees_of_an_agents_connections_what_they_may() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let eve = server
        .join(&ada, &server.sign_up("Eve").await, "admin")
        .await;
    let helper = agent(&ada, "ORGANIZATION").await;
    let (private, shared) = (
        connected(&ada, "PRIVATE").await,
        connected(&ada, "ORGANIZATION").await,
    );
    linked(&link(&ada, &helper, &private).await);
    linked(&link(&ada, &helper, &shared).await);
    assert_eq!(of(&ada, &helper).await, [private.clone(), shared.clone()]);
    for colleague in [&bob, &eve] {
        assert_eq!(of(colleague, &helper).await, [shared.clone()]);
    }
    // Nor does an attempt to end a link tell that it is there.
    assert_eq!(
        unlink(&bob, &helper, &private).await["__typename"],
        "NotFound"
    );
    assert_eq!(
        unlink(&bob, &helper, &shared).await["__typename"],
        "Forbidden"
    );
    let outcome = unlink(&eve, &helper, &shared).await;
    assert_eq!(outcome["__typename"], "UnlinkApiConnectionSuccess");
}

#[tokio::test]
async fn whoever_owns_a_key_withdraws_it_from_any_agent() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let key = connected(&bob, "ORGANIZATION").await;
    let adas = agent(&ada, "PRIVATE").await;
    linked(&link(&ada, &adas, &key).await);
    let outcome = unlink(&bob, &adas, &key).await;
    assert_eq!(
        outcome["__typename"], "UnlinkApiConnectionSuccess",
        "{outcome}"
    );
    assert!(of(&ada, &adas).await.is_empty());
}

#[tokio::test]
async fn links_end_with_either_end_and_private_ones_with_a_transfer() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let helper = agent(&ada, "PRIVATE").await;
    let (private, shared, lost) = (
        connected(&ada, "PRIVATE").await,
        connected(&ada, "ORGANIZATION").await,
        connected(&ada, "PRIVATE").await,
    );
    for key in [&private, &shared, &lost] {
        linked(&link(&ada, &helper, key).await);
    }
    mutate(&ada, "deleteApiConnection", json!({ "id": lost })).await;
    assert_eq!(of(&ada, &helper).await, [private, shared.clone()]);
    let transfer =
        "mutation($input: TransferAgentInput!) { transferAgent(input: $input) { __typename } }";
    let input = json!({ "input": { "id": helper, "newOwnerId": bob.user_id } });
    let moved = ada.query(transfer, input).await;
    assert_eq!(moved["transferAgent"]["__typename"], "TransferAgentSuccess");
    assert_eq!(of(&bob, &helper).await, [shared.clone()]);
    let delete = "mutation($id: ID!) { deleteAgent(input: { id: $id }) { __typename } }";
    let deleted = bob.query(delete, json!({ "id": helper })).await;
    assert_eq!(deleted["deleteAgent"]["__typename"], "DeleteAgentSuccess");
    assert_eq!(
        unlink(&ada, &helper, &shared).await["__typename"],
        "NotFound"
    );
}

#[tokio::test]
async fn an_agent_has_no_more_connections_than_its_limit_even_at_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "PRIVATE").await;
    let ids: Vec<Value> = store_many(&server, &ada, 52)
        .await
        .into_iter()
        .map(Value::from)
        .collect();
    for id in &ids[..49] {
        linked(&link(&ada, &helper, id).await);
    }
    let (one, two) = tokio::join!(link(&ada, &helper, &ids[49]), link(&ada, &helper, &ids[50]));
    let full: Vec<_> = [one, two]
        .into_iter()
        .filter(|outcome| outcome["__typename"] == "LimitReached")
        .collect();
    assert_eq!(full.len(), 1);
    assert_eq!(full[0]["limit"], 50);
    assert_eq!(link(&ada, &helper, &ids[0]).await["__typename"], "Conflict");
    assert_eq!(
        link(&ada, &helper, &json!(NOWHERE)).await["__typename"],
        "NotFound"
    );
    assert_eq!(of(&ada, &helper).await.len(), 50);
}

#[tokio::test]
async fn a_colleague_who_may_only_see_an_agent_is_told_so() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let (shared, private) = (
        agent(&ada, "ORGANIZATION").await,
        agent(&ada, "PRIVATE").await,
    );
    let document = "mutation($id: ID!, $to: ID!) {
        nothing: updateAgent(input: { id: $id }) { __typename }
        update: updateAgent(input: { id: $id, name: \"Mine\" }) { __typename }
        transfer: transferAgent(input: { id: $id, newOwnerId: $to }) { __typename }
        delete: deleteAgent(input: { id: $id }) { __typename } }";
    for (id, expected) in [
        (&shared, "Forbidden"),
        (&private, "NotFound"),
        (&json!("a\u{0}"), "NotFound"),
    ] {
        let data = bob
            .query(document, json!({ "id": id, "to": bob.user_id }))
            .await;
        for field in ["nothing", "update", "transfer", "delete"] {
            assert_eq!(data[field]["__typename"], expected, "{field} {data}");
        }
    }
    let events = bob.query("{ auditEvents { totalCount } }", json!({})).await;
    assert_eq!(events["auditEvents"]["totalCount"], 0);
}
