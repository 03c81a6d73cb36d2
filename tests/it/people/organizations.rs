//! The organisation a request acts in.

use serde_json::json;

use super::{browser, cookie_header, sql, turned_away, viewer};
use crate::support::{Caller, Server};

fn forbidden() -> (u16, String) {
    (403, "FORBIDDEN".to_owned())
}

fn bearer(caller: &Caller) -> String {
    format!("Bearer {}", caller.token)
}

#[tokio::test]
async fn request_acts_where_it_says_else_at_home() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    server.join(&ada, &bob, "admin").await;
    let token = bearer(&bob);
    for (asked, expected, role) in [
        ("", &bob.organization_id, "OWNER"),
        (bob.organization_id.as_str(), &bob.organization_id, "OWNER"),
        (ada.organization_id.as_str(), &ada.organization_id, "ADMIN"),
    ] {
        let seen = viewer(
            &server,
            &[("authorization", &token), ("x-organization-id", asked)],
        )
        .await;
        assert_eq!(seen["organization"]["id"], **expected);
        assert_eq!(
            seen["organization"]["personal"],
            *expected == bob.organization_id
        );
        assert_eq!(seen["role"], role);
        assert_eq!(
            seen["organizations"],
            json!([{ "id": ada.organization_id, "personal": false, "role": "ADMIN" },
                   { "id": bob.organization_id, "personal": true, "role": "OWNER" }])
        );
    }
}

#[tokio::test]
async fn foreign_organization_is_forbidden_whether_or_not_it_exists() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let (cookies, _) = browser(&server, "bob@example.com", true).await;
    let (token, cookie) = (bearer(&bob), cookie_header(&cookies));
    let long = "x".repeat(65);
    for organization in [
        ada.organization_id.as_str(),
        "tz4a98xxat96iws9zmbrgj3a",
        "' OR true --",
        &long,
        "a b",
    ] {
        for credential in [
            ("authorization", token.as_str()),
            ("cookie", cookie.as_str()),
        ] {
            let refused =
                turned_away(&server, &[credential, ("x-organization-id", organization)]).await;
            assert_eq!(refused, forbidden(), "{organization} {}", credential.0);
        }
    }
}

#[tokio::test]
async fn removal_and_a_lesser_role_hold_from_the_next_request_on() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "admin").await;
    let create =
        r#"mutation { createAgent(input: { name: "Ada's", systemPrompt: "b" }) { __typename } }"#;
    ada.query(create, json!({})).await;
    let count = "{ agents { totalCount } }";
    assert_eq!(
        guest.query(count, json!({})).await["agents"]["totalCount"],
        1
    );

    sql(
        &server,
        r#"UPDATE "member" SET "role" = 'member' WHERE "userId" = $1 AND "organizationId" = $2"#,
        &[&bob.user_id, &ada.organization_id],
    )
    .await;
    assert_eq!(
        guest.query(count, json!({})).await["agents"]["totalCount"],
        0
    );

    guest.query(create, json!({})).await;
    sql(
        &server,
        r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#,
        &[&bob.user_id, &ada.organization_id],
    )
    .await;
    let headers = [
        ("authorization", &*bearer(&bob)),
        ("x-organization-id", &ada.organization_id),
    ];
    assert_eq!(turned_away(&server, &headers).await, forbidden());
    assert_eq!(
        bob.query(count, json!({})).await["agents"]["totalCount"],
        0,
        "not theirs at home"
    );
    assert_eq!(
        ada.query(count, json!({})).await["agents"]["totalCount"],
        2,
        "what they made stays"
    );
}

#[tokio::test]
async fn active_organization_of_a_session_counts_only_while_one_is_a_member() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    server.join(&ada, &bob, "member").await;
    let token = bearer(&bob);
    let headers = [("authorization", token.as_str())];
    sql(
        &server,
        r#"UPDATE "session" SET "activeOrganizationId" = $1 WHERE "userId" = $2"#,
        &[&ada.organization_id, &bob.user_id],
    )
    .await;
    let seen = viewer(&server, &headers).await;
    assert_eq!(seen["organization"]["id"], ada.organization_id);
    assert_eq!(seen["role"], "MEMBER");
    sql(
        &server,
        r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#,
        &[&bob.user_id, &ada.organization_id],
    )
    .await;
    let seen = viewer(&server, &headers).await;
    assert_eq!(seen["organization"]["id"], bob.organization_id);
    assert_eq!(seen["role"], "OWNER");
}
