//! Making, using, changing and ending keys.

use serde_json::{Value, json};

use super::{cookie, create, key, refused, send, sql, unauthenticated, viewer};
use crate::support::{Caller, Server};

#[tokio::test]
async fn key_acts_for_its_user_by_every_header() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (key, id) = key(&ada, json!({ "name": "ci" })).await;
    assert!(key.starts_with("ag_") && key.len() == 67, "{key}");
    let scheme = format!("ApiKey {key}");
    for header in [
        ("x-api-key", &*key),
        ("x-agentuity-auth-api-key", &*key),
        ("authorization", &*scheme),
    ] {
        let seen = viewer(&server, &[header]).await;
        assert_eq!(seen["authMethod"], "API_KEY");
        assert_eq!(seen["user"]["id"], ada.user_id);
        assert_eq!(seen["organization"]["id"], ada.organization_id);
        assert_eq!(
            seen["apiKey"],
            json!({ "id": id, "name": "ci", "start": &key[..6], "permissions": null })
        );
    }
    let by_session = ada.query("{ viewer { apiKey { id } } }", json!({})).await;
    assert_eq!(by_session["viewer"]["apiKey"], Value::Null);
}

#[tokio::test]
async fn key_of_better_auth_is_good_here_and_ours_has_its_shape() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let all: Value = serde_json::from_str(include_str!(
        "../../../crates/auth/src/testdata/better-auth.json"
    ))
    .unwrap();
    // As 1.5 and later write it, metadata `null` in four letters.
    sql(
        &server,
        r#"INSERT INTO "apikey" ("id", "configId", "key", "referenceId", "createdAt", "updatedAt", "metadata", "permissions")
           VALUES ('theirs', 'default', $1, $2, now(), now(), 'null', 'null')"#,
        &[all["apiKeyHash"].as_str().unwrap(), &ada.user_id],
    )
    .await;
    let theirs = all["apiKey"].as_str().unwrap();
    let seen = viewer(&server, &[("x-api-key", theirs)]).await;
    assert_eq!(seen["user"]["id"], ada.user_id);

    let (mine, id) = key(
        &ada,
        json!({ "name": "mine", "prefix": "my-", "expiresIn": 60 }),
    )
    .await;
    let row: Value = sqlx::query_scalar(
        r#"SELECT to_jsonb(k) || jsonb_build_object('whole', "createdAt" = date_trunc('milliseconds', "createdAt")
             AND "updatedAt" = date_trunc('milliseconds', "updatedAt") AND "expiresAt" = date_trunc('milliseconds', "expiresAt"))
           FROM "apikey" k WHERE "id" = $1"#,
    )
    .bind(&id)
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(
        (&row["userId"], &row["referenceId"]),
        (&json!(ada.user_id), &json!(ada.user_id))
    );
    assert_eq!(row["configId"], "default");
    assert_eq!(
        (&row["start"], &row["prefix"]),
        (&json!(&mine[..6]), &json!("my-"))
    );
    assert_eq!(
        (&row["enabled"], &row["rateLimitEnabled"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(row["whole"], true);
    let hash = agentry_auth::api_key::hash(&mine.as_str().into());
    assert_eq!(row["key"], hash);
    assert!(!row.to_string().contains(&mine));
}

#[tokio::test]
async fn key_that_is_no_good_is_refused_even_beside_a_good_cookie() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (good, id) = key(&ada, json!({ "name": "ci" })).await;
    let cookie = cookie(&server, "ada@example.com").await;
    let long = "a".repeat(5_000);
    let flipped = good.replace(good.chars().last().unwrap(), "_");
    for bad in [&good[..66], &good[3..], &flipped, &long, "ag_x", "ag key"] {
        assert_eq!(
            refused(&server, &[("x-api-key", bad), ("cookie", &cookie)]).await,
            unauthenticated(),
            "{bad}"
        );
    }
    for (change, back) in [
        (r#""enabled" = false"#, r#""enabled" = true"#),
        (
            r#""expiresAt" = now() - interval '1 second'"#,
            r#""expiresAt" = NULL"#,
        ),
        (r#""referenceId" = 'nobody'"#, r#""referenceId" = "userId""#),
    ] {
        let pool = server.owner_pool().await;
        for (set, lets) in [(change, false), (back, true)] {
            let statement = format!(r#"UPDATE "apikey" SET {set} WHERE "id" = $1"#);
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(&id)
                .execute(&pool)
                .await
                .unwrap();
            let (status, _) = send(&server, "{ __typename }", &[("x-api-key", &good)]).await;
            assert_eq!(status == 200, lets, "{set}");
        }
    }
    sql(
        &server,
        r#"DELETE FROM "user" WHERE "id" = $1"#,
        &[&ada.user_id],
    )
    .await;
    assert_eq!(
        refused(&server, &[("x-api-key", &good)]).await,
        unauthenticated()
    );
}

#[tokio::test]
async fn credentials_of_two_people_at_once_are_refused() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let (key, id) = key(&bob, json!({ "name": "ci", "remaining": 5 })).await;
    let cookie = cookie(&server, "ada@example.com").await;
    let (adas, bobs) = (
        format!("Bearer {}", ada.token),
        format!("Bearer {}", bob.token),
    );
    for headers in [
        [("x-api-key", &*key), ("cookie", &*cookie)],
        [("x-api-key", &*key), ("authorization", &*adas)],
        [("authorization", &*bobs), ("cookie", &*cookie)],
    ] {
        assert_eq!(refused(&server, &headers).await, unauthenticated());
    }
    let left: i32 = sqlx::query_scalar(r#"SELECT "remaining" FROM "apikey" WHERE "id" = $1"#)
        .bind(&id)
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
    assert_eq!(left, 5, "a refused call was counted");
    let same = viewer(&server, &[("x-api-key", &key), ("authorization", &bobs)]).await;
    assert_eq!(same["user"]["id"], bob.user_id);
    assert_eq!(same["authMethod"], "API_KEY");
    ada.query("mutation { signOut { __typename } }", json!({}))
        .await;
    let stale = [("x-api-key", &*key), ("authorization", &*adas)];
    assert_eq!(viewer(&server, &stale).await["user"]["id"], bob.user_id);
}

#[tokio::test]
async fn organization_is_the_one_asked_for_while_its_user_is_a_member() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let (key, _) = key(&bob, json!({ "name": "ci" })).await;
    let headers = [
        ("x-api-key", &*key),
        ("x-organization-id", &*ada.organization_id),
    ];
    assert_eq!(
        refused(&server, &headers).await,
        (403, "FORBIDDEN".to_owned())
    );
    server.join(&ada, &bob, "admin").await;
    let seen = viewer(&server, &headers).await;
    assert_eq!(seen["organization"]["id"], ada.organization_id);
    assert_eq!(seen["role"], "ADMIN");
}

#[tokio::test]
async fn keys_are_listed_changed_and_deleted_by_their_user_alone() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let (text, id) = key(&ada, json!({ "name": "ci" })).await;
    let list = "{ apiKeys { id name lastRequest enabled } }";
    viewer(&server, &[("x-api-key", &text)]).await;
    let mine = ada.query(list, json!({})).await;
    assert_eq!(mine["apiKeys"][0]["id"], id);
    assert!(mine["apiKeys"][0]["lastRequest"].is_string());
    assert_eq!(bob.query(list, json!({})).await["apiKeys"], json!([]));

    let update = "mutation($id: ID!, $on: Boolean) { updateApiKey(input: { id: $id, name: \"x\", enabled: $on }) { __typename } }";
    let delete = "mutation($id: ID!) { deleteApiKey(input: { id: $id }) { __typename } }";
    let input = |on| json!({ "id": id, "on": on });
    let typename =
        |data: &Value, field: &str| data[field]["__typename"].as_str().unwrap().to_owned();
    assert_eq!(
        typename(&bob.query(update, input(false)).await, "updateApiKey"),
        "NotFound"
    );
    assert_eq!(
        typename(
            &bob.query(delete, json!({ "id": id })).await,
            "deleteApiKey"
        ),
        "NotFound"
    );
    ada.query(update, input(false)).await;
    assert_eq!(
        refused(&server, &[("x-api-key", &text)]).await,
        unauthenticated()
    );
    ada.query(update, input(true)).await;
    viewer(&server, &[("x-api-key", &text)]).await;
    ada.query(delete, json!({ "id": id })).await;
    assert_eq!(
        refused(&server, &[("x-api-key", &text)]).await,
        unauthenticated()
    );

    let events = ada
        .query(
            r#"{ auditEvents(filter: { targetType: "ApiKey" }) { nodes { action targetType targetId } } }"#,
            json!({}),
        )
        .await;
    let events = events["auditEvents"]["nodes"].as_array().unwrap().clone();
    let actions: Vec<_> = events
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "api_key.delete",
            "api_key.update",
            "api_key.update",
            "api_key.create"
        ]
    );
}

