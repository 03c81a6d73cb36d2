//! One's own sessions, password and profile.

use serde_json::json;

use crate::support::{Caller, Server};

const SESSIONS: &str = "{ viewer { sessions { id current } } }";

#[tokio::test]
async fn own_sessions_are_listed_and_ended_and_nobody_elses() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("Ada").await, server.sign_up("Eve").await);
    let other = Caller::sign_in_at(&server.url, "Ada").await;
    let listed = ada.query(SESSIONS, json!({})).await;
    let listed = listed["viewer"]["sessions"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    let id_of_other = listed.iter().find(|one| one["current"] == false).unwrap()["id"].clone();
    let revoke = "mutation($id: ID!) { revokeSession(input: { id: $id }) { __typename } }";
    let by = |caller: Caller| {
        let id = id_of_other.clone();
        async move {
            caller.query(revoke, json!({ "id": id })).await["revokeSession"]["__typename"].take()
        }
    };
    assert_eq!(by(eve).await, "NotFound");
    assert_eq!(by(ada.clone()).await, "RevokeSessionSuccess");
    assert_eq!(other.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
    let third = Caller::sign_in_at(&server.url, "Ada").await;
    let ended = ada
        .query(
            "mutation { revokeOtherSessions { ... on RevokeOtherSessionsSuccess { revoked } } }",
            json!({}),
        )
        .await;
    assert_eq!(ended["revokeOtherSessions"]["revoked"], 1);
    assert_eq!(third.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn password_changes_for_whoever_knows_it() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let other = Caller::sign_in_at(&server.url, "Ada").await;
    let change = "mutation($old: String!, $new: String!) { changePassword(input:
        { currentPassword: $old, newPassword: $new, revokeOtherSessions: true }) { __typename } }";
    for (old, new, wanted) in [
        ("wrong horse battery", "another long one", "Forbidden"),
        ("correct horse battery", "short", "ValidationFailed"),
        (
            "correct horse battery",
            "another long one",
            "ChangePasswordSuccess",
        ),
        ("correct horse battery", "and one more", "Forbidden"),
    ] {
        let ended = ada.query(change, json!({ "old": old, "new": new })).await;
        assert_eq!(ended["changePassword"]["__typename"], wanted);
    }
    assert_eq!(other.code(SESSIONS, json!({})).await, "UNAUTHENTICATED");
    let back = json!({ "old": "another long one", "new": "correct horse battery" });
    ada.query(change, back).await;
    Caller::sign_in_at(&server.url, "Ada").await;
}

#[tokio::test]
async fn profile_changes_name_and_picture() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let update = "mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename
        ... on UpdateProfileSuccess { user { name image } } } }";
    let input = json!({ "name": " Ada L. ", "image": "https://example.com/a.png" });
    let changed = ada.query(update, json!({ "input": input })).await;
    assert_eq!(
        changed["updateProfile"]["user"],
        json!({ "name": "Ada L.", "image": "https://example.com/a.png" })
    );
    let bad = json!({ "input": { "image": "data:text/html,x" } });
    assert_eq!(
        ada.query(update, bad).await["updateProfile"]["__typename"],
        "ValidationFailed"
    );
}

#[tokio::test]
async fn session_slides_once_a_day() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let pool = server.owner_pool().await;
    let left = || async {
        let left: f64 = sqlx::query_scalar(r#"SELECT extract(epoch FROM "expiresAt" - now())::float8 FROM "session" WHERE "token" = $1"#)
            .bind(&ada.token)
            .fetch_one(&pool)
            .await
            .unwrap();
        left / 86_400.0
    };
    for (days, wanted) in [(6.5, 6.5), (5.9, 7.0)] {
        sqlx::query(r#"UPDATE "session" SET "expiresAt" = now() + $2 * interval '1 day' WHERE "token" = $1"#)
            .bind(&ada.token)
            .bind(days)
            .execute(&pool)
            .await
            .unwrap();
        ada.query(SESSIONS, json!({})).await;
        let now = left().await;
        assert!((now - wanted).abs() < 0.01, "{days}: {now}");
    }
}
