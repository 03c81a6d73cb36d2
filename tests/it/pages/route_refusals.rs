//! `POST /api/install`: every other row of the table, and what nobody may get through it.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::route::install;
use super::{shop, signed_in};
use crate::support::Server;
use crate::templates::{definition, finance, installed, mutate, offer, publish, publisher, rows};

async fn read(request: RequestBuilder) -> (StatusCode, reqwest::header::HeaderMap, Value) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    (status, headers, response.json().await.unwrap())
}

fn post(server: &Server) -> RequestBuilder {
    reqwest::Client::new().post(format!("{}/api/install", server.url))
}

#[tokio::test]
async fn nobody_is_unauthorized() {
    let (server, _) = shop().await;
    let body = json!({ "slug": "finance" });
    for request in [
        post(&server),
        post(&server).bearer_auth("nonsense"),
        post(&server).header("x-api-key", "nonsense"),
        post(&server).header("cookie", "better-auth.session_token=stale"),
    ] {
        let (status, headers, refused) = read(request.json(&body)).await;
        assert_eq!(status, 401);
        assert_eq!(headers["www-authenticate"], "Bearer");
        assert_eq!(refused["error"], "Unauthorized");
        assert!(refused["message"].is_string());
    }
    assert_eq!(rows(&server, "agents").await, 0);
}

#[tokio::test]
async fn twenty_first_of_an_hour_waits_whatever_it_says_and_by_whatever_surface() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    for n in 0..20 {
        // Before anything is looked at: what is no JSON counts, and so does GraphQL.
        if n % 3 == 0 {
            let request = post(&server).bearer_auth(&bob.token).body("no JSON");
            let request = request.header("content-type", "application/json");
            assert_eq!(read(request).await.0, 400, "{n}");
        } else if n % 3 == 1 {
            installed(&bob, json!({ "slug": "finance" })).await;
        } else {
            assert_eq!(
                install(&bob, json!({ "slug": "finance" })).await.0,
                200,
                "{n}"
            );
        }
    }
    for body in ["no JSON", "{\"slug\":\"finance\"}"] {
        let request = post(&server).bearer_auth(&bob.token).body(body);
        let (status, headers, refused) =
            read(request.header("content-type", "application/json")).await;
        assert_eq!(status, 429);
        let wait: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        // An hour, and what of the full one must fade before the next use.
        assert!((1..=3_780).contains(&wait), "{wait}");
        let error = refused["error"].as_str().unwrap();
        assert!(error.starts_with("Install rate limit exceeded."), "{error}");
    }
    let eve = server.sign_up("Eve").await;
    assert_eq!(install(&eve, json!({ "slug": "finance" })).await.0, 200);
}

#[tokio::test]
async fn bad_json_is_told_as_such() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in ["", "{", "[]", "null", "\"finance\"", &deep] {
        let request = post(&server).bearer_auth(&bob.token).body(body.to_owned());
        let (status, _, refused) = read(request.header("content-type", "application/json")).await;
        assert_eq!(
            (status.as_u16(), refused),
            (400, json!({ "error": "Invalid JSON body" }))
        );
    }
}

#[tokio::test]
async fn unknown_slug_is_not_found_however_it_is_written() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    for slug in [
        "nothing",
        "acme",
        "a\u{0}b",
        "'; DROP TABLE agents; --",
        &"x".repeat(10_000),
    ] {
        let (status, refused) = install(&bob, json!({ "slug": slug })).await;
        assert_eq!((status, &refused["error"]), (404, &json!("unknown_slug")));
        assert!(refused["message"].is_string());
    }
}

#[tokio::test]
async fn what_the_install_refuses_is_told_and_no_word_of_the_database() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let instance = json!({ "templateAgentId": done["agent"]["id"] });
    let own = publisher(&server, "Olga", "own").await;
    // Published by a personal organisation, and so belonging to the very one it would go to.
    let home = server.sign_up("Home").await;
    offer(&home, "home", definition("Home")).await;
    for (caller, body, code) in [
        (&bob, instance, "TEMPLATE_IS_INSTANCE"),
        (&home, json!({ "slug": "home" }), "SELF_INSTALL"),
        (
            &bob,
            json!({ "templateAgentId": "nothing" }),
            "TEMPLATE_NOT_FOUND",
        ),
    ] {
        let (status, refused) = install(caller, body).await;
        assert_eq!((status, &refused["code"]), (400, &json!(code)), "{refused}");
    }
    for name in [json!("x".repeat(201)), json!(7), json!("a\u{0}b")] {
        let (status, refused) = install(&own, json!({ "slug": "finance", "name": name })).await;
        let error = refused["error"].as_str().unwrap();
        assert!(status == 400 && error.starts_with("name"), "{refused}");
        assert!(!error.contains("xxx"), "{error}");
    }
}

