//! Organisations, their members and invitations.

mod bad_input;
mod departures;
mod idempotency;
mod invitations;
mod members;
mod races;
mod revocation;
mod views;

use serde_json::{Value, json};

use crate::support::{Caller, Server};

/// What a mutation with one `input` answers.
pub(crate) async fn call(caller: &Caller, field: &str, input: Value, selection: &str) -> Value {
    let mut letters = field.chars();
    let first = letters.next().unwrap().to_ascii_uppercase();
    let kind = format!("{first}{}Input", letters.as_str());
    let document = format!(
        "mutation($input: {kind}!) {{ {field}(input: $input) {{ __typename {selection} ... on UserError {{ message }} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// How a mutation ended: the type of its result.
async fn ends(caller: &Caller, field: &str, input: Value) -> String {
    let answer = call(caller, field, input, "").await;
    answer["__typename"].as_str().unwrap().to_owned()
}

async fn owners(server: &Server, organization: &str) -> i64 {
    sqlx::query_scalar(
        r#"SELECT count(*) FROM "member" WHERE "organizationId" = $1 AND "role" = 'owner'"#,
    )
    .bind(organization.to_owned())
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap()
}

/// Runs a statement as the owner of the auth tables, as better-auth would.
async fn sql(server: &Server, statement: &'static str, values: &[&str]) {
    let mut query = sqlx::query(statement);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(&server.owner_pool().await).await.unwrap();
}

/// A number that the owner of the auth tables reads.
async fn number(server: &Server, statement: &'static str, values: &[&str]) -> i64 {
    let mut query = sqlx::query_scalar(statement);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.fetch_one(&server.owner_pool().await).await.unwrap()
}

/// The id of a new invitation.
async fn invited(host: &Caller, email: &str) -> String {
    let made = call(
        host,
        "inviteMember",
        json!({ "email": email }),
        "... on InviteMemberSuccess { invitation { id } }",
    )
    .await;
    let id = made["invitation"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Ends of several calls, in order.
fn sorted(mut ends: Vec<String>) -> Vec<String> {
    ends.sort();
    ends
}

/// An organisation of this person's making, which they act in.
pub(crate) async fn founded(founder: &Caller, slug: &str) -> Caller {
    let made = call(
        founder,
        "createOrganization",
        json!({ "name": slug, "slug": slug }),
        "... on CreateOrganizationSuccess { organization { id role personal } }",
    )
    .await;
    assert_eq!(made["organization"]["role"], "OWNER", "{made}");
    founder.in_organization(made["organization"]["id"].as_str().unwrap())
}

#[tokio::test]
async fn organization_is_made_changed_found_and_deleted_by_its_owner() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let guest = server.join(&team, &bob, "admin").await;
    let changed = json!({ "name": "Acme", "logo": "https://example.com/a.png" });
    assert_eq!(
        ends(&guest, "updateOrganization", changed).await,
        "UpdateOrganizationSuccess"
    );
    let script = json!({ "logo": "javascript:alert(1)" });
    assert_eq!(
        ends(&guest, "updateOrganization", script).await,
        "ValidationFailed"
    );
    let find = r#"{ organization(by: { slug: "acme" }) { id name members { totalCount nodes { name role } } } }"#;
    let found = guest.query(find, json!({})).await;
    assert_eq!(found["organization"]["name"], "Acme");
    assert_eq!(
        found["organization"]["members"]["nodes"],
        json!([{ "name": "Ada", "role": "OWNER" }, { "name": "Bob", "role": "ADMIN" }])
    );
    let stranger = server.sign_up("Eve").await;
    assert_eq!(
        stranger.query(find, json!({})).await["organization"],
        Value::Null
    );
    assert_eq!(
        ada.code("{ organization(by: {}) { id } }", json!({})).await,
        "GRAPHQL_VALIDATION_FAILED"
    );

    let this = json!({ "id": team.organization_id });
    assert_eq!(
        ends(&guest, "deleteOrganization", this.clone()).await,
        "Forbidden"
    );
    assert_eq!(
        ends(&ada, "deleteOrganization", this.clone()).await,
        "NotFound"
    );
    let home = json!({ "id": ada.organization_id });
    assert_eq!(ends(&ada, "deleteOrganization", home).await, "Conflict");
    assert_eq!(
        ends(&team, "deleteOrganization", this).await,
        "DeleteOrganizationSuccess"
    );
    assert_eq!(
        guest.code("{ viewer { role } }", json!({})).await,
        "FORBIDDEN"
    );
    let events = ada
        .query(
            r#"{ auditEvents(filter: { action: "organization.delete" }) { totalCount } }"#,
            json!({}),
        )
        .await;
    assert_eq!(events["auditEvents"]["totalCount"], 1);
}

#[tokio::test]
async fn of_two_who_want_one_slug_at_once_one_gets_it() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let input = json!({ "name": "Acme", "slug": "acme" });
    let (one, other) = tokio::join!(
        ends(&ada, "createOrganization", input.clone()),
        ends(&bob, "createOrganization", input)
    );
    let mut ended = [one, other];
    ended.sort();
    assert_eq!(ended, ["Conflict", "CreateOrganizationSuccess"]);
    for slug in ["Acme", "a b", "admin", ""] {
        let input = json!({ "name": "x", "slug": slug });
        assert_eq!(
            ends(&ada, "createOrganization", input).await,
            "ValidationFailed"
        );
    }
}

#[tokio::test]
async fn session_acts_only_where_its_person_is_a_member() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let there = json!({ "id": team.organization_id });
    assert_eq!(
        ends(&bob, "setActiveOrganization", there.clone()).await,
        "NotFound"
    );
    server.join(&team, &bob, "member").await;
    assert_eq!(
        ends(&bob, "setActiveOrganization", there).await,
        "SetActiveOrganizationSuccess"
    );
    let acting = bob
        .in_organization("")
        .query("{ viewer { organization { id } } }", json!({}))
        .await;
    assert_eq!(acting["viewer"]["organization"]["id"], team.organization_id);
}
