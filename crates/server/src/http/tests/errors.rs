//! What became of the request, in statuses, codes, words and the log.

use serde_json::json;

use super::log::Log;
use super::server::{GRAPHQL_RESPONSE, Server, send, status};
use crate::http::{HttpOptions, Timeouts};

const CANARY: &str = "canary-5up3r";

#[tokio::test]
async fn what_was_not_executed_has_no_data() {
    let server = Server::plain().await;
    for (query, expected, code) in [
        ("{", 400, "GRAPHQL_PARSE_FAILED"),
        ("", 400, "GRAPHQL_PARSE_FAILED"),
        ("nonsense", 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello { x } }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ mood }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ mood(mood: UGLY) }", 422, "GRAPHQL_VALIDATION_FAILED"),
        (
            "query A { hello } query B { me }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "query A { hello } query A { me }",
            400,
            "GRAPHQL_PARSE_FAILED",
        ),
        (
            "query($n: String!) { hello(name: $n) }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "query($n: Strin) { hello(name: $n) }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "query { hello(name: $n) }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ hello @unknown }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("query @unknown { hello }", 422, "GRAPHQL_VALIDATION_FAILED"),
        (
            "query($n: String @unknown) { hello(name: $n) }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "{ hello @include(if: true) @include(if: true) }",
            422,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ day(at: \"never\") }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { count(to: 1) }", 406, "BAD_USER_INPUT"),
        ("{ away }", 503, "UNAVAILABLE"),
        ("mutation { away }", 503, "UNAVAILABLE"),
        ("{ panics }", 500, "INTERNAL"),
    ] {
        let answer = server.query(query).await;
        answer.refused(status(expected), code);
    }
    let wrong_name = json!({"query": "query A { hello }", "operationName": "B"}).to_string();
    send(server.post(wrong_name))
        .await
        .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn what_was_executed_is_200_whatever_its_errors() {
    let server = Server::plain().await;
    for (query, code) in [
        ("{ maybe }", "NOT_FOUND"),
        ("{ hello maybe }", "NOT_FOUND"),
        ("{ limited }", "RATE_LIMITED"),
        ("{ uncoded }", "INTERNAL"),
        ("mutation { bump away }", "UNAVAILABLE"),
        ("{ limited away }", "RATE_LIMITED"),
    ] {
        let answer = server.query(query).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (200, code),
            "{}",
            answer.text
        );
        assert!(answer.json().get("data").is_some(), "{}", answer.text);
        assert_eq!(answer.header("content-type"), GRAPHQL_RESPONSE);
    }
}

#[tokio::test]
async fn retry_after_is_told_where_it_helps() {
    let server = Server::plain().await;
    assert_eq!(server.query("{ away }").await.header("retry-after"), "3");
    assert_eq!(
        server
            .query("mutation { away }")
            .await
            .header("retry-after"),
        "1"
    );
    assert_eq!(server.query("{ limited }").await.header("retry-after"), "7");
    assert_eq!(server.query("{ hello }").await.header("retry-after"), "");
}

