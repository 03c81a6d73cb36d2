//! Signing in.

use serde_json::{Value, json};

use super::{PASSWORD, SIGN_IN, browser, sign_in, sql, viewer};
use crate::support::{Caller, Server};

#[tokio::test]
async fn each_sign_in_is_a_session_of_its_own() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let first = sign_in(&server, "ada@example.com", PASSWORD).await;
    let second = sign_in(&server, " ADA@example.com", PASSWORD).await;
    for session in [&first, &second] {
        assert_eq!(session["userId"], ada.user_id);
        assert_eq!(session["organizationId"], ada.organization_id);
        let token = format!("Bearer {}", session["token"].as_str().unwrap());
        assert_eq!(
            viewer(&server, &[("authorization", &token)]).await["user"]["id"],
            ada.user_id
        );
    }
    assert_ne!(first["token"], second["token"]);
    assert_ne!(first["token"], ada.token);
}

#[tokio::test]
async fn wrong_password_and_unknown_address_look_the_same() {
    let server = Server::start().await;
    server.sign_up("Ada").await;
    // Signed up through a provider: there is no password to be right.
    sql(
        &server,
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
           VALUES ($1, 'Bob', 'bob@example.com', true, now(), now())"#,
        &["provider-user"],
    )
    .await;
    sql(
        &server,
        r#"INSERT INTO "account" ("id", "accountId", "providerId", "userId", "createdAt", "updatedAt")
           VALUES ('a1', '4711', 'github', $1, now(), now())"#,
        &["provider-user"],
    )
    .await;
    let long = "x".repeat(1_000_000);
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("ada@example.com", "Correct horse battery"),
        ("ada@example.com", ""),
        ("ada@example.com", long.as_str()),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("\0", PASSWORD),
        (long.as_str(), PASSWORD),
    ] {
        let input = json!({ "email": email, "password": password });
        let request = Caller::nobody(&server).post(SIGN_IN, json!({ "input": input }));
        let response = request.send().await.unwrap();
        assert!(response.headers().get("set-cookie").is_none());
        answers.push(response.json::<Value>().await.unwrap());
    }
    assert_eq!(answers[0]["data"]["signIn"]["__typename"], "Forbidden");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn session_not_to_be_remembered_is_short_and_its_cookie_ends_with_the_browser() {
    let server = Server::start().await;
    server.sign_up("Ada").await;
    let (cookies, _) = browser(&server, "ada@example.com", false).await;
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert!(
        cookies.iter().all(|cookie| !cookie.contains("Max-Age")),
        "{cookies:?}"
    );
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie.starts_with("better-auth.dont_remember=true."))
    );
    let (remembered, _) = browser(&server, "ada@example.com", true).await;
    assert!(
        remembered
            .iter()
            .any(|cookie| cookie.contains("; Max-Age=604800;")),
        "{remembered:?}"
    );
    let days: Vec<i32> = sqlx::query_scalar(
        r#"SELECT round(extract(epoch FROM "expiresAt" - "createdAt") / 86400)::int FROM "session" ORDER BY "createdAt""#,
    )
    .fetch_all(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(days, [7, 1, 7]);
}
