//! What happens at once: each rule holds as if one call came after the other.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{call, ends, founded, invited, number, owners, sorted};
use crate::support::{Caller, Server};

const MEMBERS: &str = r#"SELECT count(*) FROM "member" WHERE "organizationId" = $1"#;

/// Sends `leaveOrganization`; how it ended.
async fn leave(caller: &Caller) -> String {
    let answer = caller
        .answer("mutation { leaveOrganization { __typename } }", json!({}))
        .await;
    let ended = answer["data"]["leaveOrganization"]["__typename"].as_str();
    ended.unwrap_or("refused").to_owned()
}

#[tokio::test]
async fn of_two_owners_who_demote_each_other_at_once_one_stays() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let second = server.join(&team, &bob, "owner").await;
    let less = |user: &Caller| json!({ "userId": user.user_id, "role": "MEMBER" });
    let (one, other) = tokio::join!(
        ends(&team, "updateMemberRole", less(&bob)),
        ends(&second, "updateMemberRole", less(&ada))
    );
    assert_eq!(owners(&server, &team.organization_id).await, 1);
    // Whoever came second was no owner any more.
    assert_eq!(
        sorted(vec![one, other]),
        ["Forbidden", "UpdateMemberRoleSuccess"]
    );
}

#[tokio::test]
async fn handing_on_while_leaving_leaves_an_owner() {
    for round in 0..4 {
        let server = Server::start().await;
        let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
        let team = founded(&ada, "acme").await;
        let second = server.join(&team, &bob, "member").await;
        let to = json!({ "userId": bob.user_id });
        // Either the one leaves whom it is handed to, or the one who hands it on.
        let leaving = if round % 2 == 0 { &second } else { &team };
        tokio::join!(ends(&team, "transferOwnership", to), leave(leaving));
        assert_eq!(owners(&server, &team.organization_id).await, 1);
    }
}

#[tokio::test]
async fn six_parallel_accepts_make_one_member() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let this = json!({ "id": invited(&team, "bob@example.com").await });
    let calls = (0..6).map(|_| ends(&bob, "acceptInvitation", this.clone()));
    let ended = sorted(join_all(calls).await);
    assert_eq!(ended[0], "AcceptInvitationSuccess");
    assert!(ended[1..].iter().all(|one| one == "Conflict"), "{ended:?}");
    assert_eq!(number(&server, MEMBERS, &[&team.organization_id]).await, 2);
}

#[tokio::test]
async fn an_invitation_is_accepted_or_canceled_and_never_both() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let this = json!({ "id": invited(&team, "bob@example.com").await });
    let (accepted, canceled) = tokio::join!(
        ends(&bob, "acceptInvitation", this.clone()),
        ends(&team, "cancelInvitation", this)
    );
    let members = number(&server, MEMBERS, &[&team.organization_id]).await;
    match (accepted.as_str(), canceled.as_str()) {
        ("AcceptInvitationSuccess", "Conflict") => assert_eq!(members, 2),
        ("Conflict", "CancelInvitationSuccess") => assert_eq!(members, 1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn member_limit_holds_under_parallel_accepts() {
    let server = Server::start_with(&["--max-members=3"]).await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let mut guests = Vec::new();
    for name in ["Bob", "Cleo", "Dan", "Eve", "Fay"] {
        let guest = server.sign_up(name).await;
        let email = format!("{}@example.com", name.to_lowercase());
        guests.push((guest, json!({ "id": invited(&team, &email).await })));
    }
    let calls = guests
        .iter()
        .map(|(guest, this)| ends(guest, "acceptInvitation", this.clone()));
    let ended = sorted(join_all(calls).await);
    let joined = ended.iter().filter(|one| *one == "AcceptInvitationSuccess");
    assert_eq!(joined.count(), 2, "{ended:?}");
    assert!(
        ended[2..].iter().all(|one| one == "LimitReached"),
        "{ended:?}"
    );
    assert_eq!(number(&server, MEMBERS, &[&team.organization_id]).await, 3);
    // Nobody is invited where nobody has a place.
    let more = json!({ "email": "zoe@example.com" });
    let full = call(&team, "inviteMember", more, "... on LimitReached { limit }").await;
    assert_eq!(full["limit"], 3, "{full}");
    assert_eq!(
        full["message"],
        "There may be no more than 3 members in an organisation."
    );
}

#[tokio::test]
async fn inviting_twice_at_once_makes_one_invitation() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let calls = ["Bob@Example.com", "bob@example.com"]
        .map(|email| ends(&team, "inviteMember", json!({ "email": email })));
    let ended = sorted(join_all(calls).await);
    assert_eq!(ended, ["Conflict", "InviteMemberSuccess"]);
    let pending =
        r#"SELECT count(*) FROM "invitation" WHERE "organizationId" = $1 AND "status" = 'pending'"#;
    assert_eq!(number(&server, pending, &[&team.organization_id]).await, 1);
}

#[tokio::test]
async fn two_of_one_name_at_once_get_a_slug_each() {
    let server = Server::start().await;
    let people =
        join_all((0..6).map(|n| server.sign_up(["Ada", "Bob", "Cleo", "Dan", "Eve", "Fay"][n])))
            .await;
    let made = join_all(people.iter().map(|person| {
        let fields = "... on CreateOrganizationSuccess { organization { name slug } }";
        call(
            person,
            "createOrganization",
            json!({ "name": "Team" }),
            fields,
        )
    }))
    .await;
    let slug = |made: &Value| {
        made["organization"]["slug"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned()
    };
    let slugs = sorted(made.iter().map(slug).collect());
    assert_eq!(
        slugs,
        ["team", "team-2", "team-3", "team-4", "team-5", "team-6"]
    );
    // Nor does a name fail that leaves no slug, or one that the service uses itself.
    for (name, slug) in [("🎉", "organization"), ("Admin", "admin-2")] {
        let fields = "... on CreateOrganizationSuccess { organization { slug } }";
        let input = json!({ "name": name });
        let made = call(&people[0], "createOrganization", input, fields).await;
        assert_eq!(made["organization"]["slug"], slug, "{made}");
    }
    // One that somebody chose is theirs or nobody's.
    let chosen = json!({ "name": "Team", "slug": "team-2" });
    assert_eq!(
        ends(&people[0], "createOrganization", chosen).await,
        "Conflict"
    );
    let named = r#"SELECT count(*) FROM "organization" WHERE "name" = 'Team'"#;
    assert_eq!(number(&server, named, &[]).await, 6);
}

#[tokio::test]
async fn limit_of_organizations_holds_under_parallel_creates_and_a_lost_slug_costs_nothing() {
    // The personal one is the first.
    let server = Server::start_with(&["--max-organizations=3"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    founded(&bob, "taken").await;
    let taken = json!({ "name": "Taken", "slug": "taken" });
    assert_eq!(ends(&ada, "createOrganization", taken).await, "Conflict");
    let calls = (0..4).map(|n| {
        let input = json!({ "name": "x", "slug": format!("team-{n}") });
        ends(&ada, "createOrganization", input)
    });
    let ended = sorted(join_all(calls).await);
    assert_eq!(
        ended,
        [
            "CreateOrganizationSuccess",
            "CreateOrganizationSuccess",
            "LimitReached",
            "LimitReached"
        ]
    );
    let rows = r#"SELECT count(*) FROM "organization" o WHERE o."slug" LIKE 'team-%'
        AND (SELECT count(*) FROM "member" m WHERE m."organizationId" = o."id" AND m."role" = 'owner') = 1"#;
    assert_eq!(number(&server, rows, &[]).await, 2);
}