#[tokio::test]
async fn rotated_key_goes_on_for_the_overlap_and_no_longer() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let rotate = "mutation($id: ID!, $overlap: Int!) { rotateApiKey(input: { id: $id, overlapSeconds: $overlap }) {
        ... on RotateApiKeySuccess { key apiKey { id name remaining permissions } replaced { id expiresAt } } } }";
    for (overlap, goes_on) in [(600, true), (0, false)] {
        let terms = json!({ "name": "ci", "remaining": 7, "permissions": { "profile": ["read"] } });
        let (old, id) = key(&ada, terms).await;
        let made = ada
            .query(rotate, json!({ "id": id, "overlap": overlap }))
            .await;
        let made = &made["rotateApiKey"];
        assert_eq!(made["apiKey"]["remaining"], 7);
        assert_eq!(
            made["apiKey"]["permissions"],
            json!({ "profile": ["read"] })
        );
        assert_eq!(made["replaced"]["id"], id);
        let new = made["key"].as_str().unwrap();
        assert_eq!(
            viewer(&server, &[("x-api-key", new)]).await["user"]["id"],
            ada.user_id
        );
        let (status, _) = send(&server, "{ __typename }", &[("x-api-key", &old)]).await;
        assert_eq!(status == 200, goes_on);
    }
}

