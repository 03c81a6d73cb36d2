//! What the table holds of session tokens, and that sessions work the same either way.

use serde_json::json;

use super::issuer::{claims, stage_with, token};
use super::{cookie, refused, sql, unauthenticated, viewer};
use crate::support::{Caller, Server, Socket};

const MODES: [&str; 2] = ["--session-tokens=plain", "--session-tokens=hashed"];
const SESSIONS: &str = "{ viewer { sessions { id current } } }";

/// What the table holds.
async fn stored(server: &Server) -> Vec<String> {
    sqlx::query_scalar(r#"SELECT "token" FROM "session" ORDER BY "createdAt""#)
        .fetch_all(&server.owner_pool().await)
        .await
        .unwrap()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn session_is_good_by_cookie_and_bearer_and_is_stored_as_told() {
    for mode in MODES {
        let server = Server::start_with(&[mode]).await;
        let ada = server.sign_up("Ada").await;
        let by_bearer = bearer(&ada.token);
        let by_cookie = cookie(&server, "ada@example.com").await;
        for header in [("authorization", &by_bearer), ("cookie", &by_cookie)] {
            let seen = viewer(&server, &[(header.0, header.1)]).await;
            assert_eq!(seen["user"]["id"], ada.user_id, "{mode}");
        }
        let both = [("authorization", &*by_bearer), ("cookie", &*by_cookie)];
        assert_eq!(viewer(&server, &both).await["authMethod"], "BEARER");
        let held = stored(&server).await;
        assert_eq!(held.len(), 2);
        let hashed = held[0] != ada.token;
        assert_eq!(hashed, mode.ends_with("hashed"));
        if hashed {
            for held in held {
                assert!(
                    held.len() == 64
                        && held
                            .bytes()
                            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                );
                // Whoever reads the table has no session.
                let shown = [("authorization", &*bearer(&held))];
                assert_eq!(refused(&server, &shown).await, unauthenticated());
            }
        }
    }
}

#[tokio::test]
async fn session_ends_and_slides_either_way() {
    for mode in MODES {
        let server = Server::start_with(&[mode, "--recheck=100ms"]).await;
        let ada = server.sign_up("Ada").await;
        let again = Caller::sign_in_at(&server.url, "Ada").await;
        let age = r#"UPDATE "session" SET "expiresAt" = now() + interval '5 days'"#;
        sql(&server, age, &[]).await;
        ada.query(SESSIONS, json!({})).await;
        let slid: i64 = sqlx::query_scalar(
            r#"SELECT count(*) FROM "session" WHERE "expiresAt" > now() + interval '6 days 23 hours'"#,
        )
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
        assert_eq!(slid, 1, "{mode}");

        let (mut mine, mut other) = (Socket::open(&ada).await, Socket::open(&again).await);
        ada.query("mutation { revokeOtherSessions { __typename } }", json!({}))
            .await;
        assert_eq!(again.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
        assert_eq!(other.closed().await, 4403);
        mine.subscribe("1", "{ __typename }", json!({})).await;
        assert_eq!(mine.hear().await["type"], "next", "{mode}");
        let ended = ada
            .query(
                "mutation { signOut { ... on SignOutSuccess { ended } } }",
                json!({}),
            )
            .await;
        assert_eq!(ended["signOut"]["ended"], true);
        assert_eq!(ada.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
        assert!(stored(&server).await.is_empty());
    }
}

#[tokio::test]
async fn token_of_a_session_ends_with_it_either_way() {
    for mode in MODES {
        let (server, ada, pair) = stage_with(&[mode]).await;
        let session = ada.query(SESSIONS, json!({})).await;
        let mut claims = claims(&ada.user_id);
        claims["sessionId"] = session["viewer"]["sessions"][0]["id"].clone();
        let jwt = token(&pair, &claims);
        let headers = [("authorization", &*jwt)];
        assert_eq!(viewer(&server, &headers).await["authMethod"], "JWT");
        ada.query("mutation { signOut { __typename } }", json!({}))
            .await;
        assert_eq!(refused(&server, &headers).await, unauthenticated());
    }
}

#[tokio::test]
async fn sessions_from_before_hashing_go_on_and_are_hashed_as_they_are_used() {
    let plain = Server::start().await;
    let (ada, bob) = (plain.sign_up("Ada").await, plain.sign_up("Bob").await);
    let cookie = cookie(&plain, "ada@example.com").await;
    let hashed = Server::on(plain.database.clone(), &["--session-tokens=hashed"]).await;
    let there = ada.moved_to(&hashed.url);
    let all =
        futures_util::future::join_all((0..5).map(|_| there.query(SESSIONS, json!({})))).await;
    assert_eq!(all.len(), 5);
    assert_eq!(
        viewer(&hashed, &[("cookie", &cookie)]).await["user"]["id"],
        ada.user_id
    );
    let held = stored(&hashed).await;
    let lengths: Vec<usize> = held.iter().map(String::len).collect();
    assert_eq!(lengths, [64, 32, 64]);
    assert_eq!(held[1], bob.token);
    // Back again, what was hashed is over, and what was not goes on.
    assert_eq!(ada.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
    bob.query(SESSIONS, json!({})).await;
    let expired = r#"UPDATE "session" SET "expiresAt" = now() - interval '1 second'"#;
    sql(&hashed, expired, &[]).await;
    let bob = bob.moved_to(&hashed.url);
    assert_eq!(bob.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
}
