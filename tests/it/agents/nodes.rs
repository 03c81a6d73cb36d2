//! Look-ups by id alone.

use serde_json::{Value, json};

use super::create;
use crate::support::Server;

const NODES: &str =
    "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Agent { name } } }";

#[tokio::test]
async fn nodes_come_in_the_order_asked_for_with_gaps() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let one = create(&ada, "One").await["id"].clone();
    let two = create(&ada, "Two").await["id"].clone();
    let foreign = create(&bob, "Bob's").await["id"].clone();
    let ids = json!([
        two,
        "\0",
        foreign,
        one,
        "missing",
        "",
        two,
        ada.user_id,
        ada.organization_id
    ]);
    let found = ada.query(NODES, json!({ "ids": ids })).await;
    let agent = |id: &Value, name: &str| json!({ "__typename": "Agent", "id": id, "name": name });
    let (first, second) = (agent(&one, "One"), agent(&two, "Two"));
    let home = json!({ "__typename": "Organization", "id": ada.organization_id });
    assert_eq!(
        found["nodes"],
        json!([second, null, null, first, null, null, second, null, home])
    );
    let alone = "query($id: ID!) { node(id: $id) { __typename id ... on Agent { name } } }";
    assert_eq!(ada.query(alone, json!({ "id": one })).await["node"], first);
    assert_eq!(
        ada.query(NODES, json!({ "ids": [] })).await["nodes"],
        json!([])
    );
}

#[tokio::test]
async fn nodes_takes_100_ids() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "One").await["id"].clone();
    let found = ada.query(NODES, json!({ "ids": vec![&id; 100] })).await;
    assert_eq!(found["nodes"].as_array().unwrap().len(), 100);
    let errors = ada.errors(NODES, json!({ "ids": vec![&id; 101] })).await;
    assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(errors[0]["extensions"]["path"], json!(["ids"]));
}
