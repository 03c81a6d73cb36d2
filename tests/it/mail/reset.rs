//! Passwords that were forgotten.

use serde_json::{Value, json};
use sqlx::Row as _;

use super::{PASSWORD, call, count, ends, events, signs_in, sql};
use crate::support::{Caller, Outbox, Server};

const NEW: &str = "another good password";
const VIEWER: &str = "{ viewer { user { id } } }";

/// Asks for a reset and takes its token out of the message.
async fn token(server: &Server, outbox: &Outbox, email: &str, nth: usize) -> String {
    let asked = call(
        &Caller::nobody(server),
        "requestPasswordReset",
        json!({ "email": email }),
    )
    .await;
    assert_eq!(
        asked["__typename"], "RequestPasswordResetSuccess",
        "{asked}"
    );
    outbox.letter(email, "reset-password", nth).await.token()
}

async fn reset(server: &Server, token: &str, password: &str) -> String {
    let input = json!({ "token": token, "newPassword": password });
    ends(&Caller::nobody(server), "resetPassword", input).await
}

#[tokio::test]
async fn link_sets_a_new_password_once_and_ends_every_session() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let ada = server.sign_up("Ada").await;
    Caller::sign_in_at(&server.url, "Ada").await;
    let first = token(&server, &outbox, "ada@example.com", 1).await;
    let second = token(&server, &outbox, "ada@example.com", 2).await;
    let input = json!({ "token": second, "newPassword": NEW });
    let done = call(&Caller::nobody(&server), "resetPassword", input).await;
    assert_eq!(
        done,
        json!({ "__typename": "ResetPasswordSuccess", "revokedSessions": 2 })
    );

    // The first link is as worthless now as the one that was used.
    for used in [&second, &first] {
        assert_eq!(reset(&server, used, NEW).await, "NotFound");
    }
    assert_eq!(
        count(&server, r#"SELECT count(*) FROM "verification""#).await,
        0
    );
    assert_eq!(ada.code(VIEWER, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(
        signs_in(&server, "ada@example.com", PASSWORD).await,
        "Forbidden"
    );
    let input = json!({ "input": { "email": "ada@example.com", "password": NEW } });
    let document =
        "mutation($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { token } } }";
    let session = Caller::nobody(&server).query(document, input).await;
    let mut ada = ada;
    session["signIn"]["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut ada.token);
    let event = json!([{ "credential": "LINK", "targetId": ada.user_id, "metadata": { "revokedSessions": 2 } }]);
    assert_eq!(events(&ada, "user.reset_password").await, event);
}

#[tokio::test]
async fn row_is_what_better_auth_writes() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let ada = server.sign_up("Ada").await;
    let token = token(&server, &outbox, "ada@example.com", 1).await;
    assert_eq!(token.len(), 24);
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
    let row = sqlx::query(
        r#"SELECT "identifier", "value", extract(epoch FROM "expiresAt" - "createdAt")::float8 AS life,
             "expiresAt" = date_trunc('milliseconds', "expiresAt") AS exact FROM "verification""#,
    );
    let row = row.fetch_one(&server.owner_pool().await).await.unwrap();
    assert_eq!(
        row.get::<String, _>("identifier"),
        format!("reset-password:{token}")
    );
    assert_eq!(row.get::<String, _>("value"), ada.user_id);
    let life: f64 = row.get("life");
    assert!((3_590.0..=3_600.5).contains(&life), "{life}");
    assert!(row.get::<bool, _>("exact"));
}

#[tokio::test]
async fn reset_that_better_auth_opened_is_finished_here() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    // As 1.4.22, 1.5.2 and 1.7.25 left it, but for the user and the time.
    sql(
        &server,
        r#"INSERT INTO "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
           VALUES ('Fk4lVkdGOLsydXNMvwGKfxY5JkpZlIfZ', 'reset-password:v2m0O4oSnYRQMZwN2o1dJzhI', $1,
             date_trunc('milliseconds', now()) + interval '1 hour', now(), now())"#,
        &[&ada.user_id],
    )
    .await;
    assert_eq!(
        reset(&server, "v2m0O4oSnYRQMZwN2o1dJzhI", NEW).await,
        "ResetPasswordSuccess"
    );
    assert_eq!(signs_in(&server, "ada@example.com", NEW).await, "SignedIn");
}

#[tokio::test]
async fn of_two_uses_at_once_one_sets_the_password() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--pool-size=8"]).await;
    server.sign_up("Ada").await;
    let token = token(&server, &outbox, "ada@example.com", 1).await;
    let passwords = ["password number one", "password number two"];
    let (one, two) = tokio::join!(
        reset(&server, &token, passwords[0]),
        reset(&server, &token, passwords[1])
    );
    let won = usize::from(one != "ResetPasswordSuccess");
    let mut ended = [one, two];
    ended.sort();
    assert_eq!(ended, ["NotFound", "ResetPasswordSuccess"]);
    assert_eq!(
        signs_in(&server, "ada@example.com", passwords[won]).await,
        "SignedIn"
    );
    assert_eq!(
        signs_in(&server, "ada@example.com", passwords[1 - won]).await,
        "Forbidden"
    );
}

