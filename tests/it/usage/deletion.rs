//! What was spent stays spent, whatever is deleted.

use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer};
use serde_json::{Value, json};

use super::{budget, gpt_4o, report, root, rows, sent, set_budget, spend, sums, total};
use crate::answers::{agent, having_said, linked, send, served, working};
use crate::organizations::{call, founded};
use crate::support::{Caller, until};

async fn delete(caller: &Caller, what: &str, id: &Value) {
    let outcome = call(caller, &format!("delete{what}"), json!({ "id": id }), "").await;
    assert_eq!(
        outcome["__typename"],
        format!("Delete{what}Success"),
        "{outcome}"
    );
}

#[tokio::test]
async fn neither_conversation_nor_agent_nor_connection_takes_its_cost_with_it() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({})).await;
    let connection = linked(&ada, &provider, &helper, json!({})).await;
    let run = spend(&provider, &ada, &helper, 1_000, 100).await;
    set_budget(&ada, json!({ "monthlyCostMicros": 3_500 })).await;
    let expected = (1, 1_000, 100, gpt_4o(1_000, 100));
    for (what, id) in [
        ("Conversation", &run["conversation"]["id"]),
        ("ApiConnection", &connection),
        ("Agent", &helper),
    ] {
        delete(&ada, what, id).await;
        assert_eq!(total(&ada).await, expected, "{what}");
        assert_eq!(budget(&ada).await["spentCostMicros"], expected.3, "{what}");
    }
    let nodes = "{ usage(groupBy: [AGENT, CONNECTION]) { rows { agentId connectionId agent { id } connection { id } } } }";
    let told = ada.query(nodes, json!({})).await;
    let left =
        json!({ "agentId": helper, "connectionId": connection, "agent": null, "connection": null });
    assert_eq!(
        told["usage"]["rows"],
        json!([left]),
        "what it was is still told apart"
    );
    // And the budget is as used up as before.
    let other = agent(&ada, json!({})).await;
    linked(&ada, &provider, &other, json!({})).await;
    let refused = sent(&ada, json!({ "agentId": other, "content": "More?" })).await;
    assert_eq!(refused["__typename"], "BudgetExceeded", "{refused}");
}

#[tokio::test]
async fn a_reply_whose_conversation_goes_while_it_is_written_is_counted_by_what_was_said() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let mut said = 0;
    for (n, (words, pace)) in [
        // It is noticed when the next piece is stored.
        (100_000, Duration::from_millis(5)),
        // It says no more before it ends.
        (1, Duration::from_millis(800)),
    ]
    .into_iter()
    .enumerate()
    {
        provider.next(Answer::tokens(words, pace));
        let sent = send(&ada, &helper, &"x".repeat(4 * 992)).await;
        if words > 1 {
            having_said(&ada, &sent, "t5 ").await;
        } else {
            provider.wait_for(n + 1).await;
        }
        delete(&ada, "Conversation", &sent["conversation"]["id"]).await;
        let told = report(&ada, "").await["total"].take();
        let runs = i64::try_from(n).unwrap() + 1;
        // What was sent is counted with the deletion, what is said once it is said.
        assert_eq!(sums(&told).0, runs, "{told}");
        assert_eq!(sums(&told).1, runs * 1_002, "{told}");
        let least = if n == 0 { 5 } else { said + 1 };
        said = until("the rest is counted", || async {
            let told = total(&ada).await.2;
            (told >= least).then_some(told)
        })
        .await;
    }
    let told = report(&ada, "").await["total"].take();
    assert_eq!(sums(&told), (2, 2_004, said, sums(&told).3), "{told}");
    assert_eq!(
        (&told["cancelledRuns"], &told["estimatedCalls"]),
        (&json!(2), &json!(2)),
        "{told}"
    );
    // One of the two may have ended before anybody heard of it, with fewer tokens than were estimated.
    assert!(sums(&told).3 >= 2 * gpt_4o(1_002, 0), "{told}");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM run_leases")
        .fetch_one(&root(&server).await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn somebody_who_leaves_or_deletes_their_account_leaves_what_they_spent_to_the_organisation() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let helper = agent(&team, json!({ "visibility": "ORGANIZATION" })).await;
    linked(&team, &provider, &helper, json!({})).await;
    let bob = server.sign_up("Bob").await;
    let guest = server.join(&team, &bob, "member").await;
    spend(&provider, &guest, &helper, 1_000, 100).await;
    let document = "mutation($p: String!) { deleteAccount(input: { password: $p }) { __typename ... on UserError { message } } }";
    let mut gone = bob.query(document, json!({ "p": Caller::PASSWORD })).await;
    let gone = gone["deleteAccount"].take();
    assert_eq!(gone["__typename"], "DeleteAccountSuccess", "{gone}");
    let told = rows(&team, "groupBy: [USER]").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0]["userId"],
        bob.user_id.as_str(),
        "an id, and nothing else of them"
    );
    assert_eq!(sums(&told[0]), (1, 1_000, 100, gpt_4o(1_000, 100)));
    // With the organisation all of it goes, what is under way included.
    provider.next(Answer::Silence);
    send(&team, &helper, "Hello?").await;
    provider.wait_for(2).await;
    set_budget(&team, json!({ "monthlyTokens": 1 })).await;
    let id = json!({ "id": team.organization_id });
    let outcome = call(&team, "deleteOrganization", id, "").await;
    assert_eq!(
        outcome["__typename"], "DeleteOrganizationSuccess",
        "{outcome}"
    );
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM usage_days) + (SELECT count(*) FROM usage_months) + (SELECT count(*) FROM organization_budgets)",
    )
    .fetch_one(&root(&server).await)
    .await
    .unwrap();
    assert_eq!(left, 0);
}
