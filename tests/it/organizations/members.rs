//! Roles, leaving and removing.

use serde_json::json;

use super::{call, ends, founded, owners};
use crate::support::Server;

#[tokio::test]
async fn last_owner_stays_and_of_two_leaving_at_once_one_does() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let leave = "mutation { leaveOrganization { __typename } }";
    assert_eq!(
        team.query(leave, json!({})).await["leaveOrganization"]["__typename"],
        "Conflict"
    );
    let me = json!({ "userId": ada.user_id });
    assert_eq!(ends(&team, "removeMember", me.clone()).await, "Conflict");
    let less = json!({ "userId": ada.user_id, "role": "MEMBER" });
    assert_eq!(ends(&team, "updateMemberRole", less).await, "Conflict");
    let second = server.join(&team, &bob, "owner").await;
    tokio::join!(
        team.answer(leave, json!({})),
        second.answer(leave, json!({}))
    );
    assert_eq!(owners(&server, &team.organization_id).await, 1);
    let home = ada.query(leave, json!({})).await;
    assert_eq!(home["leaveOrganization"]["__typename"], "Conflict");
}

#[tokio::test]
async fn admin_makes_no_owner_by_any_spelling_and_touches_none() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let eve = server.sign_up("Eve").await;
    let team = founded(&ada, "acme").await;
    let admin = server.join(&team, &bob, "admin").await;
    let member = server.join(&team, &eve, "member").await;
    for target in [&bob, &eve] {
        let up = json!({ "userId": target.user_id, "role": "OWNER" });
        assert_eq!(ends(&admin, "updateMemberRole", up).await, "Forbidden");
    }
    let owner = json!({ "userId": ada.user_id });
    assert_eq!(ends(&admin, "removeMember", owner).await, "Forbidden");
    assert_eq!(
        ends(&member, "removeMember", json!({ "userId": bob.user_id })).await,
        "Forbidden"
    );
    assert_eq!(
        ends(
            &admin,
            "inviteMember",
            json!({ "email": "x@example.com", "role": "OWNER" })
        )
        .await,
        "Forbidden"
    );
    assert_eq!(
        ends(
            &admin,
            "transferOwnership",
            json!({ "userId": bob.user_id })
        )
        .await,
        "Forbidden"
    );
    // The words no document can say, said to the function itself.
    let mut connection = server.service_pool().await.begin().await.unwrap();
    for (name, value) in [
        ("app.current_user_id", &bob.user_id),
        ("app.current_org_id", &team.organization_id),
        ("app.org_role", &"owner".to_owned()),
    ] {
        sqlx::query("SELECT set_config($1, $2, true)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    for (role, wanted) in [("admin,owner", "no_such_role"), ("owner", "owners_only")] {
        let ruled: String = sqlx::query_scalar("SELECT org_change_role($1, $2)")
            .bind(&bob.user_id)
            .bind(role)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(ruled, wanted);
    }
    drop(connection);
    assert_eq!(owners(&server, &team.organization_id).await, 1);
}

#[tokio::test]
async fn change_of_role_and_removal_hold_from_the_next_request_on() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let guest = server.join(&team, &bob, "member").await;
    let up = json!({ "userId": bob.user_id, "role": "ADMIN" });
    let changed = call(
        &team,
        "updateMemberRole",
        up,
        "... on UpdateMemberRoleSuccess { member { role email } }",
    )
    .await;
    assert_eq!(
        changed["member"],
        json!({ "role": "ADMIN", "email": "bob@example.com" })
    );
    assert_eq!(
        guest.query("{ viewer { role } }", json!({})).await["viewer"]["role"],
        "ADMIN"
    );
    let handed = json!({ "userId": bob.user_id });
    assert_eq!(
        ends(&team, "transferOwnership", handed).await,
        "TransferOwnershipSuccess"
    );
    assert_eq!(
        team.query("{ viewer { role } }", json!({})).await["viewer"]["role"],
        "ADMIN"
    );
    let out = json!({ "userId": ada.user_id });
    assert_eq!(
        ends(&guest, "removeMember", out).await,
        "RemoveMemberSuccess"
    );
    assert_eq!(
        team.code("{ viewer { role } }", json!({})).await,
        "FORBIDDEN"
    );
    let unknown = json!({ "userId": ada.user_id });
    assert_eq!(ends(&guest, "removeMember", unknown).await, "NotFound");
}

#[tokio::test]
async fn addresses_are_for_admins_and_oneself() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let guest = server.join(&team, &bob, "member").await;
    let list = "{ viewer { organization { members { nodes { email } } } } }";
    let seen = guest.query(list, json!({})).await;
    assert_eq!(
        seen["viewer"]["organization"]["members"]["nodes"],
        json!([{ "email": null }, { "email": "bob@example.com" }])
    );
}
