//! Filters and orders of the list of agents.

use serde_json::json;

use super::{mutate, names};
use crate::support::{Caller, Server};

async fn make(caller: &Caller, name: &str, description: &str, model: &str, visibility: &str) {
    let input = json!({ "name": name, "description": description, "systemPrompt": "Be kind.",
                        "model": model, "visibility": visibility });
    let made = mutate(caller, "createAgent", input).await;
    assert_eq!(made["__typename"], "CreateAgentSuccess", "{made}");
}

#[tokio::test]
async fn filters_narrow_together() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    make(&ada, "Mail writer", "Letters", "m-1", "PRIVATE").await;
    make(&ada, "Poet", "Writes ODES", "m-2", "ORGANIZATION").await;
    make(&ada, "Élan", "", "m-2", "PRIVATE").await;
    for (filter, expected) in [
        ("{}", &["Mail writer", "Poet", "Élan"][..]),
        (r#"{search: ""}"#, &["Mail writer", "Poet", "Élan"]),
        (r#"{search: "WRITE"}"#, &["Mail writer", "Poet"]),
        (r#"{search: "odes"}"#, &["Poet"]),
        (r#"{search: "élan"}"#, &["Élan"]),
        (r#"{search: "kind"}"#, &[]),
        (r#"{model: "m-2"}"#, &["Poet", "Élan"]),
        (r#"{model: "m-"}"#, &[]),
        (r#"{model: ""}"#, &[]),
        ("{visibility: ORGANIZATION}", &["Poet"]),
        (
            r#"{model: "m-2", visibility: PRIVATE, search: "l"}"#,
            &["Élan"],
        ),
        (
            "{model: null, search: null, visibility: null}",
            &["Mail writer", "Poet", "Élan"],
        ),
    ] {
        assert_eq!(
            names(&ada, &format!("(filter: {filter})")).await,
            expected,
            "{filter}"
        );
        let document = format!(
            "{{ agents(filter: {filter}, first: 1) {{ totalCount }} viewer {{ agents(filter: {filter}) {{ totalCount }} }} }}"
        );
        let counted = ada.query(&document, json!({})).await;
        assert_eq!(counted["agents"]["totalCount"], expected.len(), "{filter}");
        assert_eq!(
            counted["viewer"]["agents"]["totalCount"],
            expected.len(),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn search_takes_every_character_as_itself() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for name in [
        "100% sure",
        "100 sure",
        "snake_case",
        "snakeXcase",
        r"back\slash",
        "it's",
    ] {
        make(&ada, name, "", "m", "PRIVATE").await;
    }
    for (search, expected) in [
        ("%", "100% sure"),
        ("0%", "100% sure"),
        ("_", "snake_case"),
        ("e_c", "snake_case"),
        (r"\", r"back\slash"),
        (r"k\s", r"back\slash"),
        ("'", "it's"),
    ] {
        let document = "query($s: String) { agents(filter: { search: $s }) { nodes { name } } }";
        let found = ada.query(document, json!({ "s": search })).await;
        assert_eq!(
            found["agents"]["nodes"],
            json!([{ "name": expected }]),
            "{search}"
        );
    }
}

#[tokio::test]
async fn filter_is_bounded() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for field in ["search", "model"] {
        let document =
            format!("query($v: String) {{ agents(filter: {{ {field}: $v }}) {{ totalCount }} }}");
        ada.query(&document, json!({ "v": "é".repeat(200) })).await;
        for bad in ["é".repeat(201), "x".repeat(1_000_000), "\0".to_owned()] {
            let errors = ada.errors(&document, json!({ "v": bad })).await;
            assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT");
            assert_eq!(errors[0]["extensions"]["path"], json!(["filter", field]));
        }
    }
}

#[tokio::test]
async fn list_is_in_the_order_asked_for() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for name in ["b", "c", "a"] {
        make(&ada, name, "", "m", "PRIVATE").await;
    }
    let document = r#"{ agents(filter: { search: "b" }) { nodes { id } } }"#;
    let first = ada.query(document, json!({})).await;
    let id = &first["agents"]["nodes"][0]["id"];
    mutate(
        &ada,
        "updateAgent",
        json!({ "id": id, "description": "touched" }),
    )
    .await;
    for (order, expected) in [
        ("{field: CREATED_AT}", ["b", "c", "a"]),
        ("{field: CREATED_AT, direction: DESC}", ["a", "c", "b"]),
        ("{field: UPDATED_AT}", ["c", "a", "b"]),
        ("{field: UPDATED_AT, direction: DESC}", ["b", "a", "c"]),
        ("{field: NAME}", ["a", "b", "c"]),
        ("{field: NAME, direction: DESC}", ["c", "b", "a"]),
    ] {
        assert_eq!(
            names(&ada, &format!("(orderBy: {order})")).await,
            expected,
            "{order}"
        );
        // The last page ends where the list ends.
        let page = names(&ada, &format!("(orderBy: {order}, last: 2)")).await;
        assert_eq!(page, expected[1..], "{order}");
    }
}