#[tokio::test]
async fn unknown_address_looks_as_a_known_one_and_gets_nothing() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    server.sign_up("Ada").await;
    let nobody = Caller::nobody(&server);
    let ask =
        |email: &'static str| call(&nobody, "requestPasswordReset", json!({ "email": email }));
    let (known, unknown) = (ask("ADA@example.com").await, ask("eve@example.com").await);
    assert_eq!(
        known,
        json!({ "__typename": "RequestPasswordResetSuccess", "email": "ada@example.com" })
    );
    assert_eq!(
        unknown,
        json!({ "__typename": "RequestPasswordResetSuccess", "email": "eve@example.com" })
    );
    assert_eq!(ask("no address").await["__typename"], "ValidationFailed");
    server.drain_mail().await;
    let to: Vec<String> = outbox
        .letters()
        .into_iter()
        .map(|letter| letter.to)
        .collect();
    assert_eq!(to, ["ada@example.com"]);
    assert_eq!(
        count(&server, r#"SELECT count(*) FROM "verification""#).await,
        1
    );
}

#[tokio::test]
async fn expired_altered_cut_and_foreign_tokens_change_nothing() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    server.sign_up("Ada").await;
    server.sign_up("Bob").await;
    let good = token(&server, &outbox, "ada@example.com", 1).await;
    let swapped: String = good.chars().rev().collect();
    let hashed = format!("reset-password:{good}");
    for bad in [
        "",
        &good[..23],
        &good[1..],
        &swapped,
        &hashed,
        &format!("{good}x"),
        &format!("{good} "),
        "%",
        "________________________",
        "a\0b",
        &"a".repeat(100_000),
        "' OR true --",
        "Ａ",
    ] {
        assert_eq!(reset(&server, bad, NEW).await, "NotFound", "{bad}");
    }
    // A password that will not do does not use the link up.
    assert_eq!(reset(&server, &good, "short").await, "ValidationFailed");
    assert_eq!(
        reset(&server, &good, &"x".repeat(129)).await,
        "ValidationFailed"
    );
    sql(
        &server,
        r#"UPDATE "verification" SET "expiresAt" = now() - interval '1 millisecond'"#,
        &[],
    )
    .await;
    assert_eq!(reset(&server, &good, NEW).await, "NotFound");
    for name in ["ada@example.com", "bob@example.com"] {
        assert_eq!(
            signs_in(&server, name, PASSWORD).await,
            "SignedIn",
            "{name}"
        );
    }
    // What has expired goes when the next one is asked for.
    token(&server, &outbox, "ada@example.com", 2).await;
    assert_eq!(
        count(&server, r#"SELECT count(*) FROM "verification""#).await,
        1
    );
}

#[tokio::test]
async fn other_rows_of_better_auth_are_no_resets() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    sql(
        &server,
        r#"INSERT INTO "verification" ("id", "identifier", "value", "expiresAt") VALUES
             ('a', 'delete-account-v2m0O4oSnYRQMZwN2o1dJzhI', $1, now() + interval '1 hour'),
             ('b', 'reset-password:orphanedorphanedorphaned', 'nobody', now() + interval '1 hour')"#,
        &[&ada.user_id],
    )
    .await;
    for token in ["v2m0O4oSnYRQMZwN2o1dJzhI", "orphanedorphanedorphaned"] {
        assert_eq!(reset(&server, token, NEW).await, "NotFound");
    }
    assert_eq!(
        count(&server, r#"SELECT count(*) FROM "verification""#).await,
        2
    );
}

#[tokio::test]
async fn account_without_a_password_gets_one() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let ada = server.sign_up("Ada").await;
    sql(
        &server,
        r#"UPDATE "account" SET "providerId" = 'github' WHERE "userId" = $1"#,
        &[&ada.user_id],
    )
    .await;
    let token = token(&server, &outbox, "ada@example.com", 1).await;
    assert_eq!(reset(&server, &token, NEW).await, "ResetPasswordSuccess");
    assert_eq!(signs_in(&server, "ada@example.com", NEW).await, "SignedIn");
}

#[tokio::test]
async fn server_without_mail_says_so_to_everybody_alike() {
    let server = Server::start().await;
    server.sign_up("Ada").await;
    let nobody = Caller::nobody(&server);
    for email in ["ada@example.com", "eve@example.com"] {
        for field in ["requestPasswordReset", "sendVerificationEmail"] {
            let answer = call(&nobody, field, json!({ "email": email })).await;
            assert_eq!(answer["__typename"], "Conflict", "{answer}");
        }
    }
    assert_eq!(nobody.query(VIEWER, json!({})).await["viewer"], Value::Null);
}
