//! Deleting an account while something else happens.

use serde_json::{Value, json};

use super::{delete, traces};
use crate::conversations::{agent, conversation, mutate};
use crate::organizations::founded;
use crate::support::{Caller, Server};

async fn owners(server: &Server, organization: &str) -> i64 {
    sqlx::query_scalar(
        r#"SELECT count(*) FROM "member" WHERE "organizationId" = $1 AND "role" = 'owner'"#,
    )
    .bind(organization.to_owned())
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn two_owners_who_delete_themselves_at_once_leave_one() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let eve = server.sign_up("Eve").await;
    let mut teams = Vec::new();
    // Each holds the one that the other wants, were they not locked in one order.
    for (founder, other, slug) in [
        (&ada, &bob, "one"),
        (&bob, &ada, "two"),
        (&ada, &bob, "three"),
    ] {
        let team = founded(founder, slug).await;
        server.join(&team, other, "owner").await;
        server.join(&team, &eve, "member").await;
        teams.push(team);
    }
    let password = Some(Caller::PASSWORD);
    let (first, second) = tokio::join!(delete(&ada, password), delete(&bob, password));
    let mut ended = [&first, &second].map(|one| one["__typename"].as_str().unwrap());
    ended.sort_unstable();
    assert_eq!(
        ended,
        ["Conflict", "DeleteAccountSuccess"],
        "{first} {second}"
    );
    for team in teams {
        assert_eq!(owners(&server, &team.organization_id).await, 1);
    }
}

#[tokio::test]
async fn an_account_is_deleted_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let document =
        "mutation($p: String!) { deleteAccount(input: { password: $p }) { __typename } }";
    let one = || ada.answer(document, json!({ "p": Caller::PASSWORD }));
    let (a, b, c) = tokio::join!(one(), one(), one());
    let answers = [a, b, c];
    let done =
        |answer: &&Value| answer["data"]["deleteAccount"]["__typename"] == "DeleteAccountSuccess";
    assert_eq!(answers.iter().filter(done).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| !done(answer)) {
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{answer}"
        );
    }
    assert_eq!(traces(&server, &ada.user_id).await, [""; 0]);
}

/// Whatever else they, or others with their agents, do meanwhile is done before, or finds them gone: nothing is left dangling, and
/// nothing fails by surprise.
#[tokio::test]
async fn deleting_crosses_whatever_is_written_meanwhile() {
    let server = Server::start_with(&["--pool-size=12"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&bob, "acme").await;
    let guest = server.join(&team, &ada, "member").await;
    let own = agent(&ada, "Own", "PRIVATE").await;
    let shared = agent(&guest, "Shared", "ORGANIZATION").await;
    let talks = [
        (&ada, conversation(&ada, &own).await, own.as_str()),
        (&guest, conversation(&guest, &shared).await, shared.as_str()),
        (&team, conversation(&team, &shared).await, shared.as_str()),
    ];
    let document =
        "mutation($m: AppendMessageInput!, $c: CreateConversationInput!, $a: CreateAgentInput!) {
        appendMessage(input: $m) { __typename } createConversation(input: $c) { __typename }
        createAgent(input: $a) { __typename } }";
    let busy = talks.iter().flat_map(|talk| [talk; 3]).enumerate().map(|(n, (caller, talk, agent))| async move {
        let mut outcomes = Vec::new();
        for round in 0..12 {
            let key = format!("{n}-{round}");
            let variables = json!({
                "m": { "conversationId": talk, "role": "USER", "content": "Hello", "idempotencyKey": format!("m{key}") },
                "c": { "agentId": agent, "idempotencyKey": format!("c{key}") },
                "a": { "name": "New", "systemPrompt": "Be kind.", "idempotencyKey": format!("a{key}") },
            });
            outcomes.push(caller.answer(document, variables).await);
        }
        outcomes
    });
    let busy = futures_util::future::join_all(busy);
    let (done, outcomes) = tokio::join!(delete(&ada, Some(Caller::PASSWORD)), busy);
    assert_eq!(done["__typename"], "DeleteAccountSuccess", "{done}");
    for answer in outcomes.iter().flatten() {
        for error in answer["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str().unwrap();
            assert!(matches!(code, "UNAUTHENTICATED" | "CONFLICT"), "{answer}");
        }
    }
    assert_eq!(traces(&server, &ada.user_id).await, [""; 0]);
    let next = mutate(
        &team,
        "createAgent",
        "__typename",
        json!({ "name": "x", "systemPrompt": "y" }),
    )
    .await;
    assert_eq!(next["__typename"], "CreateAgentSuccess");
}
