//! Addresses that are shown to be somebody's.

use agentry_auth::email::Email;
use agentry_auth::email_token::EmailClaim;
use agentry_auth::secret::SecretList;
use chrono::{TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{call, ends, events, sql};
use crate::support::{AUTH_SECRET, Caller, Outbox, Server};

async fn verified(caller: &Caller) -> Value {
    let mut data = caller
        .query("{ viewer { user { emailVerified } } }", json!({}))
        .await;
    data["viewer"]["user"]["emailVerified"].take()
}

async fn verify(caller: &Caller, token: &str) -> String {
    ends(caller, "verifyEmail", json!({ "token": token })).await
}

#[tokio::test]
async fn signing_up_sends_a_link_that_verifies_the_address() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let ada = server.sign_up("Ada").await;
    assert_eq!(verified(&ada).await, false);
    let token = outbox
        .letter("ada@example.com", "verify-email", 1)
        .await
        .token();
    let nobody = Caller::nobody(&server);
    let done =
        json!({ "__typename": "VerifyEmailSuccess", "email": "ada@example.com", "changed": false });
    // A second time nothing is left to do, as better-auth has it.
    for _ in 0..2 {
        assert_eq!(
            call(&nobody, "verifyEmail", json!({ "token": token })).await,
            done
        );
        assert_eq!(verified(&ada).await, true);
    }
    let event = json!([{ "credential": "LINK", "targetId": ada.user_id, "metadata": { "email": "ada@example.com" } }]);
    assert_eq!(events(&ada, "user.verify_email").await, event);
}

#[tokio::test]
async fn message_is_sent_again_to_whoever_needs_it_and_nobody_learns_who_does() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    sql(
        &server,
        r#"UPDATE "user" SET "emailVerified" = true WHERE "id" = $1"#,
        &[&bob.user_id],
    )
    .await;
    let nobody = Caller::nobody(&server);
    for email in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        let answer = call(&nobody, "sendVerificationEmail", json!({ "email": email })).await;
        assert_eq!(
            answer,
            json!({ "__typename": "SendVerificationEmailSuccess", "email": email })
        );
    }
    server.drain_mail().await;
    let letters = outbox.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].to, "ada@example.com");
    // Whoever is signed in, the link speaks for Ada.
    assert_eq!(
        verify(&bob, &letters[0].token()).await,
        "VerifyEmailSuccess"
    );
    assert_eq!(verified(&ada).await, true);
}

/// A token of so long ago.
fn token(server_secret: &str, email: &str, user: Option<&str>, age: TimeDelta) -> String {
    let secrets = SecretList::single(&server_secret.into()).unwrap();
    let claim = EmailClaim::Verify {
        email: Email::parse(email).unwrap(),
        user: user.map(|user| user.to_owned().into()),
    };
    claim
        .sign(&secrets, Utc::now() - age)
        .expose_secret()
        .to_owned()
}

#[tokio::test]
async fn expired_altered_foreign_and_outlived_tokens_verify_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let now = TimeDelta::zero();
    let good = token(AUTH_SECRET, "ada@example.com", Some(&ada.user_id), now);
    let (head, tag) = good.rsplit_once('.').unwrap();
    let bobs = token(AUTH_SECRET, "bob@example.com", Some(&bob.user_id), now);
    let bad = [
        String::new(),
        good[..good.len() - 1].to_owned(),
        head.to_owned(),
        format!("{}.{tag}", bobs.rsplit_once('.').unwrap().0),
        token(
            "another-secret-of-thirty-two-characters",
            "ada@example.com",
            Some(&ada.user_id),
            now,
        ),
        token(
            AUTH_SECRET,
            "ada@example.com",
            Some(&ada.user_id),
            TimeDelta::seconds(3_601),
        ),
        token(AUTH_SECRET, "ada@example.com", Some(&bob.user_id), now),
        token(AUTH_SECRET, "eve@example.com", None, now),
        ada.token.clone(),
        "a".repeat(50_000),
    ];
    let nobody = Caller::nobody(&server);
    for token in &bad {
        assert_eq!(verify(&nobody, token).await, "NotFound", "{token}");
    }
    sql(
        &server,
        r#"UPDATE "user" SET "email" = 'ada.new@example.com' WHERE "id" = $1"#,
        &[&ada.user_id],
    )
    .await;
    assert_eq!(verify(&nobody, &good).await, "NotFound");
    assert_eq!(
        (verified(&ada).await, verified(&bob).await),
        (json!(false), json!(false))
    );
    // As better-auth before 1.7 makes them: without the user.
    let old = token(AUTH_SECRET, "ada.new@example.com", None, now);
    assert_eq!(verify(&nobody, &old).await, "VerifyEmailSuccess");
    assert_eq!(
        (verified(&ada).await, verified(&bob).await),
        (json!(true), json!(false))
    );
}

#[tokio::test]
async fn verified_address_is_shown_its_invitations() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = "mutation { createOrganization(input: { name: \"Acme\", slug: \"acme\" }) {
        ... on CreateOrganizationSuccess { organization { id } } } }";
    let made = ada.query(team, json!({})).await;
    let id = made["createOrganization"]["organization"]["id"]
        .as_str()
        .unwrap();
    let host = ada.in_organization(id);
    let invited = ends(&host, "inviteMember", json!({ "email": "bob@example.com" })).await;
    assert_eq!(invited, "InviteMemberSuccess");
    let mine = "{ viewer { invitations { organizationName } } }";
    assert_eq!(
        bob.query(mine, json!({})).await["viewer"]["invitations"],
        json!([])
    );
    let token = outbox
        .letter("bob@example.com", "verify-email", 1)
        .await
        .token();
    assert_eq!(verify(&bob, &token).await, "VerifyEmailSuccess");
    let shown = bob.query(mine, json!({})).await;
    assert_eq!(
        shown["viewer"]["invitations"],
        json!([{ "organizationName": "Acme" }])
    );
}
