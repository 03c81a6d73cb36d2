//! Names and secrets as an operator sets them.

use serde_json::{Value, json};

use super::issuer::{claims, published, token};
use super::{cookie, viewer};
use crate::conversations::mutate;
use crate::support::{AUTH_SECRET, Agentry, Caller, Database, Server};

#[tokio::test]
async fn cookies_have_the_prefix_that_is_set_with_and_without_secure() {
    for (flags, written) in [
        (vec!["--cookie-prefix=shop"], "shop.session_token"),
        (
            vec!["--cookie-prefix=shop", "--secure-cookies=true"],
            "__Secure-shop.session_token",
        ),
    ] {
        let server = Server::start_with(&flags).await;
        let ada = server.sign_up("Ada").await;
        let set = cookie(&server, "ada@example.com").await;
        let (name, value) = set.split_once('=').unwrap();
        assert_eq!(name, written);
        for good in ["shop.session_token", "__Secure-shop.session_token"] {
            let header = format!("{good}={value}");
            assert_eq!(
                viewer(&server, &[("cookie", &header)]).await["user"]["id"],
                ada.user_id
            );
        }
        for other in [
            "better-auth.session_token",
            "__Host-shop.session_token",
            "shop.session",
        ] {
            let header = format!("{other}={value}");
            assert_eq!(viewer(&server, &[("cookie", &header)]).await, Value::Null);
        }
    }
}

/// The program is told port 0, and the system chooses one.
#[tokio::test]
async fn without_a_public_url_tokens_are_for_the_address_that_is_bound() {
    let database = Database::copy().await;
    let pair = published(&database).await;
    let running = Agentry::serving(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    assert!(!running.url.ends_with(":0"), "{}", running.url);
    for (origin, good) in [(running.url.as_str(), true), ("http://127.0.0.1:0", false)] {
        let mut claims = claims(&ada.user_id);
        claims["iss"] = json!(origin);
        claims["aud"] = json!(origin);
        let request = Caller::at(&running.url).post("{ viewer { user { id } } }", json!({}));
        let request = request.header("authorization", token(&pair, &claims));
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        let seen = body["data"]["viewer"]["user"]["id"] == ada.user_id;
        assert_eq!(seen, good, "{origin}: {body}");
    }
}

#[tokio::test]
async fn older_secret_verifies_while_the_newer_signs() {
    let database = Database::copy().await;
    let newer = "a-newer-secret-of-forty-characters-00001";
    let old = Agentry::serving(&database).serve().await;
    let ada = Caller::sign_up_at(&old.url, "Ada").await;
    let before = browser(&old.url).await;
    let both = Agentry::serving(&database)
        .env("AGENTRY_AUTH_SECRETS", format!("2:{newer}"))
        .serve()
        .await;
    let after = browser(&both.url).await;
    let only = Agentry::serving(&database)
        .env("AGENTRY_AUTH_SECRET", "")
        .env("BETTER_AUTH_SECRETS", format!("2:{newer}"))
        .serve()
        .await;
    assert_ne!(AUTH_SECRET, newer);
    for (url, cookie, good) in [
        (&old.url, &before, true),
        (&old.url, &after, false),
        (&both.url, &before, true),
        (&both.url, &after, true),
        (&only.url, &before, false),
        (&only.url, &after, true),
    ] {
        let request = Caller::at(url).post("{ viewer { user { id } } }", json!({}));
        let request = request.header("cookie", cookie);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        let seen = body["data"]["viewer"]["user"]["id"] == ada.user_id;
        assert_eq!(seen, good, "{body}");
    }
    for running in [old, both, only] {
        running.stop().await;
    }
}

/// The cookie that signing in sets.
async fn browser(url: &str) -> String {
    let document = r#"mutation { signIn(input: { email: "ada@example.com", password: "correct horse battery" }) { __typename } }"#;
    let response = Caller::at(url)
        .post(document, json!({}))
        .send()
        .await
        .unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn number_of_keys_is_limited_and_the_limit_named() {
    let server = Server::start_with(&["--max-user-keys=3", "--max-organization-keys=2"]).await;
    let ada = server.sign_up("Ada").await;
    for (owner, limit) in [("USER", 3), ("ORGANIZATION", 2)] {
        let input = json!({ "name": "ci", "owner": owner });
        let made =
            futures_util::future::join_all((0..8).map(|_| super::create(&ada, input.clone())))
                .await;
        let through = made
            .iter()
            .filter(|made| made["__typename"] == "CreateApiKeySuccess");
        assert_eq!(through.count(), limit, "{made:?}");
        let refused = made
            .iter()
            .find(|made| made["__typename"] == "LimitReached")
            .unwrap();
        let said = refused["message"].as_str().unwrap();
        assert!(said.contains(&format!("{limit} live API keys")), "{said}");
    }
    // Nor do keys multiply by being replaced.
    let listed = ada.query("{ apiKeys { id } }", json!({})).await;
    let id = listed["apiKeys"][0]["id"].clone();
    let rotate = |_| {
        let input = json!({ "id": id, "overlapSeconds": 600 });
        mutate(&ada, "rotateApiKey", "__typename", input)
    };
    let rotated = futures_util::future::join_all((0..8).map(rotate)).await;
    let through = rotated
        .iter()
        .filter(|one| one["__typename"] == "RotateApiKeySuccess");
    assert_eq!(through.count(), 3, "{rotated:?}");
    // Ended ones do not count.
    super::sql(
        &server,
        r#"UPDATE "apikey" SET "expiresAt" = now() - interval '1 day'"#,
        &[],
    )
    .await;
    for owner in ["USER", "ORGANIZATION"] {
        super::key(&ada, json!({ "name": "ci", "owner": owner })).await;
    }
}

#[tokio::test]
async fn idempotency_key_makes_one_key_and_shows_it_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for owner in ["USER", "ORGANIZATION"] {
        let input = json!({ "name": "ci", "owner": owner, "idempotencyKey": owner });
        let all = (0..5).map(|_| super::create(&ada, input.clone()));
        let made = futures_util::future::join_all(all).await;
        let shown = made.iter().filter(|made| made["key"].is_string()).count();
        assert_eq!(shown, 1, "{made:?}");
        assert!(
            made.iter()
                .all(|one| one["apiKey"]["id"] == made[0]["apiKey"]["id"])
        );
        let other = json!({ "name": "other", "owner": owner, "idempotencyKey": owner });
        assert_eq!(super::create(&ada, other).await["__typename"], "Conflict");
        let delete = "mutation($id: ID!) { deleteApiKey(input: { id: $id }) { __typename } }";
        ada.query(delete, json!({ "id": made[0]["apiKey"]["id"] }))
            .await;
        assert_eq!(super::create(&ada, input).await["__typename"], "Conflict");
    }
}
