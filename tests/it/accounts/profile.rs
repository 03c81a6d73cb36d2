//! What people say of themselves, and who sees it.

use serde_json::{Value, json};

use crate::conversations::mutate;
use crate::support::{Caller, Server};

const PROFILE: &str = "{ viewer { profile { bio avatarUrl preferences updatedAt } } }";

async fn profile(caller: &Caller) -> Value {
    caller.query(PROFILE, json!({})).await["viewer"]["profile"].take()
}

async fn update(caller: &Caller, input: Value) -> Value {
    let success = "profile { bio avatarUrl preferences }";
    mutate(caller, "updateProfile", success, input).await
}

#[tokio::test]
async fn profile_begins_empty_changes_by_field_and_reads_back() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let empty = json!({ "bio": null, "avatarUrl": null, "preferences": {}, "updatedAt": null });
    assert_eq!(profile(&ada).await, empty);
    let bio = "é".repeat(2_000);
    let preferences = json!({ "theme": "dark", "nested": { "list": [1, null, "ü"] } });
    let url = "https://example.com/a.png";
    for (input, wanted) in [
        (
            json!({ "bio": bio }),
            json!({ "bio": bio, "avatarUrl": null, "preferences": {} }),
        ),
        (
            json!({ "avatarUrl": url, "preferences": preferences }),
            json!({ "bio": bio, "avatarUrl": url, "preferences": preferences }),
        ),
        (
            json!({ "preferences": { "theme": "light" } }),
            json!({ "bio": bio, "avatarUrl": url, "preferences": { "theme": "light" } }),
        ),
        (
            json!({ "bio": null, "preferences": null }),
            json!({ "bio": null, "avatarUrl": url, "preferences": {} }),
        ),
        (
            json!({ "name": "Ada L." }),
            json!({ "bio": null, "avatarUrl": url, "preferences": {} }),
        ),
    ] {
        assert_eq!(update(&ada, input).await["profile"], wanted);
    }
    let read = profile(&ada).await;
    assert_eq!(read["avatarUrl"], url);
    assert!(read["updatedAt"].is_string(), "{read}");
}

#[tokio::test]
async fn profile_out_of_bounds_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    update(&ada, json!({ "bio": "Here." })).await;
    let deep = (0..17).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (field, value) in [
        ("bio", json!("x".repeat(2_001))),
        ("bio", json!("a\u{0}")),
        ("avatarUrl", json!("javascript:alert(1)")),
        ("avatarUrl", json!("https://a b")),
        ("avatarUrl", json!(format!("https://{}", "x".repeat(2_000)))),
        ("preferences", json!([])),
        ("preferences", json!("text")),
        ("preferences", json!({ "a": "x".repeat(16 * 1_024) })),
        ("preferences", json!({ "a": "\u{0}" })),
        ("preferences", deep),
        ("name", Value::Null),
    ] {
        let mut input = json!({ "image": "https://example.com/b.png" });
        input[field] = value;
        let refused = update(&ada, input).await;
        assert_eq!(
            refused["__typename"], "ValidationFailed",
            "{field}: {refused}"
        );
    }
    let me = ada
        .query("{ viewer { user { image } profile { bio } } }", json!({}))
        .await;
    assert_eq!(
        me["viewer"],
        json!({ "user": { "image": null }, "profile": { "bio": "Here." } })
    );
}

#[tokio::test]
async fn colleagues_see_the_public_part_and_strangers_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "member").await;
    let url = "https://example.com/a.png";
    update(
        &ada,
        json!({ "bio": "Here.", "avatarUrl": url, "preferences": { "secret": 1 } }),
    )
    .await;
    let members =
        "{ viewer { organization { members { nodes { name profile { bio avatarUrl } } } } } }";
    let seen = guest.query(members, json!({})).await;
    assert_eq!(
        seen["viewer"]["organization"]["members"]["nodes"],
        json!([{ "name": "Ada", "profile": { "bio": "Here.", "avatarUrl": url } }, { "name": "Bob", "profile": null }])
    );
    let eve = server.sign_up("Eve").await;
    let pool = server.service_pool().await;
    for (user, wanted) in [(&bob, 1), (&ada, 1), (&eve, 0)] {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT set_config('app.current_user_id', $1, true)")
            .bind(&user.user_id)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let shown: i64 = sqlx::query_scalar("SELECT count(*) FROM colleague_profiles(ARRAY[$1])")
            .bind(&ada.user_id)
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(shown, wanted, "{}", user.user_id);
        let own = i64::from(user.user_id == ada.user_id);
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM user_profiles")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(rows, own, "row security shows one's own row alone");
        let changed = sqlx::query("UPDATE user_profiles SET bio = 'x'")
            .execute(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), own.unsigned_abs());
    }
    let forged = sqlx::query("INSERT INTO user_profiles (user_id, bio) VALUES ($1, 'x')")
        .bind(&eve.user_id)
        .execute(&pool)
        .await;
    assert!(
        forged
            .unwrap_err()
            .to_string()
            .contains("row-level security")
    );
}

#[tokio::test]
async fn two_first_changes_at_once_both_stand() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let url = "https://example.com/a.png";
    tokio::join!(
        update(&ada, json!({ "bio": "Here." })),
        update(&ada, json!({ "avatarUrl": url }))
    );
    let read = profile(&ada).await;
    assert_eq!(
        [&read["bio"], &read["avatarUrl"]],
        [&json!("Here."), &json!(url)]
    );
}
