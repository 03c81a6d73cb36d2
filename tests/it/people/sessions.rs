//! What a session is good for, and until when.

use serde_json::{Value, json};

use super::{
    PASSWORD, SIGN_IN, VIEWER, ask, browser, cookie_header, read, set_cookies, sql, turned_away,
    viewer,
};
use crate::support::{Caller, Server};

const SIGN_OUT: &str = "mutation { signOut { ... on SignOutSuccess { ended } } }";

fn bearer(session: &Value) -> String {
    format!("Bearer {}", session["token"].as_str().unwrap())
}

#[tokio::test]
async fn signing_out_ends_this_session_from_the_next_request_on() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (_, other) = browser(&server, "ada@example.com", true).await;
    let done = ada.query(SIGN_OUT, json!({})).await;
    assert_eq!(done["signOut"]["ended"], true);
    let gone = format!("Bearer {}", ada.token);
    let (status, code) = turned_away(&server, &[("authorization", &gone)]).await;
    assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"));
    assert_eq!(
        viewer(&server, &[("authorization", &bearer(&other))]).await["user"]["id"],
        ada.user_id
    );
    let nobody = Caller::nobody(&server);
    assert_eq!(nobody.code(SIGN_OUT, json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn signing_out_clears_the_cookie() {
    let server = Server::start().await;
    server.sign_up("Ada").await;
    let (cookies, session) = browser(&server, "ada@example.com", true).await;
    let cookie = cookie_header(&cookies);
    let request = Caller::nobody(&server).post(SIGN_OUT, json!({}));
    let response = request.header("cookie", &cookie).send().await.unwrap();
    let cleared = set_cookies(&response);
    let of_session: Vec<_> = cleared
        .iter()
        .filter(|cookie| cookie.starts_with("better-auth.session_token=;"))
        .collect();
    assert_eq!(of_session.len(), 1, "{cleared:?}");
    assert!(
        cleared.iter().all(|cookie| cookie.contains("Max-Age=0")),
        "{cleared:?}"
    );
    assert_eq!(viewer(&server, &[("cookie", &cookie)]).await, Value::Null);
    let (status, _) = turned_away(&server, &[("authorization", &bearer(&session))]).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn expired_session_is_nobodys() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (cookies, session) = browser(&server, "ada@example.com", true).await;
    sql(
        &server,
        r#"UPDATE "session" SET "expiresAt" = now() - interval '1 millisecond' WHERE "token" = $1"#,
        &[session["token"].as_str().unwrap()],
    )
    .await;
    let refused = turned_away(&server, &[("authorization", &bearer(&session))]).await;
    assert_eq!(refused, (401, "UNAUTHENTICATED".to_owned()));
    assert_eq!(
        viewer(&server, &[("cookie", &cookie_header(&cookies))]).await,
        Value::Null
    );
    assert!(
        viewer(
            &server,
            &[("authorization", &format!("Bearer {}", ada.token))]
        )
        .await
        .is_object()
    );
}

#[tokio::test]
async fn deleted_user_has_no_session() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    sql(
        &server,
        r#"DELETE FROM "user" WHERE "id" = $1"#,
        &[&ada.user_id],
    )
    .await;
    let header = format!("Bearer {}", ada.token);
    assert_eq!(
        turned_away(&server, &[("authorization", &header)]).await.0,
        401
    );
}

#[tokio::test]
async fn text_that_is_no_token_of_ours_is_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id: String = sqlx::query_scalar(r#"SELECT "id" FROM "session""#)
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
    let mut altered = ada.token.clone();
    let last = if altered.pop() == Some('x') { 'y' } else { 'x' };
    altered.push(last);
    for text in [
        id,
        altered,
        ada.token.to_lowercase() + "x",
        format!("{}.{}", ada.token, "A".repeat(43) + "="),
        "a.b.c".to_owned(),
        "%".to_owned(),
        "x".repeat(5_000),
    ] {
        let refused = turned_away(&server, &[("authorization", &format!("Bearer {text}"))]).await;
        assert_eq!(refused, (401, "UNAUTHENTICATED".to_owned()), "{text}");
    }
    // No good cookie makes up for it: whoever writes the header means it.
    let (cookies, _) = browser(&server, "ada@example.com", true).await;
    let headers = [
        ("authorization", "Bearer nonsense"),
        ("cookie", &cookie_header(&cookies)),
    ];
    assert_eq!(turned_away(&server, &headers).await.0, 401);
}

#[tokio::test]
async fn cookie_is_good_for_json_from_our_own_pages_alone() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (cookies, _) = browser(&server, "ada@example.com", true).await;
    let cookie = cookie_header(&cookies);
    let own = server.url.as_str();
    for headers in [
        &[("cookie", cookie.as_str())][..],
        &[("cookie", &cookie), ("origin", own)],
        &[
            ("cookie", &cookie),
            ("sec-fetch-site", "same-origin"),
            ("origin", own),
        ],
    ] {
        assert_eq!(viewer(&server, headers).await["user"]["id"], ada.user_id);
    }
    for headers in [
        [
            ("cookie", cookie.as_str()),
            ("origin", "https://evil.example"),
        ],
        [("cookie", &cookie), ("origin", "null")],
        [("cookie", &cookie), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(
            turned_away(&server, &headers).await,
            (403, "FORBIDDEN".to_owned()),
            "{headers:?}"
        );
    }
    let body = json!({ "query": "mutation { signOut { __typename } }" }).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let request = reqwest::Client::new()
            .post(format!("{own}/graphql"))
            .header("cookie", &cookie);
        let response = request
            .header("content-type", content_type)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 415, "{content_type}");
    }
    assert_eq!(
        viewer(&server, &[("cookie", &cookie)]).await["user"]["id"],
        ada.user_id,
        "still signed in"
    );
}

#[tokio::test]
async fn stale_cookie_is_nobodys_and_keeps_nobody_from_signing_in() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (cookies, session) = browser(&server, "ada@example.com", true).await;
    let good = cookie_header(&cookies);
    sql(
        &server,
        r#"DELETE FROM "session" WHERE "token" = $1"#,
        &[session["token"].as_str().unwrap()],
    )
    .await;
    for stale in [
        good.as_str(),
        "better-auth.session_token=",
        "better-auth.session_token=nonsense",
        "better-auth.session_token=A8Xr50VP8vTPwFBoTpKDmi9XoFNHixll.AAAA5ZPEjx3IVk0i%2FgfdO1a0DYezNVhuCtEHeyIxAZM%3D",
        "theme=dark",
    ] {
        let (status, body) = read(ask(&server, &[("cookie", stale)]).send().await.unwrap()).await;
        assert_eq!(
            (status, &body["data"]["viewer"]),
            (200, &Value::Null),
            "{stale}: {body}"
        );
        let input = json!({ "email": "ada@example.com", "password": PASSWORD });
        let request = Caller::nobody(&server).post(SIGN_IN, json!({ "input": input }));
        let response = request.header("cookie", stale).send().await.unwrap();
        let fresh = cookie_header(&set_cookies(&response));
        assert_eq!(
            viewer(&server, &[("cookie", &fresh)]).await["user"]["id"],
            ada.user_id,
            "{stale}"
        );
    }
    // Nobody is refused what needs somebody.
    let request = Caller::nobody(&server).post("{ agents { totalCount } }", json!({}));
    let (_, body) = read(request.header("cookie", &good).send().await.unwrap()).await;
    assert_eq!(
        body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
        "{body}"
    );
    assert_eq!(
        Caller::nobody(&server).query(VIEWER, json!({})).await["viewer"],
        Value::Null
    );
}
