//! What the fields of an agent accept.

use serde_json::{Value, json};

use super::{create, mutate, read, refused};
use crate::support::{Caller, Server};

/// A create with this field changed.
fn with(field: &str, value: Value) -> Value {
    let mut input = json!({ "name": "Helper", "systemPrompt": "Be kind." });
    input[field] = value;
    input
}

/// Sends these very bytes; the status and the text of the answer.
async fn send_raw(caller: &Caller, body: String) -> (u16, String) {
    let response = caller
        .post("", Value::Null)
        .body(body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn texts_are_bounded_in_characters() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    // Two bytes and one UTF-16 unit, or four and two: only characters count.
    for (field, most, letter) in [
        ("name", 200, "é"),
        ("model", 200, "𝛑"),
        ("description", 2_000, "é"),
        ("systemPrompt", 100_000, "x"),
    ] {
        let longest = letter.repeat(most);
        let made = mutate(&ada, "createAgent", with(field, json!(longest))).await;
        assert_eq!(made["agent"][field], json!(longest), "{field}");
        assert_eq!(read(&ada, &made["agent"]["id"]).await, made["agent"]);
        for refusal in [
            longest + letter,
            "x".repeat(1_000_000),
            "canary\0".to_owned(),
        ] {
            let result = mutate(&ada, "createAgent", with(field, json!(refusal))).await;
            assert_eq!(result["__typename"], "ValidationFailed", "{field}");
            assert_eq!(result["fields"][0]["path"], json!([field]));
            assert!(!result.to_string().contains("canary"), "{result}");
        }
    }
}

#[tokio::test]
async fn empty_counts_as_none_only_where_none_is_allowed() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for (field, value) in [
        ("name", ""),
        ("name", " \t\n "),
        ("model", ""),
        ("systemPrompt", ""),
        ("idempotencyKey", ""),
    ] {
        let paths = refused(&ada, "createAgent", with(field, json!(value))).await;
        assert_eq!(paths, [field], "{value:?}");
    }
    for empty in [json!(""), json!("  "), Value::Null] {
        let made = mutate(&ada, "createAgent", with("description", empty)).await;
        assert_eq!(made["agent"]["description"], Value::Null, "{made}");
    }
    let made = mutate(&ada, "createAgent", with("name", json!(" Ada's \t"))).await;
    assert_eq!(made["agent"]["name"], "Ada's");
    let prompt = " kept\n\tas it is ";
    let made = mutate(&ada, "createAgent", with("systemPrompt", json!(prompt))).await;
    assert_eq!(made["agent"]["systemPrompt"], prompt);
}

#[tokio::test]
async fn numbers_are_bounded() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for (value, kept) in [
        (json!(0), 0.0),
        (json!(2), 2.0),
        (json!(1.5), 1.5),
        (json!(0.123_456), 0.1235),
        (json!(1e-30), 0.0),
    ] {
        let made = mutate(&ada, "createAgent", with("temperature", value)).await;
        assert_eq!(made["agent"]["temperature"], json!(kept), "{made}");
        assert_eq!(read(&ada, &made["agent"]["id"]).await, made["agent"]);
    }
    for value in [
        json!(-1),
        json!(2.1),
        json!(-1e-9),
        json!(2.000_000_1),
        json!(1e308),
    ] {
        let paths = refused(&ada, "createAgent", with("temperature", value.clone())).await;
        assert_eq!(paths, ["temperature"], "{value}");
    }
    for value in [1, i32::MAX] {
        let made = mutate(&ada, "createAgent", with("maxTokens", json!(value))).await;
        assert_eq!(made["agent"]["maxTokens"], value);
    }
    for value in [0, -1, i32::MIN] {
        let paths = refused(&ada, "createAgent", with("maxTokens", json!(value))).await;
        assert_eq!(paths, ["maxTokens"], "{value}");
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "", "systemPrompt": "", "model": "", "temperature": 3, "maxTokens": 0,
                        "idempotencyKey": "k".repeat(256), "description": "\0" });
    let mut paths = refused(&ada, "createAgent", input).await;
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "description",
            "idempotencyKey",
            "maxTokens",
            "model",
            "name",
            "systemPrompt",
            "temperature"
        ]
    );
    assert!(super::names(&ada, "").await.is_empty());
}

