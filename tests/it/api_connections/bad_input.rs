//! What is refused, and how.

use serde_json::json;

use super::{create, document, input, mutate, names};
use crate::support::Server;

#[tokio::test]
async fn what_cannot_be_stored_is_refused_by_field_without_repeating_it() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "Main", json!({})).await["id"].clone();
    let long = |n: usize| "x".repeat(n);
    let bad = [
        ("name", json!("")),
        ("name", json!(" \t")),
        ("name", json!("canary\u{0}")),
        ("name", json!("canary\nline")),
        ("name", json!(long(201))),
        ("service", json!("")),
        ("service", json!("canary space")),
        ("service", json!("-canary")),
        ("service", json!("canary\u{0}")),
        ("service", json!(long(65))),
        ("baseUrl", json!("canary")),
        ("baseUrl", json!("ftp://canary.example")),
        ("baseUrl", json!("https://canary:canary@example.com")),
        ("baseUrl", json!("https://canary@example.com")),
        (
            "baseUrl",
            json!(format!("https://canary.example/{}", long(2_000))),
        ),
        ("metadata", json!("canary")),
        ("metadata", json!(["canary"])),
        ("metadata", json!({ "canary": "\u{0}" })),
        ("metadata", json!({ "canary\u{0}": 1 })),
        ("metadata", json!({ "canary": long(16 * 1024) })),
    ];
    for (field, value) in &bad {
        let created = mutate(
            &ada,
            "createApiConnection",
            input("ok", json!({ *field: value })),
        )
        .await;
        let updated = mutate(
            &ada,
            "updateApiConnection",
            json!({ "id": id, *field: value }),
        )
        .await;
        for outcome in [created, updated] {
            assert_eq!(
                outcome["__typename"], "ValidationFailed",
                "{field} {value}: {outcome}"
            );
            assert_eq!(outcome["fields"][0]["path"], json!([field]), "{outcome}");
            assert!(!outcome.to_string().contains("canary"), "{outcome}");
        }
    }
    let keys = [
        "",
        "  ",
        "canary canary",
        "canary\ncanary",
        "canary\u{0}canary",
        &long(8_193),
        &long(900_000),
    ];
    for key in keys {
        let created = mutate(
            &ada,
            "createApiConnection",
            input("ok", json!({ "apiKey": key })),
        )
        .await;
        let rotated = mutate(
            &ada,
            "rotateApiConnectionKey",
            json!({ "id": id, "apiKey": key }),
        )
        .await;
        for outcome in [created, rotated] {
            assert_eq!(outcome["__typename"], "ValidationFailed", "{outcome}");
            assert_eq!(outcome["fields"][0]["path"], json!(["apiKey"]), "{outcome}");
            assert!(!outcome.to_string().contains("canary"), "{outcome}");
        }
    }
    for field in ["name", "service", "metadata", "visibility"] {
        let updated = mutate(
            &ada,
            "updateApiConnection",
            json!({ "id": id, field: null }),
        )
        .await;
        assert_eq!(updated["fields"][0]["path"], json!([field]), "{updated}");
    }
    for key in ["", &long(256), "a\u{0}b"] {
        let created = mutate(
            &ada,
            "createApiConnection",
            input("ok", json!({ "idempotencyKey": key })),
        )
        .await;
        assert_eq!(
            created["fields"][0]["path"],
            json!(["idempotencyKey"]),
            "{created}"
        );
    }
    assert_eq!(names(&ada, "").await, ["Main"]);
}

#[tokio::test]
async fn a_key_of_another_type_is_refused_without_repeating_it() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for key in [
        json!(4711),
        json!(["canary"]),
        json!({ "canary": "canary" }),
        json!(true),
        json!(null),
    ] {
        let input = input("ok", json!({ "apiKey": key }));
        let answer = ada
            .answer(&document("createApiConnection"), json!({ "input": input }))
            .await;
        assert!(answer["errors"].is_array(), "{answer}");
        let text = answer.to_string();
        assert!(!text.contains("canary") && !text.contains("4711"), "{text}");
    }
    let literal = r#"mutation { createApiConnection(input: { name: "x", service: "y", apiKey: ["canary"] }) { __typename } }"#;
    let answer = ada.answer(literal, json!({})).await.to_string();
    assert!(
        answer.contains("errors") && !answer.contains("canary"),
        "{answer}"
    );
}

#[tokio::test]
async fn arguments_out_of_bounds_are_bad_input() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for arguments in [
        "first: 0",
        "first: 101",
        "first: -1",
        "last: 0",
        "first: 1, last: 1",
        r#"after: "forged""#,
        r#"after: "YzphOjE6Mg""#,
        r#"filter: { search: "a\u0000" }"#,
        r#"filter: { service: "a\u0000" }"#,
    ] {
        let query = format!("{{ apiConnections({arguments}) {{ totalCount }} }}");
        assert_eq!(
            ada.code(&query, json!({})).await,
            "BAD_USER_INPUT",
            "{arguments}"
        );
    }
    let long = json!({ "search": "x".repeat(201) });
    let query = "query($filter: ApiConnectionFilterInput) { apiConnections(filter: $filter) { totalCount } }";
    assert_eq!(
        ada.code(query, json!({ "filter": long })).await,
        "BAD_USER_INPUT"
    );
}