#[tokio::test]
async fn refused_credentials_have_their_status() {
    let server = Server::plain().await;
    for (credential, expected, code) in [
        ("Bearer bad", 401, "UNAUTHENTICATED"),
        ("Bearer outsider", 403, "FORBIDDEN"),
        ("Bearer away", 503, "UNAVAILABLE"),
        ("Bearer broken", 500, "INTERNAL"),
        ("Bearer trap", 500, "INTERNAL"),
    ] {
        let answer = send(
            server
                .post(r#"{"query":"{ me }"}"#)
                .header("authorization", credential),
        )
        .await;
        answer.refused(status(expected), code);
        match expected {
            401 => assert_eq!(answer.header("www-authenticate"), "Bearer"),
            503 => assert_eq!(answer.header("retry-after"), "2"),
            500 => {
                let id = answer.json()["errors"][0]["extensions"]["requestId"].clone();
                assert_eq!(id, answer.header("x-request-id"));
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn caller_organization_and_address_reach_the_gate() {
    let server = Server::start(HttpOptions {
        forwarded_for: true,
        ..HttpOptions::default()
    })
    .await;
    let request = server
        .post(r#"{"query":"{ me organization }"}"#)
        .header("authorization", "Bearer good")
        .header("x-organization-id", "org1")
        .header("x-forwarded-for", "1.1.1.1, 203.0.113.9")
        .header("x-request-id", "r1");
    assert_eq!(
        send(request).await.json(),
        json!({"data": {"me": "ann", "organization": "org1"}})
    );
    assert_eq!(
        server.gate.seen.lock().unwrap().as_slice(),
        ["Some(203.0.113.9) Some(\"org1\") r1"]
    );
    let strange = server
        .post(r#"{"query":"{ me }"}"#)
        .header("authorization", &b"Bearer \xff"[..]);
    send(strange).await.refused(status(401), "UNAUTHENTICATED");
    server.gate.seen.lock().unwrap().truncate(1);
    server.query("{ me }").await;
    assert!(server.gate.seen.lock().unwrap()[1].starts_with("Some(127.0.0.1)"));
}

#[tokio::test]
async fn slow_operation_is_stopped() {
    let timeouts = Timeouts {
        operation: std::time::Duration::from_millis(50),
        ..Timeouts::default()
    };
    let server = Server::start(HttpOptions {
        timeouts,
        ..HttpOptions::default()
    })
    .await;
    server
        .query("{ slow }")
        .await
        .refused(status(504), "TIMEOUT");
}

/// A secret in every place a client can put one by mistake.
#[tokio::test]
async fn no_value_is_ever_repeated() {
    let server = Server::plain().await;
    let mut answers = Vec::new();
    for query in [
        format!("{{ mood(mood: \"{CANARY}\") }}"),
        format!("{{ note(note: \"{CANARY}\") }}"),
        format!("{{ note(note: {{ text: \"x\", mood: \"{CANARY}\" }}) }}"),
        format!("{{ day(at: \"{CANARY}\") }}"),
        format!("{{ hello(name: \"{CANARY}\" }}"),
        format!("{{ hello(name: \"{CANARY}) }}"),
        format!("{{ hello(name: [\"{CANARY}\"]) }}"),
        format!("query($n: Int = \"{CANARY}\") {{ hello(name: $n) }}"),
    ] {
        answers.push(server.query(&query).await);
    }
    for (query, value) in [
        ("query($v: Int) { __typename }", json!(CANARY)),
        ("query($v: Mood!) { mood(mood: $v) }", json!(CANARY)),
        ("query($v: Note!) { note(note: $v) }", json!(CANARY)),
        (
            "query($v: Note!) { note(note: $v) }",
            json!({"text": [CANARY]}),
        ),
        (
            "query($v: Note!) { note(note: $v) }",
            json!({"text": "x", "inner": {"text": "y", "mood": CANARY}}),
        ),
        (
            "query($v: Note!) { note(note: $v) }",
            json!({"text": "x", CANARY: 1}),
        ),
        ("query($v: DateTime!) { day(at: $v) }", json!(CANARY)),
        (
            "query($v: DateTime!) { day(at: $v) }",
            json!({"secret": CANARY}),
        ),
        ("query($v: String!) { hello(name: $v) }", json!([CANARY])),
    ] {
        answers.push(server.query_with(query, json!({"v": value})).await);
    }
    for body in [
        format!(r#"{{"query":"{{ hello }}","variables":"{CANARY}"}}"#),
        format!(r#"{{"query":{{"a":"{CANARY}"}}}}"#),
        format!(r#"{{"query":"{{ hello }}","operationName":"{CANARY}"}}"#),
        format!(r#"{{"query":"{{ hello }}", {CANARY}"#),
    ] {
        answers.push(send(server.post(body)).await);
    }
    answers.push(server.query("{ panics }").await);
    for answer in answers {
        assert!(
            answer.status == 422 || answer.status == 400 || answer.status == 500,
            "{answer:?}"
        );
        assert!(!answer.code().is_empty(), "{answer:?}");
        assert!(!answer.text.contains(CANARY), "{}", answer.text);
    }
}

#[tokio::test]
async fn our_own_errors_are_masked_and_found_by_id() {
    let log = Log::start();
    let answer = Server::plain().await.query("{ uncoded }").await;
    assert!(!answer.text.contains("relation"), "{}", answer.text);
    let id = answer.header("x-request-id").to_owned();
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["requestId"],
        id.as_str()
    );
    let text = log.text();
    assert!(
        text.lines()
            .any(|line| line.contains("relation") && line.contains(&id)),
        "{text}"
    );
}

#[tokio::test]
async fn suggestions_and_introspection_go_together() {
    let on = Server::plain().await;
    assert!(on.query("{ helo }").await.text.contains("Did you mean"));
    assert_eq!(
        on.query("{ __schema { queryType { name } } }").await.status,
        200
    );
    let off = Server::start(HttpOptions {
        introspection: false,
        ..HttpOptions::default()
    })
    .await;
    let answer = off.query("{ helo }").await;
    answer.refused(status(422), "GRAPHQL_VALIDATION_FAILED");
    assert!(!answer.text.contains("Did you mean"), "{}", answer.text);
    for query in [
        "{ __schema { queryType { name } } }",
        "{ ...F } fragment F on Query { x: __type(name: \"Query\") { name } }",
    ] {
        off.query(query)
            .await
            .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
    }
    assert_eq!(off.query("{ __typename }").await.status, 200);
}

#[tokio::test]
async fn one_line_an_operation_and_no_values_in_it() {
    let log = Log::start();
    let server = Server::plain().await;
    let body = json!({"query": "query Greet($n: String!) { hello(name: $n) }", "variables": {"n": CANARY}}).to_string();
    let request = server
        .post(body)
        .header("authorization", "Bearer good")
        .header("x-organization-id", "org1");
    assert_eq!(
        send(request.header("x-request-id", "r-7")).await.status,
        200
    );
    server
        .query(&format!("{{ nothing(a: \"{CANARY}\") }}"))
        .await;
    let text = log.text();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(crate::http::OPERATION_TARGET))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    for part in [
        "operation=Greet",
        "kind=\"query\"",
        "transport=\"http\"",
        "code=ok",
        "organization=\"org1\"",
        "statements=3",
        "ms=",
        "request_id=r-7",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(
        lines[1].contains("code=GRAPHQL_VALIDATION_FAILED"),
        "{}",
        lines[1]
    );
    assert!(
        !text.contains(CANARY) && !text.contains("hello(") && !text.contains("Bearer"),
        "{text}"
    );
}
