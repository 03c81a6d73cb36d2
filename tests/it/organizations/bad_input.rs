//! Answers and requests that should not have come.

use serde_json::{Value, json};

use super::{call, ends, founded, invited, sql};
use crate::support::{Caller, Server};

/// Where a request without `x-organization-id` acts.
async fn acting(caller: &Caller) -> Value {
    let document = "{ viewer { organization { id } } }";
    let mut data = caller.in_organization("").query(document, json!({})).await;
    data["viewer"]["organization"]["id"].take()
}

#[tokio::test]
async fn an_address_is_the_same_in_any_case_and_script() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    for (n, (invitation, account)) in [
        ("ZOË@Example.com", "zoë@example.com"),
        ("ÉLODIE@exämple.com", "Élodie@EXÄMPLE.com"),
        ("ΑΛΈΞΗΣ@example.com", "αλέξης@example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        let guest = Caller::sign_up_with(&server.url, account).await;
        let this = json!({ "id": invited(&team, invitation).await });
        let again = json!({ "email": account });
        assert_eq!(ends(&team, "inviteMember", again).await, "Conflict", "{n}");
        assert_eq!(
            ends(&guest, "acceptInvitation", this).await,
            "AcceptInvitationSuccess",
            "{n}"
        );
        let member = json!({ "email": invitation });
        assert_eq!(ends(&team, "inviteMember", member).await, "Conflict", "{n}");
    }
    for email in [
        "",
        "bob",
        "bob@",
        "bob@example",
        "b b@example.com",
        "a\0@example.com",
    ] {
        let input = json!({ "email": email });
        assert_eq!(ends(&team, "inviteMember", input).await, "ValidationFailed");
    }
    let long = json!({ "email": format!("{}@example.com", "x".repeat(300)) });
    assert_eq!(ends(&team, "inviteMember", long).await, "ValidationFailed");
}

#[tokio::test]
async fn an_invitation_outlives_neither_its_inviter_nor_a_change_of_address() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let cleo = server.sign_up("Cleo").await;
    let team = founded(&ada, "acme").await;
    let admin = server.join(&team, &bob, "admin").await;
    let this = json!({ "id": invited(&admin, "cleo@example.com").await });
    let less = json!({ "userId": bob.user_id, "role": "MEMBER" });
    ends(&team, "updateMemberRole", less).await;
    assert_eq!(
        ends(&cleo, "acceptInvitation", this.clone()).await,
        "Conflict",
        "a member may not invite"
    );
    ends(&team, "resendInvitation", this.clone()).await;
    sql(
        &server,
        r#"UPDATE "user" SET "email" = 'other@example.com' WHERE "id" = $1"#,
        &[&cleo.user_id],
    )
    .await;
    assert_eq!(ends(&cleo, "acceptInvitation", this).await, "Forbidden");
}

#[tokio::test]
async fn unknown_and_joined_roles_are_read_for_what_they_are_and_never_written() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let guest = server.join(&team, &bob, "member").await;
    let role = "{ viewer { role } }";
    for (row, wanted) in [
        ("admin,owner", "OWNER"),
        (" member , admin ", "ADMIN"),
        ("member,superuser", "MEMBER"),
        ("superuser", "MEMBER"),
        ("", "MEMBER"),
        ("Owner", "MEMBER"),
        ("coowner", "MEMBER"),
    ] {
        sql(
            &server,
            r#"UPDATE "member" SET "role" = $2 WHERE "userId" = $1 AND "organizationId" = $3"#,
            &[&bob.user_id, row, &team.organization_id],
        )
        .await;
        let seen = guest.query(role, json!({})).await;
        assert_eq!(seen["viewer"]["role"], wanted, "{row}");
    }
    for role in ["admin,owner", "ADMIN,OWNER", "superuser", ""] {
        let input = json!({ "userId": bob.user_id, "role": role });
        let document = "mutation($input: UpdateMemberRoleInput!) { updateMemberRole(input: $input) { __typename } }";
        let code = team.code(document, json!({ "input": input })).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{role}");
    }
    let up = json!({ "userId": bob.user_id, "role": "ADMIN" });
    ends(&team, "updateMemberRole", up).await;
    let stored: String = sqlx::query_scalar(
        r#"SELECT "role" FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#,
    )
    .bind(&bob.user_id)
    .bind(&team.organization_id)
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(stored, "admin");
}

