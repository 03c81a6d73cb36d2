//! What people go by, whoever made or changed their account.

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{PHONE, identities, linked};
use crate::support::Server;

fn of_account(user: &str, email: &str, verified: bool) -> Vec<(String, String, String, bool)> {
    let row = |namespace: &str, identifier: &str, verified| {
        let source = "auth:signup".to_owned();
        (
            namespace.to_owned(),
            identifier.to_owned(),
            source,
            verified,
        )
    };
    vec![
        row("auth_user_id", user, true),
        row("email", email, verified),
    ]
}

async fn as_owner(server: &Server, sql: &str) {
    let pool = server.owner_pool().await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_signs_up_goes_by_account_and_address_at_once() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let expected = of_account(&bob.user_id, "bob@example.com", false);
    assert_eq!(identities(&server, &bob.user_id).await, expected);
}

#[tokio::test]
async fn whom_better_auth_made_goes_by_them_from_their_first_request() {
    let server = Server::start().await;
    as_owner(
        &server,
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
             VALUES ('olive', 'Olive', ' Olive@Example.com ', true, now(), now());
           INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
             VALUES ('s1', now() + interval '7 days', 'IpkbtFVhsRuTLwGTyygoeTzmdVryXUCa', now(), now(), 'olive')"#,
    )
    .await;
    assert!(identities(&server, "olive").await.is_empty());
    let answer: serde_json::Value = reqwest::Client::new()
        .post(format!("{}/graphql", server.url))
        .bearer_auth("IpkbtFVhsRuTLwGTyygoeTzmdVryXUCa")
        .json(&json!({ "query": "{ viewer { user { id } } }" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["data"]["viewer"]["user"]["id"], "olive", "{answer}");
    assert_eq!(
        identities(&server, "olive").await,
        of_account("olive", "olive@example.com", true)
    );
}

#[tokio::test]
async fn an_address_that_changes_takes_its_identity_along() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let set = |email: &str, verified: bool| {
        format!(
            r#"UPDATE "user" SET "email" = '{email}', "emailVerified" = {verified} WHERE "id" = '{}'"#,
            bob.user_id
        )
    };
    as_owner(&server, &set("bob@example.com", true)).await;
    let verified = of_account(&bob.user_id, "bob@example.com", true);
    assert_eq!(identities(&server, &bob.user_id).await, verified);
    as_owner(&server, &set("robert@example.com", false)).await;
    let changed = of_account(&bob.user_id, "robert@example.com", false);
    assert_eq!(identities(&server, &bob.user_id).await, changed);
    // And back again: what ended stays as it ended.
    as_owner(&server, &set("bob@example.com", true)).await;
    assert_eq!(identities(&server, &bob.user_id).await, verified);
    let mut root = server.database.root().await;
    let all: i64 =
        sqlx::query_scalar("SELECT count(*) FROM member_identities WHERE namespace = 'email'")
            .fetch_one(&mut root)
            .await
            .unwrap();
    assert_eq!(all, 3);
}

#[tokio::test]
async fn an_address_that_no_row_can_hold_is_in_nobodys_way() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let long = "x".repeat(400);
    as_owner(
        &server,
        &format!(
            r#"UPDATE "user" SET "email" = '{long}' WHERE "id" = '{}'"#,
            bob.user_id
        ),
    )
    .await;
    let names: Vec<String> = identities(&server, &bob.user_id)
        .await
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(names, ["auth_user_id"]);
}

#[tokio::test]
async fn what_somebody_goes_by_ends_with_their_account() {
    let server = Server::start().await;
    let db = super::db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let gone = r#"mutation { deleteAccount(input: { password: "correct horse battery" }) { __typename } }"#;
    let data = bob.query(gone, json!({})).await;
    assert_eq!(data["deleteAccount"]["__typename"], "DeleteAccountSuccess");
    let mut root = server.database.root().await;
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM member_identities) + (SELECT count(*) FROM whatsapp_claims) + (SELECT count(*) FROM link_codes)",
    )
    .fetch_one(&mut root)
    .await
    .unwrap();
    assert_eq!(left, 0);
    // The number is free again.
    linked(&server, &db, "Eve", PHONE).await;
}

#[tokio::test]
async fn nobody_reads_what_others_go_by() {
    let server = Server::start().await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let eve = server.join(&bob, &eve, "admin").await;
    let mut service = server.service_pool().await.begin().await.unwrap();
    for (name, value) in [
        ("app.current_user_id", &*eve.user_id),
        ("app.current_org_id", &*bob.organization_id),
        ("app.org_role", "admin"),
    ] {
        sqlx::query("SELECT set_config($1, $2, true)")
            .bind(name)
            .bind(value)
            .execute(&mut *service)
            .await
            .unwrap();
    }
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM member_identities")
        .fetch_one(&mut *service)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    for closed in [
        "SELECT FROM whatsapp_claims",
        "SELECT FROM link_codes",
        "DELETE FROM member_identities",
    ] {
        let refused = sqlx::raw_sql(closed)
            .execute(&server.service_pool().await)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{closed}: {refused}"
        );
    }
}
