//! Users whom better-auth's admin plugin has banned.

use serde_json::json;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::issuer::{claims, stage_with, token};
use super::streams::{DOCUMENT as ADDED, read_until, stream};
use super::{key, send, sql};
use crate::conversations::{agent, conversation};
use crate::support::{Caller, PATIENCE, Server, Socket};

const PLUGIN: &str = r#"ALTER TABLE "user" ADD COLUMN "banned" boolean, ADD COLUMN "banReason" text, ADD COLUMN "banExpires" timestamptz"#;

async fn ban(server: &Server, user: &str, banned: &str, expires: &str) {
    sql(
        server,
        r#"UPDATE "user" SET "banned" = nullif($2, '')::boolean, "banExpires" = nullif($3, '')::timestamptz WHERE "id" = $1"#,
        &[user, banned, expires],
    )
    .await;
}

#[tokio::test]
async fn banned_user_is_nobody_by_every_credential_until_the_ban_ends() {
    let (server, ada, pair) = stage_with(&["--recheck=100ms"]).await;
    let (key, _) = key(&ada, json!({ "name": "ci" })).await;
    let bearer = format!("Bearer {}", ada.token);
    let jwt = token(&pair, &claims(&ada.user_id));
    let mut socket = Socket::open(&ada).await;
    // The plugin may come while we run.
    sql(&server, PLUGIN, &[]).await;
    let sign_in = r#"mutation { signIn(input: { email: "ada@example.com", password: "correct horse battery" }) { __typename ... on UserError { message } } }"#;
    let never = r#"mutation { signIn(input: { email: "nobody@example.com", password: "correct horse battery" }) { __typename ... on UserError { message } } }"#;
    let nobody = Caller::nobody(&server);
    for (banned, expires, good) in [
        ("", "", true),
        ("false", "", true),
        ("true", "2020-01-01T00:00:00Z", true),
        ("true", "", false),
        ("true", "2199-01-01T00:00:00Z", false),
        ("true", "infinity", false),
        ("false", "2199-01-01T00:00:00Z", true),
    ] {
        ban(&server, &ada.user_id, banned, expires).await;
        for header in [
            ("authorization", &bearer),
            ("authorization", &jwt),
            ("x-api-key", &key),
        ] {
            let headers = [(header.0, header.1.as_str())];
            let (status, body) = send(&server, "{ __typename }", &headers).await;
            assert_eq!(
                status,
                if good { 200 } else { 401 },
                "{banned} {expires}: {body}"
            );
        }
        let signed_in = nobody.query(sign_in, json!({})).await;
        if good {
            assert_eq!(signed_in["signIn"]["__typename"], "SignedIn");
        } else {
            let unknown = nobody.query(never, json!({})).await;
            assert_eq!(signed_in, unknown);
        }
    }
    ban(&server, &ada.user_id, "true", "").await;
    assert_eq!(socket.closed().await, 4403);
}

/// The next look is an hour off, so that only word of it can end what is open.
#[tokio::test]
async fn a_ban_ends_at_once_what_is_open_by_every_credential() {
    let (server, ada, pair) = stage_with(&["--recheck=1h"]).await;
    sql(&server, PLUGIN, &[]).await;
    let (key, _) = key(&ada, json!({ "name": "ci" })).await;
    let jwt = token(&pair, &claims(&ada.user_id));
    let helper = agent(&ada, "Helper", "PRIVATE").await;
    let there = conversation(&ada, &helper).await;
    // A ban, one that was over and is given new time, and one of somebody of whom the plugin knew nothing yet.
    for (from, to) in [
        (("false", ""), ("true", "")),
        (
            ("true", "2020-01-01T00:00:00Z"),
            ("true", "2199-01-01T00:00:00Z"),
        ),
        (("", ""), ("true", "infinity")),
    ] {
        ban(&server, &ada.user_id, from.0, from.1).await;
        let mut sockets = vec![Socket::open(&ada).await];
        for payload in [json!({ "x-api-key": key }), json!({ "authorization": jwt })] {
            sockets.push(Socket::open_with(&server.url, payload).await);
        }
        for socket in &mut sockets {
            socket.subscribe("1", ADDED, json!({ "c": there })).await;
        }
        let mut events = stream(&ada, &there, ("x-api-key", &key)).await;
        ban(&server, &ada.user_id, to.0, to.1).await;
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, 4403, "{to:?}");
        }
        let text = read_until(&mut events, "event: complete").await;
        assert!(text.contains("UNAUTHENTICATED"), "{text}");
    }
}

#[tokio::test]
async fn only_a_ban_says_a_word_whatever_its_column_is() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let owner = server.owner_pool().await;
    let mut listener = PgListener::connect_with(&owner).await.unwrap();
    listener.listen("agentry_revoked").await.unwrap();
    for (make, banned) in [
        (r#"ALTER TABLE "user" ADD COLUMN "banned" boolean"#, "true"),
        (
            r#"ALTER TABLE "user" ALTER COLUMN "banned" TYPE integer USING 0"#,
            "1",
        ),
        (
            r#"ALTER TABLE "user" ALTER COLUMN "banned" TYPE text USING 'false'"#,
            "'true'",
        ),
    ] {
        // Silent: the column comes or changes, a name, a ban that goes on, one that ends.
        for change in [
            make,
            r#"UPDATE "user" SET "name" = "name" || '!'"#,
            &format!(r#"UPDATE "user" SET "banned" = {banned}"#),
            r#"UPDATE "user" SET "name" = 'Ada'"#,
            r#"UPDATE "user" SET "banned" = NULL"#,
        ] {
            let change = AssertSqlSafe(change.to_owned());
            sqlx::raw_sql(change).execute(&owner).await.unwrap();
        }
        let end = "NOTIFY agentry_revoked, 'end'";
        sqlx::raw_sql(end).execute(&owner).await.unwrap();
        let mut said = Vec::new();
        while said.last().is_none_or(|word| word != "end") {
            let word = timeout(PATIENCE, listener.recv()).await.unwrap().unwrap();
            said.push(word.payload().to_owned());
        }
        assert_eq!(said, [ada.user_id.as_str(), "end"], "{make}");
    }
}
