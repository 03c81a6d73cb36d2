//! JSON Web Tokens of keys in the `jwks` table.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use super::issuer::{claims, stage, token};
use super::{cookie, refused, sql, unauthenticated, viewer};

#[tokio::test]
async fn token_acts_for_its_subject() {
    let (server, ada, pair) = stage().await;
    let bearer = token(&pair, &claims(&ada.user_id));
    let seen = viewer(&server, &[("authorization", &bearer)]).await;
    assert_eq!(seen["authMethod"], "JWT");
    assert_eq!(seen["user"]["id"], ada.user_id);
    assert_eq!(seen["organization"]["id"], ada.organization_id);
}

#[tokio::test]
async fn token_that_is_not_the_issuers_is_refused() {
    let (server, ada, pair) = stage().await;
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let good = claims(&ada.user_id);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&pair, &claims)
    };
    let now = chrono::Utc::now().timestamp();
    let whole = token(&pair, &good);
    let headers = [("authorization", whole.as_str())];
    assert_eq!(viewer(&server, &headers).await["authMethod"], "JWT");
    let parts: Vec<&str> = whole.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"kid"}"#);
    for bad in [
        token(&stranger, &good),
        with("iss", json!("https://evil.example")),
        with("aud", json!("https://evil.example")),
        with("exp", json!(now - 1)),
        with("sub", json!("nobody")),
        with("sessionId", json!("nothing")),
        format!("Bearer {none}.{}.", parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][4..]),
        format!("{whole}{}", "A".repeat(9_000)),
    ] {
        assert_eq!(
            refused(&server, &[("authorization", &bad)]).await,
            unauthenticated()
        );
    }
    sql(
        &server,
        r#"DELETE FROM "user" WHERE "id" = $1"#,
        &[&ada.user_id],
    )
    .await;
    assert_eq!(
        refused(&server, &[("authorization", &whole)]).await,
        unauthenticated()
    );
}

#[tokio::test]
async fn token_of_a_session_ends_with_it() {
    let (server, ada, pair) = stage().await;
    let session: String = sqlx::query_scalar(r#"SELECT "id" FROM "session" WHERE "token" = $1"#)
        .bind(&ada.token)
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
    let mut claims = claims(&ada.user_id);
    claims["sessionId"] = json!(session);
    let bearer = token(&pair, &claims);
    assert_eq!(
        viewer(&server, &[("authorization", &bearer)]).await["authMethod"],
        "JWT"
    );
    ada.query("mutation { signOut { __typename } }", json!({}))
        .await;
    assert_eq!(
        refused(&server, &[("authorization", &bearer)]).await,
        unauthenticated()
    );
}

#[tokio::test]
async fn expired_token_makes_way_for_a_live_cookie_and_nothing_else_does() {
    let (server, ada, pair) = stage().await;
    let bob = server.sign_up("Bob").await;
    let cookie = cookie(&server, "ada@example.com").await;
    let mut late = claims(&ada.user_id);
    late["exp"] = json!(chrono::Utc::now().timestamp() - 60);
    let expired = token(&pair, &late);
    let both = [("authorization", &*expired), ("cookie", &*cookie)];
    assert_eq!(viewer(&server, &both).await["authMethod"], "COOKIE");
    assert_eq!(refused(&server, &both[..1]).await, unauthenticated());
    late["iss"] = json!("https://evil.example");
    let foreign = token(&pair, &late);
    let both = [("authorization", &*foreign), ("cookie", &*cookie)];
    assert_eq!(refused(&server, &both).await, unauthenticated());
    let bobs = token(&pair, &claims(&bob.user_id));
    let two = [("authorization", &*bobs), ("cookie", &*cookie)];
    assert_eq!(refused(&server, &two).await, unauthenticated());
    let adas = token(&pair, &claims(&ada.user_id));
    let same = [("authorization", &*adas), ("cookie", &*cookie)];
    assert_eq!(viewer(&server, &same).await["authMethod"], "JWT");
}

#[tokio::test]
async fn withdrawn_key_is_good_for_thirty_days_more() {
    let (server, ada, pair) = stage().await;
    let bearer = token(&pair, &claims(&ada.user_id));
    for (age, alg, good) in [
        ("29 days", "", true),
        ("29 days", "EdDSA", true),
        ("29 days", "ES256", false),
        ("31 days", "", false),
    ] {
        sql(
            &server,
            r#"UPDATE "jwks" SET "expiresAt" = now() - $1::interval, "alg" = nullif($2, '')"#,
            &[age, alg],
        )
        .await;
        let (status, body) =
            super::send(&server, "{ __typename }", &[("authorization", &bearer)]).await;
        assert_eq!(status == 200, good, "{age} {alg}: {body}");
    }
}

#[tokio::test]
async fn key_that_is_no_key_believes_nobody() {
    let (server, ada, pair) = stage().await;
    let bearer = token(&pair, &claims(&ada.user_id));
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(viewer(&server, &headers).await["authMethod"], "JWT");
    for hostile in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"kty":"oct","k":"c2VjcmV0"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":{}}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"\u0000"}"#,
        &format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000)),
    ] {
        sql(&server, r#"UPDATE "jwks" SET "publicKey" = $1"#, &[hostile]).await;
        let refused = refused(&server, &[("authorization", &bearer)]).await;
        assert_eq!(refused, unauthenticated());
    }
}
