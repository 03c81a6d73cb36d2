//! Messages: the ways they leave, and what their links do.

mod change;
mod invitations;
mod limits;
mod reset;
mod run;
mod sending;
mod verified;
mod verify;

use serde_json::{Value, json};

use crate::support::{Caller, Server};

const PASSWORD: &str = Caller::PASSWORD;

/// What a mutation with one `input` answers.
async fn call(caller: &Caller, field: &str, input: Value) -> Value {
    let mut letters = field.chars();
    let first = letters.next().unwrap().to_ascii_uppercase();
    let name = format!("{first}{}", letters.as_str());
    let success = match field {
        "resetPassword" | "changePassword" => "revokedSessions",
        "verifyEmail" => "email changed",
        "inviteMember" | "resendInvitation" => "mailed invitation { id }",
        "cancelInvitation" => "canceledInvitationId",
        _ => "email",
    };
    let document = format!(
        "mutation($input: {name}Input!) {{ {field}(input: $input) {{ __typename
           ... on {name}Success {{ {success} }} ... on UserError {{ message }} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// How a mutation ended: the type of its result.
async fn ends(caller: &Caller, field: &str, input: Value) -> String {
    let answer = call(caller, field, input).await;
    answer["__typename"].as_str().unwrap().to_owned()
}

/// How signing in so ends.
async fn signs_in(server: &Server, email: &str, password: &str) -> String {
    let document = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }";
    let input = json!({ "email": email, "password": password });
    let nobody = Caller::nobody(server);
    let answer = nobody.query(document, json!({ "input": input })).await;
    answer["signIn"]["__typename"].as_str().unwrap().to_owned()
}

/// Runs a statement as the owner of the auth tables, as better-auth would.
async fn sql(server: &Server, statement: &'static str, values: &[&str]) {
    let mut query = sqlx::query(statement);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(&server.owner_pool().await).await.unwrap();
}

/// How many rows there are.
async fn count(server: &Server, statement: &'static str) -> i64 {
    let pool = server.owner_pool().await;
    sqlx::query_scalar(statement)
        .fetch_one(&pool)
        .await
        .unwrap()
}

/// The events of this action that somebody caused, each with its credential and its metadata.
async fn events(caller: &Caller, action: &str) -> Value {
    let document = "query($action: String!) { auditEvents(filter: { action: $action }) { nodes { credential targetId metadata } } }";
    let mut data = caller.query(document, json!({ "action": action })).await;
    data["auditEvents"]["nodes"].take()
}