#[tokio::test]
async fn full_organization_is_refused() {
    let server = Server::start_with(&["--max-agents=1"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "name": "Plain", "systemPrompt": "p" });
    mutate(&bob, "createAgent", "agent { id }", input).await;
    let (status, refused) = install(&bob, json!({ "slug": "finance" })).await;
    assert_eq!(status, 400);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("no more than 1"),
        "{refused}"
    );
}

#[tokio::test]
async fn foreign_page_installs_nothing_with_somebodys_cookie() {
    let (server, _) = shop().await;
    server.sign_up("Bob").await;
    let bob = signed_in(&server, "Bob").await;
    let body = json!({ "slug": "finance" }).to_string();
    let send = |origin: &str, kind: &str| {
        let request = post(&server).header("cookie", bob.cookie());
        let request = request
            .header("origin", origin)
            .header("content-type", kind);
        request.body(body.clone())
    };
    let ours = server.url.as_str();
    for (origin, kind, expected) in [
        ("https://evil.example", "application/json", 403),
        ("null", "application/json", 403),
        (ours, "text/plain", 415),
        (ours, "application/x-www-form-urlencoded", 415),
        (ours, "multipart/form-data", 415),
    ] {
        let (status, _, refused) = read(send(origin, kind)).await;
        assert_eq!(status.as_u16(), expected, "{origin} {kind}");
        assert!(refused["error"].is_string());
    }
    assert_eq!(rows(&server, "agents").await, 0);
    assert_eq!(read(send(ours, "application/json")).await.0, 200);
}

#[tokio::test]
async fn methods_sizes_and_listed_origins_are_as_for_graphql() {
    let server =
        Server::start_with(&["--body-limit=1KiB", "--cors-origins=https://app.example"]).await;
    let acme = publisher(&server, "Ada", "acme").await;
    publish(&acme, "finance", definition("Small")).await;
    let url = format!("{}/api/install", server.url);
    let http = reqwest::Client::new();
    for request in [http.get(&url), http.put(&url), http.delete(&url)] {
        let (status, headers, refused) = read(request).await;
        assert_eq!(
            (status.as_u16(), &headers["allow"]),
            (405, &"POST".parse().unwrap())
        );
        assert!(refused["error"].is_string());
    }
    let large = json!({ "slug": "finance", "name": "x".repeat(2_000) });
    let (status, _, _) = read(post(&server).bearer_auth(&acme.token).json(&large)).await;
    assert_eq!(status, 413);
    let asked = http
        .request(reqwest::Method::OPTIONS, &url)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let response = asked.send().await.unwrap();
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    assert_eq!(
        response.headers()["access-control-allow-credentials"],
        "true"
    );
    let small = json!({ "slug": "nothing" });
    let elsewhere = post(&server)
        .header("origin", "https://evil.example")
        .json(&small);
    let (_, headers, _) = read(elsewhere).await;
    assert!(headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn key_without_the_permission_is_forbidden() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let document = "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { ... on CreateApiKeySuccess { key } ... on UserError { message } } }";
    for (permissions, expected) in [
        (json!({ "agents": ["read", "write"] }), 403),
        (json!({ "templates": ["write"] }), 200),
    ] {
        let input = json!({ "i": { "name": "ci", "permissions": permissions } });
        let made = bob.query(document, input).await;
        let key = made["createApiKey"]["key"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned();
        let request = post(&server).header("x-api-key", key);
        let (status, _, done) = read(request.json(&json!({ "slug": "finance" }))).await;
        assert_eq!(status.as_u16(), expected, "{done}");
    }
}

#[tokio::test]
async fn of_sixteen_at_once_one_makes_the_agent() {
    let (server, _) = shop().await;
    let bob = server.sign_up("Bob").await;
    let many = (0..16).map(|_| install(&bob, json!({ "slug": "finance" })));
    let done = futures_util::future::join_all(many).await;
    let made = done
        .iter()
        .filter(|(_, body)| body["created"] == true)
        .count();
    assert!(
        made == 1 && done.iter().all(|(status, _)| *status == 200),
        "{done:?}"
    );
    assert_eq!(rows(&server, "agents").await, 1);
}
