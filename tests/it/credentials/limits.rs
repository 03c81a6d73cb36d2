//! How often a key may be used.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{key, send, sql};
use crate::support::Server;

async fn use_once(server: &Server, key: &str) -> (u16, Value) {
    send(server, "{ __typename }", &[("x-api-key", key)]).await
}

fn assert_limited(answer: &(u16, Value), retry_after: bool) {
    let (status, body) = answer;
    assert_eq!(*status, 429, "{body}");
    let extensions = &body["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "RATE_LIMITED");
    assert_eq!(extensions["retryAfter"].is_u64(), retry_after, "{body}");
}

#[tokio::test]
async fn twenty_at_once_on_a_limit_of_five_let_five_through() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let limited = json!({ "name": "ci", "rateLimit": { "max": 5, "windowSeconds": 3600 } });
    let counted = json!({ "name": "ci", "remaining": 5 });
    for (input, retry_after) in [(limited, true), (counted, false)] {
        let (key, id) = key(&ada, input).await;
        let answers = join_all((0..20).map(|_| use_once(&server, &key))).await;
        let through = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(through, 5, "{answers:?}");
        for answer in answers.iter().filter(|(status, _)| *status != 200) {
            assert_limited(answer, retry_after);
        }
        let (count, remaining): (i32, Option<i32>) =
            sqlx::query_as(r#"SELECT "requestCount", "remaining" FROM "apikey" WHERE "id" = $1"#)
                .bind(&id)
                .fetch_one(&server.owner_pool().await)
                .await
                .unwrap();
        assert!((count, remaining) == (5, None) || remaining == Some(0));
    }
}

#[tokio::test]
async fn window_runs_from_the_last_accepted_use() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let limit = json!({ "name": "ci", "rateLimit": { "max": 2, "windowSeconds": 60 } });
    let (key, id) = key(&ada, limit).await;
    assert_eq!(use_once(&server, &key).await.0, 200);
    assert_eq!(use_once(&server, &key).await.0, 200);
    assert_limited(&use_once(&server, &key).await, true);
    let age = r#"UPDATE "apikey" SET "lastRequest" = now() - $2::interval WHERE "id" = $1"#;
    sql(&server, age, &[&id, "50 seconds"]).await;
    let refused = use_once(&server, &key).await;
    assert_limited(&refused, true);
    let wait = refused.1["errors"][0]["extensions"]["retryAfter"]
        .as_u64()
        .unwrap();
    assert!((1..=11).contains(&wait), "{wait}");
    sql(&server, age, &[&id, "61 seconds"]).await;
    assert_eq!(use_once(&server, &key).await.0, 200);
}

#[tokio::test]
async fn remaining_is_refilled_in_milliseconds() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let refill =
        json!({ "name": "ci", "remaining": 1, "refill": { "amount": 3, "intervalSeconds": 60 } });
    let (key, id) = key(&ada, refill).await;
    assert_eq!(use_once(&server, &key).await.0, 200);
    assert_limited(&use_once(&server, &key).await, true);
    sql(
        &server,
        r#"UPDATE "apikey" SET "createdAt" = now() - interval '61 seconds' WHERE "id" = $1"#,
        &[&id],
    )
    .await;
    assert_eq!(use_once(&server, &key).await.0, 200);
    let (left, whole): (i32, bool) = sqlx::query_as(
        r#"SELECT "remaining", "lastRefillAt" = date_trunc('milliseconds', "lastRefillAt")
             AND "lastRequest" = date_trunc('milliseconds', "lastRequest") FROM "apikey" WHERE "id" = $1"#,
    )
    .bind(&id)
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!((left, whole), (2, true));
}

#[tokio::test]
async fn one_request_is_one_use_however_many_fields_it_has() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (key, _) = key(&ada, json!({ "name": "ci", "remaining": 2 })).await;
    let many =
        "{ a: viewer { user { id } } b: agents { totalCount } c: conversations { totalCount } }";
    for _ in 0..2 {
        let (status, body) = send(&server, many, &[("x-api-key", &key)]).await;
        assert!(status == 200 && body.get("errors").is_none(), "{body}");
    }
    assert_limited(&use_once(&server, &key).await, false);
}