#[tokio::test]
async fn strangers_and_personal_organizations_are_left_alone() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let stranger = json!({ "userId": bob.user_id });
    for field in ["transferOwnership", "removeMember"] {
        assert_eq!(ends(&team, field, stranger.clone()).await, "NotFound");
    }
    let up = json!({ "userId": bob.user_id, "role": "ADMIN" });
    assert_eq!(ends(&team, "updateMemberRole", up).await, "NotFound");
    let oneself = json!({ "userId": ada.user_id });
    assert_eq!(ends(&team, "transferOwnership", oneself).await, "Conflict");
    server.join(&ada, &bob, "owner").await;
    let guest = bob.in_organization(&ada.organization_id);
    let host = json!({ "userId": ada.user_id });
    assert_eq!(ends(&guest, "removeMember", host.clone()).await, "Conflict");
    let less = json!({ "userId": ada.user_id, "role": "MEMBER" });
    assert_eq!(ends(&guest, "updateMemberRole", less).await, "Conflict");
    let home = json!({ "id": ada.organization_id });
    assert_eq!(ends(&guest, "deleteOrganization", home).await, "Conflict");
    let other = json!({ "userId": bob.user_id });
    assert_eq!(ends(&ada, "transferOwnership", other).await, "Conflict");
}

#[tokio::test]
async fn an_organization_one_has_left_is_nowhere_to_act() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let this = json!({ "id": invited(&team, "bob@example.com").await });
    ends(&bob, "acceptInvitation", this.clone()).await;
    assert_eq!(acting(&bob).await, team.organization_id);
    let guest = bob.in_organization(&team.organization_id);
    let leave = "mutation { leaveOrganization { __typename } }";
    assert_eq!(
        guest.query(leave, json!({})).await["leaveOrganization"]["__typename"],
        "LeaveOrganizationSuccess"
    );
    assert_eq!(
        guest.code("{ viewer { role } }", json!({})).await,
        "FORBIDDEN"
    );
    assert_eq!(acting(&bob).await, bob.organization_id);
    // As better-auth leaves it: the session still names what it may not act in.
    sql(
        &server,
        r#"UPDATE "session" SET "activeOrganizationId" = $1 WHERE "userId" = $2"#,
        &[&team.organization_id, &bob.user_id],
    )
    .await;
    assert_eq!(acting(&bob).await, bob.organization_id);
    let there = json!({ "id": team.organization_id });
    assert_eq!(ends(&bob, "setActiveOrganization", there).await, "NotFound");
    assert_eq!(ends(&bob, "acceptInvitation", this).await, "Conflict");
    let found = "query($id: ID!) { organization(by: { id: $id }) { id } node(id: $id) { id } }";
    let found = bob
        .query(found, json!({ "id": team.organization_id }))
        .await;
    assert_eq!(found, json!({ "organization": null, "node": null }));
}

#[tokio::test]
async fn an_invitation_lives_as_long_as_it_is_set_to() {
    let server = Server::start_with(&["--invitation-life=3h"]).await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let made = call(
        &team,
        "inviteMember",
        json!({ "email": "bob@example.com" }),
        "... on InviteMemberSuccess { invitation { expiresAt } }",
    )
    .await;
    let until = made["invitation"]["expiresAt"].as_str().unwrap();
    let until: chrono::DateTime<chrono::Utc> = until.parse().unwrap();
    let left = (until - chrono::Utc::now()).num_minutes();
    assert!((175..=180).contains(&left), "{left}");
}
