//! Inviting and answering.

use serde_json::{Value, json};

use super::{call, ends, founded};
use crate::support::{Caller, Server};

async fn invite(host: &Caller, email: &str) -> String {
    let invited = call(
        host,
        "inviteMember",
        json!({ "email": email }),
        "... on InviteMemberSuccess { invitation { id email role expired } }",
    )
    .await;
    assert_eq!(invited["invitation"]["role"], "MEMBER", "{invited}");
    invited["invitation"]["id"].as_str().unwrap().to_owned()
}

async fn sql(server: &Server, statement: &'static str, value: &str) {
    let query = sqlx::query(statement).bind(value.to_owned());
    query.execute(&server.owner_pool().await).await.unwrap();
}

#[tokio::test]
async fn invitation_is_accepted_once_however_often_it_is_sent() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let eve = server.sign_up("Eve").await;
    let team = founded(&ada, "acme").await;
    let id = invite(&team, "BOB@Example.com").await;
    let again = json!({ "email": "bob@example.com" });
    assert_eq!(ends(&team, "inviteMember", again).await, "Conflict");
    let renewed = json!({ "email": "bob@example.com", "resend": true });
    assert_eq!(
        ends(&team, "inviteMember", renewed).await,
        "InviteMemberSuccess"
    );

    let mine = "{ viewer { invitations { id organizationName } } }";
    assert_eq!(
        bob.query(mine, json!({})).await["viewer"]["invitations"],
        json!([])
    );
    sql(
        &server,
        r#"UPDATE "user" SET "emailVerified" = true WHERE "id" = $1"#,
        &bob.user_id,
    )
    .await;
    assert_eq!(
        bob.query(mine, json!({})).await["viewer"]["invitations"],
        json!([{ "id": id, "organizationName": "acme" }])
    );

    let this = json!({ "id": id });
    assert_eq!(
        ends(&eve, "acceptInvitation", this.clone()).await,
        "Forbidden"
    );
    assert_eq!(
        ends(&eve, "rejectInvitation", this.clone()).await,
        "Forbidden"
    );
    let (one, other) = tokio::join!(
        ends(&bob, "acceptInvitation", this.clone()),
        ends(&bob, "acceptInvitation", this)
    );
    let mut ended = [one, other];
    ended.sort();
    assert_eq!(ended, ["AcceptInvitationSuccess", "Conflict"]);
    let rows: i64 = sqlx::query_scalar(
        r#"SELECT count(*) FROM "member" WHERE "organizationId" = $1 AND "userId" = $2"#,
    )
    .bind(&team.organization_id)
    .bind(&bob.user_id)
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(rows, 1);
    let member = json!({ "email": "bob@example.com" });
    assert_eq!(ends(&team, "inviteMember", member).await, "Conflict");
    let events = team
        .query(
            r#"{ auditEvents(filter: { action: "invitation.accept" }) { nodes { actorUserId } } }"#,
            json!({}),
        )
        .await;
    assert_eq!(
        events["auditEvents"]["nodes"],
        json!([{ "actorUserId": bob.user_id }])
    );
}

#[tokio::test]
async fn canceled_rejected_expired_and_unknown_invitations_let_nobody_in() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let id = invite(&team, "bob@example.com").await;
    assert_eq!(
        ends(&bob, "cancelInvitation", json!({ "id": id })).await,
        "NotFound"
    );
    assert_eq!(
        ends(&team, "cancelInvitation", json!({ "id": id })).await,
        "CancelInvitationSuccess"
    );
    assert_eq!(
        ends(&bob, "acceptInvitation", json!({ "id": id })).await,
        "Conflict"
    );

    let id = invite(&team, "bob@example.com").await;
    assert_eq!(
        ends(&bob, "rejectInvitation", json!({ "id": id })).await,
        "RejectInvitationSuccess"
    );
    assert_eq!(
        ends(&bob, "acceptInvitation", json!({ "id": id })).await,
        "Conflict"
    );

    let id = invite(&team, "bob@example.com").await;
    sql(
        &server,
        r#"UPDATE "invitation" SET "expiresAt" = now() - interval '1 second' WHERE "id" = $1"#,
        &id,
    )
    .await;
    assert_eq!(
        ends(&bob, "acceptInvitation", json!({ "id": id })).await,
        "Conflict"
    );
    assert_eq!(
        ends(&team, "resendInvitation", json!({ "id": id })).await,
        "ResendInvitationSuccess"
    );
    assert_eq!(
        ends(&bob, "acceptInvitation", json!({ "id": "nothing" })).await,
        "NotFound"
    );
    assert_eq!(
        ends(&bob, "acceptInvitation", json!({ "id": id })).await,
        "AcceptInvitationSuccess"
    );
}

#[tokio::test]
async fn limits_are_named_and_members_see_no_invitations() {
    let server = Server::start_with(&["--max-members=2", "--max-invitations=1"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    invite(&team, "eve@example.com").await;
    let limit = "... on LimitReached { limit }";
    let more = json!({ "email": "zoe@example.com" });
    let full = call(&team, "inviteMember", more.clone(), limit).await;
    assert_eq!(full["limit"], 1, "{full}");
    let guest = server.join(&team, &bob, "member").await;
    let full = call(&team, "inviteMember", more.clone(), limit).await;
    assert_eq!(full["limit"], 2, "{full}");
    assert_eq!(ends(&guest, "inviteMember", more).await, "Forbidden");
    let list = "{ viewer { organization { invitations { email } } } }";
    let seen = |data: Value| data["viewer"]["organization"]["invitations"].clone();
    assert_eq!(seen(guest.query(list, json!({})).await), json!([]));
    assert_eq!(
        seen(team.query(list, json!({})).await),
        json!([{ "email": "eve@example.com" }])
    );
}

#[tokio::test]
async fn admin_does_not_become_an_owner_by_the_address_an_owner_invited() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let admin = server.join(&team, &bob, "admin").await;
    let offer = json!({ "email": "cleo@example.com", "role": "OWNER" });
    assert_eq!(
        ends(&team, "inviteMember", offer).await,
        "InviteMemberSuccess"
    );
    let list = "{ viewer { organization { invitations { id } } } }";
    let seen = admin.query(list, json!({})).await;
    let this = json!({ "id": seen["viewer"]["organization"]["invitations"][0]["id"] });
    // Whoever signs up with the address before the person that is meant does.
    let cleo = server.sign_up("Cleo").await;
    assert_eq!(
        ends(&cleo, "acceptInvitation", this.clone()).await,
        "Forbidden"
    );
    sql(
        &server,
        r#"UPDATE "user" SET "emailVerified" = true WHERE "id" = $1"#,
        &cleo.user_id,
    )
    .await;
    assert_eq!(
        ends(&cleo, "acceptInvitation", this).await,
        "AcceptInvitationSuccess"
    );
}
