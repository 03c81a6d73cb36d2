//! Limits, each refused before anything is executed, by name.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::server::{Server, send, status};
use crate::http::{DocumentLimits, HttpOptions};

fn small() -> HttpOptions {
    HttpOptions {
        limits: DocumentLimits {
            bytes: 4_000,
            tokens: 300,
            depth: 4,
            introspection_depth: 6,
            aliases: 3,
            root_fields: 4,
            directives: 2,
            selections: 20,
            input_depth: 3,
        },
        ..HttpOptions::default()
    }
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, index| {
        write!(all, " {}", item(index)).unwrap();
        all
    })
}

#[tokio::test]
async fn each_limit_is_refused_by_name() {
    let server = Server::start(small()).await;
    for (query, what) in [
        (format!("{{ hello }} #{}", "x".repeat(4_000)), "4000 bytes"),
        (format!("{{ {} }}", "hello ".repeat(300)), "300 tokens"),
        (
            "{ node { child { child { child { id } } } } }".into(),
            "4 levels of fields",
        ),
        (
            format!("{{ {} }}", repeat(4, |n| format!("a{n}: hello"))),
            "3 aliases",
        ),
        (
            "{ hello me node { id } organization long }".into(),
            "4 root fields",
        ),
        (
            format!("{{ {} }}", repeat(3, |_| "hello @skip(if: true)".into())),
            "2 directives",
        ),
        (
            format!("{{ node {{ {} }} }}", "id ".repeat(20)),
            "20 selections",
        ),
        (
            "{ hello(name: [[[[1]]]]) }".into(),
            "3 levels of nesting in an input value",
        ),
        (
            "{ __schema { types { fields { type { fields { type { name } } } } } } }".into(),
            "6 levels of introspection",
        ),
        (
            format!("{{ node {}id{} }}", "{ ... ".repeat(40), "}".repeat(40)),
            "levels of",
        ),
    ] {
        let answer = server.query(&query).await;
        answer.refused(status(422), "QUERY_TOO_COMPLEX");
        assert!(answer.text.contains(what), "{what}: {}", answer.text);
    }
    // As deep as the scan lets through: the parser's recursion must bear it.
    let deepest = format!("{{ hello(name: {}{}) }}", "[".repeat(23), "]".repeat(23));
    server
        .query(&deepest)
        .await
        .refused(status(422), "QUERY_TOO_COMPLEX");
    let deep = server
        .query_with(
            "query($n: Note!) { note(note: $n) }",
            json!({"n": {"a": {"b": {"c": {"d": 1}}}}}),
        )
        .await;
    deep.refused(status(422), "QUERY_TOO_COMPLEX");
    let inside = "{ node { child { child { id } } } a: hello b: hello c: hello @skip(if: false) }";
    assert_eq!(server.query(inside).await.status, 200);
}

#[tokio::test]
async fn fragments_count_as_often_as_they_are_spread() {
    let server = Server::plain().await;
    let mut bomb = String::from("{ node { ...F0 } }");
    for n in 0..25 {
        write!(
            bomb,
            " fragment F{n} on Node {{ ...F{} ...F{} }}",
            n + 1,
            n + 1
        )
        .unwrap();
    }
    bomb.push_str(" fragment F25 on Node { id }");
    let answer = server.query(&bomb).await;
    answer.refused(status(422), "QUERY_TOO_COMPLEX");
    assert!(answer.text.contains("1000 selections"), "{}", answer.text);
    let aliases = format!(
        "{{ {} }} fragment F on Query {{ x: hello }}",
        "...F ".repeat(51)
    );
    server
        .query(&aliases)
        .await
        .refused(status(422), "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn fragments_are_checked_for_circles_gaps_and_leftovers() {
    let server = Server::plain().await;
    for query in [
        "{ node { ...A } } fragment A on Node { ...B } fragment B on Node { ...A }",
        "{ node { ...A } } fragment A on Node { child { ...A } }",
        "{ node { ...A } }",
        "{ hello } fragment A on Node { id }",
        "{ hello } fragment A on Node { ...A }",
    ] {
        server
            .query(query)
            .await
            .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn lists_of_types_are_not_multiplied() {
    let server = Server::plain().await;
    let query =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let answer = server.query(query).await;
    answer.refused(status(422), "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn deep_nesting_does_not_overflow_the_stack() {
    let server = Server::plain().await;
    let many = 50_000;
    for query in [
        format!(
            "{{ hello(name: {}{}) }}",
            "[".repeat(many),
            "]".repeat(many)
        ),
        format!(
            "{{ hello(name: {}1{}) }}",
            "{a:".repeat(many / 4),
            "}".repeat(many / 4)
        ),
        format!(
            "query($a: {}Int{}) {{ hello }}",
            "[".repeat(many),
            "]".repeat(many)
        ),
        format!("{}{}", "{ node ".repeat(many / 8), "}".repeat(many / 8)),
    ] {
        server
            .query(&query)
            .await
            .refused(status(422), "QUERY_TOO_COMPLEX");
    }
    let body = format!(
        r#"{{"query":"{{ hello }}","variables":{{"a":{}{}}}}}"#,
        "[".repeat(many),
        "]".repeat(many)
    );
    send(server.post(body))
        .await
        .refused(status(422), "QUERY_TOO_COMPLEX");
    let body = format!(
        r#"{{"query":"{{ hello }}","variables":{{"a":{}"#,
        "{\"a\":".repeat(many)
    );
    send(server.post(body))
        .await
        .refused(status(422), "QUERY_TOO_COMPLEX");
    let mut url = reqwest::Url::parse(&server.url("/graphql")).unwrap();
    url.query_pairs_mut()
        .append_pair("query", "{ hello }")
        .append_pair("variables", &"[".repeat(5_000));
    send(server.client.get(url))
        .await
        .refused(status(422), "QUERY_TOO_COMPLEX");
}

/// The query `GraphiQL` and code generators send (graphql-js 16, all options on).
const INTROSPECTION: &str = "
query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn standard_introspection_is_within_the_limits() {
    let answer = Server::plain().await.query(INTROSPECTION).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json().get("errors").is_none(), "{}", answer.text);
    assert!(
        answer.json()["data"]["__schema"]["types"]
            .as_array()
            .is_some_and(|types| types.len() > 5)
    );
}

#[tokio::test]
async fn document_seen_before_answers_alike() {
    let server = Server::plain().await;
    let query =
        "query A($n: String!, $no: Boolean!) { hello(name: $n) me @skip(if: $no) } query B { me }";
    let ask = |name: &str, variables: Value| {
        send(server.post(
            json!({"query": query, "operationName": name, "variables": variables}).to_string(),
        ))
    };
    for _ in 0..3 {
        assert_eq!(
            ask("A", json!({"n": "x", "no": true})).await.json(),
            json!({"data": {"hello": "hello x"}})
        );
        assert_eq!(
            ask("A", json!({"n": "y", "no": false})).await.json(),
            json!({"data": {"hello": "hello y", "me": null}})
        );
        assert_eq!(
            ask("B", json!({})).await.json(),
            json!({"data": {"me": null}})
        );
        ask("A", json!({"no": true}))
            .await
            .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn unknown_persisted_query_is_told_in_the_words_clients_know() {
    let server = Server::plain().await;
    let body = r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}"#;
    let answer = send(server.post(body)).await;
    answer.refused(status(422), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(
        answer.json()["errors"][0]["message"],
        "PersistedQueryNotFound"
    );
}
