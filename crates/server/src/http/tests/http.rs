//! Methods, media types and status codes.

use std::time::Duration;

use serde_json::json;

use super::server::{GRAPHQL_RESPONSE, JSON, Server, send, status};
use crate::http::{HttpOptions, Timeouts};

const HELLO: &str = r#"{"query":"{ hello }"}"#;

#[tokio::test]
async fn media_type_is_negotiated() {
    let server = Server::plain().await;
    for (accept, expected) in [
        ("*/*", GRAPHQL_RESPONSE),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/json", JSON),
        (
            "application/graphql-response+json;q=0.5, application/json",
            JSON,
        ),
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            GRAPHQL_RESPONSE,
        ),
    ] {
        let answer = send(server.post(HELLO).header("accept", accept)).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, expected),
            "{accept}"
        );
        assert_eq!(answer.json(), json!({"data": {"hello": "hello you"}}));
    }
    for accept in ["text/html", "application/json;q=0", "image/*"] {
        send(server.post(HELLO).header("accept", accept))
            .await
            .refused(status(406), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn client_of_plain_json_gets_that_type_with_success_only() {
    let server = Server::plain().await;
    let post = |body: &str| {
        server
            .post(body.to_owned())
            .header("accept", "application/json")
    };
    let partial = send(post(r#"{"query":"{ maybe }"}"#)).await;
    assert_eq!(
        (partial.status, partial.header("content-type")),
        (200, JSON)
    );
    send(post(r#"{"query":"{ nothing }"}"#))
        .await
        .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
    send(post("nonsense"))
        .await
        .refused(status(400), "BAD_USER_INPUT");
}

#[tokio::test]
async fn only_json_bodies_are_read() {
    let server = Server::plain().await;
    let post = || server.client.post(server.url("/graphql")).body(HELLO);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin1",
        "application/jsonx",
    ] {
        send(post().header("content-type", kind))
            .await
            .refused(status(415), "BAD_USER_INPUT");
    }
    send(post()).await.refused(status(415), "BAD_USER_INPUT");
    send(server.post(HELLO).header("content-encoding", "gzip"))
        .await
        .refused(status(415), "BAD_USER_INPUT");
    for kind in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        assert_eq!(
            send(post().header("content-type", kind)).await.status,
            200,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn malformed_requests_are_told_apart() {
    let server = Server::plain().await;
    for (body, expected) in [
        ("", 400),
        ("nonsense", 400),
        (r#"{"query":"#, 400),
        (r#"{"query":"{ hello }"} x"#, 400),
        (r#"{"query":"\ud800"}"#, 400),
        ("[nonsense", 400),
        ("{}", 422),
        (r#"{"qeury":"{ hello }"}"#, 422),
        (r#"{"query":null}"#, 422),
        (r#"{"query":7}"#, 422),
        (r#"{"query":["{ hello }"]}"#, 422),
        (r#"{"query":"{ hello }","variables":[7]}"#, 422),
        (r#"{"query":"{ hello }","variables":"7"}"#, 422),
        (r#"{"query":"{ hello }","extensions":1}"#, 422),
        (r#"{"query":"{ hello }","operationName":1}"#, 422),
        (r#"{"query":"{ hello }","query":"{ me }"}"#, 422),
        (r#"["{ hello }"]"#, 422),
        ("7", 422),
        ("null", 422),
    ] {
        send(server.post(body))
            .await
            .refused(status(expected), "BAD_USER_INPUT");
    }
    let nulls =
        r#"{"query":"{ hello }","variables":null,"operationName":null,"extensions":null,"more":1}"#;
    assert_eq!(send(server.post(nulls)).await.status, 200);
}

#[tokio::test]
async fn batches_are_off() {
    let server = Server::plain().await;
    let answer = send(server.post(format!("[{HELLO},{HELLO}]"))).await;
    answer.refused(status(422), "BAD_USER_INPUT");
    assert!(answer.text.contains("Batches"), "{}", answer.text);
}

#[tokio::test]
async fn other_methods_are_refused_with_allow() {
    let server = Server::plain().await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = send(
            server
                .client
                .request(method, server.url("/graphql"))
                .body(HELLO),
        )
        .await;
        answer.refused(status(405), "BAD_USER_INPUT");
        assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    }
}

#[tokio::test]
async fn get_runs_queries_and_nothing_else() {
    let server = Server::plain().await;
    let get = |query: &[(&str, &str)]| {
        let mut url = reqwest::Url::parse(&server.url("/graphql")).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        send(server.client.get(url))
    };
    let query = "query A($n: String!) { hello(name: $n) } mutation B { bump }";
    let answer = get(&[
        ("query", query),
        ("operationName", "A"),
        ("variables", r#"{"n":"x"}"#),
    ])
    .await;
    assert_eq!(answer.json(), json!({"data": {"hello": "hello x"}}));
    let mutation = get(&[("query", query), ("operationName", "B")]).await;
    mutation.refused(status(405), "BAD_USER_INPUT");
    assert_eq!(mutation.header("allow"), "POST");
    assert_eq!(
        server.gate.bumps.load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    assert_eq!(
        get(&[
            ("query", "{ hello }"),
            ("operationName", ""),
            ("variables", "")
        ])
        .await
        .status,
        200
    );
    get(&[]).await.refused(status(422), "BAD_USER_INPUT");
    get(&[("query", "{ hello }"), ("query", "{ me }")])
        .await
        .refused(status(422), "BAD_USER_INPUT");
    get(&[("query", "{ hello }"), ("variables", "[1]")])
        .await
        .refused(status(422), "BAD_USER_INPUT");
    get(&[("query", "{ hello }"), ("variables", "{")])
        .await
        .refused(status(422), "BAD_USER_INPUT");
    get(&[("query", "{ hello }"), ("operationName", "null")])
        .await
        .refused(status(422), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn body_is_capped() {
    let server = Server::start(HttpOptions {
        body_bytes: 1_000,
        ..HttpOptions::default()
    })
    .await;
    send(server.post(" ".repeat(1_001)))
        .await
        .refused(status(413), "BAD_USER_INPUT");
    let padded = format!("{HELLO}{}", " ".repeat(1_000 - HELLO.len()));
    assert_eq!(send(server.post(padded)).await.status, 200);
}

#[tokio::test]
async fn sender_of_a_long_body_reads_why_it_is_refused() {
    let server = Server::plain().await;
    send(server.post(" ".repeat(3 << 20)))
        .await
        .refused(status(413), "BAD_USER_INPUT");
}

#[tokio::test]
async fn body_must_come_in_time() {
    let timeouts = Timeouts {
        body: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let server = Server::start(HttpOptions {
        timeouts,
        ..HttpOptions::default()
    })
    .await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let text = super::serve::raw(server.address, head).await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(text.contains("\"TIMEOUT\""), "{text}");
}

#[tokio::test]
async fn cookies_of_resolvers_are_forwarded_and_nothing_about_the_body() {
    let answer = Server::plain().await.query("{ cookie }").await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.header("content-type"), GRAPHQL_RESPONSE);
}

#[tokio::test]
async fn answers_are_compressed_when_asked() {
    let server = Server::plain().await;
    for encoding in ["gzip", "br"] {
        let answer = server
            .post(r#"{"query":"{ long }"}"#)
            .header("accept-encoding", encoding)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-encoding"], encoding);
        assert!(answer.bytes().await.unwrap().len() < 1_000);
    }
    assert_eq!(
        server.query("{ long }").await.header("content-encoding"),
        ""
    );
}

#[tokio::test]
async fn every_answer_has_an_id_and_security_headers() {
    let server = Server::plain().await;
    for path in ["/graphql", "/livez", "/nowhere"] {
        let answer = send(server.get(path)).await;
        assert_eq!(answer.header("x-request-id").len(), 24);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
    }
    let kept = send(server.get("/livez").header("x-request-id", "mine-1")).await;
    assert_eq!(kept.header("x-request-id"), "mine-1");
}

#[tokio::test]
async fn health_says_what_it_knows() {
    let server = Server::plain().await;
    assert_eq!(
        send(server.get("/livez")).await.json(),
        json!({"status": "ok"})
    );
    assert_eq!(send(server.get("/readyz")).await.status, 200);
    server
        .ready
        .0
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let answer = send(server.get("/readyz")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["checks"]["database"]["ok"], json!(false));
    assert_eq!(send(server.get("/livez")).await.status, 200);
}

#[tokio::test]
async fn schema_text_is_served_unless_told_not_to() {
    let server = Server::plain().await;
    let answer = send(server.get("/schema.graphql")).await;
    assert!(answer.text.contains("type Query"));
    let quiet = Server::start(HttpOptions {
        publish_schema: false,
        ..HttpOptions::default()
    })
    .await;
    send(quiet.get("/schema.graphql"))
        .await
        .refused(status(404), "NOT_FOUND");
    send(quiet.get("/nowhere"))
        .await
        .refused(status(404), "NOT_FOUND");
    let answer = send(quiet.client.post(quiet.url("/livez"))).await;
    answer.refused(status(405), "BAD_USER_INPUT");
}