#[tokio::test]
async fn input_that_cannot_be_is_refused_field_by_field() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(33))),
        ("prefix", json!("a b")),
        ("prefix", json!("")),
        ("expiresIn", json!(0)),
        ("expiresIn", json!(31_536_001)),
        ("remaining", json!(-1)),
        ("rateLimit", json!({ "max": 0, "windowSeconds": 1 })),
        ("rateLimit", json!({ "max": 1, "windowSeconds": 2_147_484 })),
        ("refill", json!({ "amount": 1, "intervalSeconds": 1 })),
        ("permissions", json!([])),
        ("permissions", json!({ "agents": "read" })),
        ("permissions", json!({ "agents\0": ["read"] })),
    ] {
        let mut input = json!({ "name": "ci" });
        input[field] = value.clone();
        let made = create(&ada, input).await;
        assert_eq!(made["fields"][0]["path"], json!([field]), "{value}: {made}");
    }
}

#[tokio::test]
async fn key_cannot_manage_keys_nor_end_a_session() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (key, _) = key(&ada, json!({ "name": "ci", "permissions": { "*": ["*"] } })).await;
    let nobody = Caller::nobody(&server);
    for document in [
        "{ apiKeys { id } }",
        r#"mutation { createApiKey(input: { name: "x" }) { __typename } }"#,
        r#"mutation { deleteApiKey(input: { id: "x" }) { __typename } }"#,
    ] {
        let request = nobody.post(document, json!({})).header("x-api-key", &key);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            body["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{body}"
        );
    }
    let out = "mutation { signOut { ... on SignOutSuccess { ended } } }";
    let (_, body) = send(&server, out, &[("x-api-key", &key)]).await;
    assert_eq!(body["data"]["signOut"]["ended"], false);
}
