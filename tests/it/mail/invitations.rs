//! Invitations by message.

use serde_json::{Value, json};

use super::call;
use crate::support::{Caller, Outbox, Server};

/// An organisation of this name that Ada acts in.
async fn team(server: &Server, name: &str) -> Caller {
    let ada = server.sign_up("Ada").await;
    let document =
        "mutation($input: CreateOrganizationInput!) { createOrganization(input: $input) {
        ... on CreateOrganizationSuccess { organization { id } } ... on UserError { message } } }";
    let input = json!({ "name": name, "slug": "acme" });
    let made = ada.query(document, json!({ "input": input })).await;
    let id = made["createOrganization"]["organization"]["id"].as_str();
    ada.in_organization(id.unwrap_or_else(|| panic!("{made}")))
}

#[tokio::test]
async fn invited_person_is_sent_the_link_and_accepts_by_it() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let host = team(&server, "Acme").await;
    let invited = call(
        &host,
        "inviteMember",
        json!({ "email": "Bob@example.com", "role": "ADMIN" }),
    )
    .await;
    assert_eq!(invited["mailed"], true, "{invited}");
    let letter = outbox
        .letter("bob@example.com", "accept-invitation", 1)
        .await;
    assert_eq!(
        letter.link,
        format!(
            "https://app.example/accept-invitation?id={}",
            invited["invitation"]["id"].as_str().unwrap()
        )
    );
    assert_eq!(letter.subject, "Ada invites you to Acme at Agentry");
    assert!(letter.text.contains("as an admin"), "{}", letter.text);

    let again = call(
        &host,
        "resendInvitation",
        json!({ "id": invited["invitation"]["id"] }),
    )
    .await;
    assert_eq!(again["mailed"], true, "{again}");
    let letter = outbox
        .letter("bob@example.com", "accept-invitation", 2)
        .await;
    let bob = server.sign_up("Bob").await;
    let document = "mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { __typename } }";
    let input = json!({ "input": { "id": letter.token() } });
    let accepted = bob.query(document, input).await;
    assert_eq!(
        accepted["acceptInvitation"]["__typename"],
        "AcceptInvitationSuccess"
    );
}

#[tokio::test]
async fn refused_invitation_sends_nothing_and_too_many_are_made_without_a_message() {
    let outbox = Outbox::new();
    let flags = ["--mail-per-account=2", "--verify-on-sign-up=false"];
    let server = outbox.server(&flags).await;
    let host = team(&server, "Acme").await;
    let input = json!({ "email": "bob@example.com", "resend": true });
    for mailed in [true, true, false] {
        let invited = call(&host, "inviteMember", input.clone()).await;
        assert_eq!(invited["mailed"], mailed, "{invited}");
    }
    let refused = call(&host, "inviteMember", json!({ "email": "bob@example.com" })).await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    // Another purpose, another count: nobody is kept from a reset by being invited.
    let nobody = Caller::nobody(&server);
    let asked = call(
        &nobody,
        "requestPasswordReset",
        json!({ "email": "bob@example.com" }),
    )
    .await;
    assert_eq!(
        asked["__typename"], "RequestPasswordResetSuccess",
        "{asked}"
    );
    server.drain_mail().await;
    assert_eq!(outbox.letters().len(), 2);
}

#[tokio::test]
async fn the_same_key_again_sends_no_second_message() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    let host = team(&server, "Acme").await;
    let made = json!({ "email": "bob@example.com", "idempotencyKey": "made" });
    let renewed = json!({ "email": "bob@example.com", "resend": true, "idempotencyKey": "again" });
    for input in [made, renewed] {
        let first = call(&host, "inviteMember", input.clone()).await;
        assert_eq!(first["mailed"], true, "{first}");
        for _ in 0..2 {
            let again = call(&host, "inviteMember", input.clone()).await;
            assert_eq!(again["invitation"], first["invitation"], "{again}");
            assert_eq!(again["mailed"], false, "{again}");
        }
    }
    let twins = json!({ "email": "cleo@example.com", "idempotencyKey": "twins" });
    let (one, other) = tokio::join!(
        call(&host, "inviteMember", twins.clone()),
        call(&host, "inviteMember", twins)
    );
    assert_eq!(one["invitation"], other["invitation"]);
    assert_ne!(one["mailed"], other["mailed"], "{one} {other}");
    server.drain_mail().await;
    let mut to: Vec<_> = outbox.letters().into_iter().map(|one| one.to).collect();
    to.sort();
    assert_eq!(
        to,
        ["bob@example.com", "bob@example.com", "cleo@example.com"]
    );
}

#[tokio::test]
async fn who_invites_one_stranger_after_another_soon_sends_nothing() {
    let outbox = Outbox::new();
    let flags = ["--max-invitations=2", "--verify-on-sign-up=false"];
    let server = outbox.server(&flags).await;
    let host = team(&server, "Acme").await;
    // Taking each back makes room for the next invitation, but not for its message.
    for (who, mailed) in [("bob", true), ("cleo", true), ("dan", false)] {
        let input = json!({ "email": format!("{who}@example.com") });
        let invited = call(&host, "inviteMember", input).await;
        assert_eq!(invited["mailed"], mailed, "{invited}");
        let id = json!({ "id": invited["invitation"]["id"] });
        let canceled = call(&host, "cancelInvitation", id).await;
        assert_eq!(canceled["__typename"], "CancelInvitationSuccess");
    }
    server.drain_mail().await;
    assert_eq!(outbox.letters().len(), 2);
}

#[tokio::test]
async fn server_without_mail_says_that_the_id_is_to_be_handed_on() {
    let server = Server::start().await;
    let host = team(&server, "Acme").await;
    let invited = call(&host, "inviteMember", json!({ "email": "bob@example.com" })).await;
    assert_eq!(invited["mailed"], Value::Bool(false), "{invited}");
}

#[tokio::test]
async fn hostile_names_bring_neither_headers_nor_links() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    let host = team(&server, "Prize at https://evil.example/x <b>now</b>").await;
    // better-auth takes what the API here refuses.
    super::sql(
        &server,
        r#"UPDATE "user" SET "name" = E'Eve\r\nBcc: x@evil.example\r\n\r\n<h1>' WHERE "id" = $1"#,
        &[&host.user_id],
    )
    .await;
    call(&host, "inviteMember", json!({ "email": "bob@example.com" })).await;
    let letter = outbox
        .letter("bob@example.com", "accept-invitation", 1)
        .await;
    let (head, _) = letter.text.split_once("\r\n\r\n").unwrap();
    assert!(
        !head.contains("\nBcc") && head.contains("To: bob@example.com\r\n"),
        "{head}"
    );
    for bad in ["evil.example", "<h1>", "<b>", "x@"] {
        assert!(!letter.text.contains(bad), "{bad}: {}", letter.text);
    }
}
