//! The same call sent again.

use serde_json::{Value, json};

use super::{call, ends, founded, number, sql};
use crate::support::{Caller, Server};

async fn create(caller: &Caller, input: Value) -> Value {
    let fields = "... on CreateOrganizationSuccess { organization { id slug } }";
    call(caller, "createOrganization", input, fields).await
}

async fn invite(caller: &Caller, input: Value) -> Value {
    let fields = "... on InviteMemberSuccess { invitation { id email role } }";
    call(caller, "inviteMember", input, fields).await
}

#[tokio::test]
async fn one_key_makes_one_organization_wherever_the_second_call_acts() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "Acme", "slug": "acme", "idempotencyKey": "k" });
    // No organisation named: the first call moves the session into the new one.
    let nowhere = ada.in_organization("");
    let first = create(&nowhere, input.clone()).await;
    assert_eq!(first["organization"]["slug"], "acme", "{first}");
    assert_eq!(create(&nowhere, input.clone()).await, first);
    assert_eq!(create(&ada, input.clone()).await, first);
    let other = json!({ "name": "Other", "slug": "other", "idempotencyKey": "k" });
    assert_eq!(create(&ada, other).await["__typename"], "Conflict");
    let count = r#"SELECT count(*) FROM "organization" WHERE personal_user_id IS NULL"#;
    assert_eq!(number(&server, count, &[]).await, 1);

    let twins = json!({ "name": "Twins", "slug": "twins", "idempotencyKey": "t" });
    let (one, two) = tokio::join!(create(&ada, twins.clone()), create(&ada, twins));
    assert_eq!(one, two);

    let id = first["organization"]["id"].as_str().unwrap();
    let team = ada.in_organization(id);
    ends(&team, "deleteOrganization", json!({ "id": id })).await;
    assert_eq!(create(&ada, input).await["__typename"], "Conflict");
    let empty = json!({ "name": "x", "idempotencyKey": "" });
    assert_eq!(create(&ada, empty).await["__typename"], "ValidationFailed");
}

#[tokio::test]
async fn one_key_invites_once_and_a_failure_uses_up_no_key() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let input = json!({ "email": "Bob@example.com", "role": "ADMIN", "idempotencyKey": "k" });
    let first = invite(&team, input.clone()).await;
    assert_eq!(first["invitation"]["role"], "ADMIN", "{first}");
    assert_eq!(invite(&team, input.clone()).await, first);
    let other = json!({ "email": "eve@example.com", "idempotencyKey": "k" });
    assert_eq!(invite(&team, other).await["__typename"], "Conflict");
    // One that stands is renewed under its own id, once.
    let again = json!({ "email": "bob@example.com", "resend": true, "idempotencyKey": "r" });
    let renewed = invite(&team, again.clone()).await;
    assert_eq!(renewed["invitation"]["id"], first["invitation"]["id"]);
    assert_eq!(invite(&team, again).await, renewed);
    let noted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_events WHERE action LIKE 'invitation.%'")
            .fetch_one(&mut server.database.root().await)
            .await
            .unwrap();
    assert_eq!(noted, 2);

    let refused = json!({ "email": "bob@example.com", "idempotencyKey": "f" });
    assert_eq!(
        invite(&team, refused.clone()).await["__typename"],
        "Conflict"
    );
    sql(
        &server,
        r#"UPDATE "invitation" SET "status" = 'canceled' WHERE "organizationId" = $1"#,
        &[&team.organization_id],
    )
    .await;
    assert_eq!(
        invite(&team, refused).await["__typename"],
        "InviteMemberSuccess"
    );
}
