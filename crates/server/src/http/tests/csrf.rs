//! Cookies, origins and CORS.

use std::sync::Arc;

use serde_json::json;

use super::server::{Server, send, status};
use crate::http::{HttpOptions, HttpState, SetupError};

const ME: &str = r#"{"query":"{ me }"}"#;

async fn server() -> Server {
    Server::start(HttpOptions {
        public_origin: Some("https://api.example.com".into()),
        trusted_origins: vec!["https://app.example.com".into()],
        cors_origins: vec!["https://other.example.com".into()],
        ..HttpOptions::default()
    })
    .await
}

#[tokio::test]
async fn cookie_acts_for_trusted_pages_only() {
    let server = server().await;
    let post = || server.post(ME).header("cookie", "session=good");
    assert_eq!(send(post()).await.json()["data"]["me"], json!("ann"));
    for origin in [
        "https://api.example.com",
        "https://app.example.com",
        "https://other.example.com",
    ] {
        assert_eq!(
            send(post().header("origin", origin)).await.json()["data"]["me"],
            json!("ann"),
            "{origin}"
        );
    }
    let host = format!("http://{}", server.address);
    for origin in ["https://evil.example", "null", host.as_str()] {
        send(post().header("origin", origin))
            .await
            .refused(status(403), "FORBIDDEN");
    }
    send(post().header("sec-fetch-site", "cross-site"))
        .await
        .refused(status(403), "FORBIDDEN");
    let get = server
        .get("/graphql?query={me}")
        .header("cookie", "session=good");
    send(get.header("sec-fetch-site", "cross-site"))
        .await
        .refused(status(403), "FORBIDDEN");
    let same = server
        .get("/graphql?query={me}")
        .header("cookie", "session=good");
    assert_eq!(send(same).await.json()["data"]["me"], json!("ann"));
}

#[tokio::test]
async fn header_credential_acts_from_anywhere_and_wins_over_the_cookie() {
    let server = server().await;
    let post = || {
        server
            .post(ME)
            .header("origin", "https://evil.example")
            .header("cookie", "session=good")
    };
    assert_eq!(
        send(post().header("authorization", "Bearer good"))
            .await
            .status,
        200
    );
    send(post().header("authorization", "Bearer bad"))
        .await
        .refused(status(401), "UNAUTHENTICATED");
}

#[tokio::test]
async fn only_listed_origins_may_read() {
    let server = server().await;
    let listed = send(
        server
            .post(ME)
            .header("origin", "https://other.example.com"),
    )
    .await;
    assert_eq!(
        listed.header("access-control-allow-origin"),
        "https://other.example.com"
    );
    assert_eq!(listed.header("access-control-allow-credentials"), "true");
    let foreign = send(server.post(ME).header("origin", "https://evil.example")).await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
    let preflight = server
        .client
        .request(reqwest::Method::OPTIONS, server.url("/graphql"))
        .header("origin", "https://other.example.com")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,x-organization-id",
        );
    let answer = send(preflight).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("x-organization-id")
    );
}

#[tokio::test]
async fn without_configuration_nobody_else_reads() {
    let answer = send(
        Server::plain()
            .await
            .post(ME)
            .header("origin", "https://evil.example"),
    )
    .await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn star_opens_reading_without_credentials() {
    let server = Server::start(HttpOptions {
        cors_origins: vec!["*".into()],
        ..HttpOptions::default()
    })
    .await;
    let answer = send(server.post(ME).header("origin", "https://any.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let cookie = server
        .post(ME)
        .header("origin", "https://any.example")
        .header("cookie", "session=good");
    send(cookie).await.refused(status(403), "FORBIDDEN");
}

#[test]
fn origins_are_checked_at_the_start() {
    for wrong in [
        "app.example.com",
        "https://app.example.com/path",
        "ftp://app.example.com",
        "",
    ] {
        let options = HttpOptions {
            trusted_origins: vec![wrong.to_owned()],
            ..HttpOptions::default()
        };
        let schema = super::schema::toy();
        let text = schema.sdl();
        let gate = Arc::new(super::schema::ToyGate::default());
        let ready = Arc::new(super::schema::ToyReadiness(true.into()));
        let made = HttpState::new(schema, gate, ready, text, options);
        assert!(matches!(made, Err(SetupError::Origin(origin)) if origin == wrong));
    }
}
