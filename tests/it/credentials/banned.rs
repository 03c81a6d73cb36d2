//! Users whom better-auth's admin plugin has banned.

use serde_json::json;

use super::issuer::{claims, stage_with, token};
use super::{key, send, sql};
use crate::support::{Caller, Server, Socket};

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