#[tokio::test]
async fn value_of_another_type_is_refused_and_not_repeated() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let document =
        "mutation($input: CreateAgentInput!) { createAgent(input: $input) { __typename } }";
    for (field, value) in [
        ("name", json!(7_319_842)),
        ("name", json!(["canary"])),
        ("name", Value::Null),
        ("systemPrompt", json!({ "canary": 1 })),
        ("temperature", json!("canary")),
        ("temperature", json!("0.5")),
        ("maxTokens", json!("canary")),
        ("maxTokens", json!(1.5)),
        ("maxTokens", json!(2_147_483_648_i64)),
        ("visibility", json!("canary")),
        ("canary", json!("canary")),
    ] {
        let response = ada
            .post(document, json!({ "input": with(field, value.clone()) }))
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let body = response.text().await.unwrap();
        assert!(
            matches!(status, 400 | 422),
            "{field}={value}: {status} {body}"
        );
        for echo in ["canary", "7319842", "0.5", "2147483648"] {
            assert!(!body.contains(echo), "{field}={value}: {body}");
        }
    }
    assert!(super::names(&ada, "").await.is_empty());
}

#[tokio::test]
async fn literal_that_is_no_value_of_its_type_is_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for field in [
        "temperature: NaN",
        "temperature: Infinity",
        "temperature: 1e999",
        "temperature: \"1\"",
        "maxTokens: 2147483648",
        "maxTokens: 99999999999999999999999",
        "maxTokens: 1.0",
        r#"description: "\ud800""#,
        r#"description: "\udc00 \ud800""#,
    ] {
        let document = format!(
            r#"mutation {{ createAgent(input: {{ name: "a", systemPrompt: "b", {field} }}) {{ __typename }} }}"#
        );
        let response = ada.post(&document, json!({})).send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.text().await.unwrap();
        assert!(matches!(status, 400 | 422), "{field}: {status} {body}");
    }
    assert!(super::names(&ada, "").await.is_empty());
}

#[tokio::test]
async fn body_that_is_no_json_text_is_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let body = |name: &str| {
        format!(
            r#"{{"query":"mutation($i: CreateAgentInput!) {{ createAgent(input: $i) {{ __typename }} }}",
                "variables":{{"i":{{"name":{name},"systemPrompt":"canary"}}}}}}"#
        )
    };
    for name in [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud800x""#,
        "NaN",
        "1e999",
        "\"raw\u{1}control\"",
        "'quoted'",
    ] {
        let (status, text) = send_raw(&ada, body(name)).await;
        assert_eq!(status, 400, "{name}: {text}");
        assert!(!text.contains("canary"), "{text}");
    }
    let (status, text) = send_raw(&ada, body(&format!("{:?}", "x".repeat(1 << 20)))).await;
    assert_eq!(status, 413, "{text}");
    // A surrogate pair is one character like any other.
    let (status, text) = send_raw(&ada, body(r#""\ud83c\udf89""#)).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(super::names(&ada, "").await, ["🎉"]);
}

#[tokio::test]
async fn id_of_any_shape_reads_as_missing() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    create(&ada, "Helper").await;
    for id in [
        String::new(),
        "\0".to_owned(),
        "a\0b".to_owned(),
        "' OR true --".to_owned(),
        "🎉".to_owned(),
        "x".repeat(100_000),
    ] {
        assert_eq!(read(&ada, &json!(id)).await, Value::Null);
        for (field, input) in [
            ("updateAgent", json!({ "id": id, "name": "Mine" })),
            ("updateAgent", json!({ "id": id })),
            ("deleteAgent", json!({ "id": id })),
            ("duplicateAgent", json!({ "id": id })),
            (
                "transferAgent",
                json!({ "id": id, "newOwnerId": ada.user_id }),
            ),
        ] {
            assert_eq!(
                super::outcome(&ada, field, input).await,
                "NotFound",
                "{field}"
            );
        }
    }
    assert_eq!(super::names(&ada, "").await, ["Helper"]);
}
