//! A budget that is used up refuses, by name, whatever asks a provider.

use agentry_provider_testkit::FaultServer;
use chrono::{DateTime, Datelike as _, Utc};
use serde_json::{Value, json};

use super::{asked, budget, counting, gpt_4o, root, sent, set_budget, spend, total};
use crate::answers::{agent, ended, flags, linked, send, served, working};
use crate::support::{Server, until};

fn is_next_month(told: &Value) -> bool {
    let told: DateTime<Utc> = told.as_str().unwrap().parse().unwrap();
    let ahead = told - Utc::now();
    told.day() == 1 && told.time() == chrono::NaiveTime::MIN && (0..=31).contains(&ahead.num_days())
}

#[tokio::test]
async fn what_asks_a_provider_is_refused_and_nothing_is_stored() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let run = spend(&provider, &ada, &helper, 1_000, 100).await;
    let conversation = run["conversation"]["id"].clone();
    let (reply, message) = (
        &run["reply"]["id"],
        &run["conversation"]["messages"]["nodes"][0]["id"],
    );
    for (limit, kind, spent) in [
        (json!({ "monthlyTokens": 1_100 }), "TOKENS", 1_100),
        (json!({ "monthlyTokens": 0 }), "TOKENS", 1_100),
        (
            json!({ "monthlyTokens": null, "monthlyCostMicros": 3_500 }),
            "COST",
            gpt_4o(1_000, 100),
        ),
        (
            json!({ "monthlyTokens": 1, "monthlyCostMicros": 1 }),
            "COST",
            gpt_4o(1_000, 100),
        ),
    ] {
        let set = set_budget(&ada, limit.clone()).await;
        assert_eq!(set["__typename"], "SetBudgetSuccess", "{set}");
        for (field, input) in [
            (
                "sendMessage",
                json!({ "agentId": helper, "content": "More?" }),
            ),
            (
                "sendMessage",
                json!({ "conversationId": conversation, "content": "More?", "idempotencyKey": "k" }),
            ),
            ("regenerateMessage", json!({ "messageId": reply })),
            ("regenerateMessage", json!({ "messageId": message })),
            (
                "editMessage",
                json!({ "messageId": message, "content": "Else?" }),
            ),
        ] {
            let outcome = asked(&ada, field, input).await;
            assert_eq!(
                outcome["__typename"], "BudgetExceeded",
                "{field}: {outcome}"
            );
            assert_eq!(
                (&outcome["kind"], &outcome["spent"]),
                (&json!(kind), &json!(spent))
            );
            let column = if kind == "COST" {
                "monthlyCostMicros"
            } else {
                "monthlyTokens"
            };
            assert_eq!(outcome["limit"], limit[column]);
            assert!(is_next_month(&outcome["resetsAt"]), "{outcome}");
            assert!(
                outcome["message"].as_str().unwrap().contains("used up"),
                "{outcome}"
            );
        }
    }
    let kept = "{ conversations { totalCount nodes { messages(branch: ALL) { totalCount } runs { totalCount } } } }";
    let expected = json!({ "conversations": { "totalCount": 1, "nodes": [{ "messages": { "totalCount": 2 }, "runs": { "totalCount": 1 } }] } });
    assert_eq!(ada.query(kept, json!({})).await, expected);
    assert_eq!(provider.requests().len(), 1);
    // With more to spend, the very same input goes through, and the key was not used up.
    set_budget(
        &ada,
        json!({ "monthlyTokens": 1_101, "monthlyCostMicros": null }),
    )
    .await;
    let input =
        json!({ "conversationId": conversation, "content": "More?", "idempotencyKey": "k" });
    let outcome = sent(&ada, input).await;
    assert_eq!(outcome["__typename"], "SendMessageSuccess", "{outcome}");
    assert_eq!(ended(&ada, &outcome).await["status"], "COMPLETED");
    assert_eq!(budget(&ada).await["spentTokens"], 1_118);
}

#[tokio::test]
async fn echo_spends_nothing_and_is_never_refused() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let echo = agent(&ada, json!({ "model": "echo" })).await;
    set_budget(&ada, json!({ "monthlyTokens": 0, "monthlyCostMicros": 0 })).await;
    let outcome = sent(&ada, json!({ "agentId": helper, "content": "Hello?" })).await;
    assert_eq!(outcome["__typename"], "BudgetExceeded", "{outcome}");
    let run = ended(&ada, &send(&ada, &echo, "Hello?").await).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert!(total(&ada).await.1 > 0);
    let told = budget(&ada).await;
    assert_eq!(
        (&told["spentTokens"], &told["spentCostMicros"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn a_run_that_waited_is_refused_when_its_turn_comes() {
    let provider = FaultServer::start().await;
    let web = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&web, &provider).await;
    set_budget(&ada, json!({ "monthlyTokens": 100 })).await;
    let waits = send(&ada, &helper, "Hello?").await;
    // Somebody else spends it meanwhile.
    sqlx::query("INSERT INTO usage_months (organization_id, month, tokens, cost_micros) VALUES ($1, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 100, 0)")
        .bind(&ada.organization_id)
        .execute(&root(&web).await)
        .await
        .unwrap();
    let allow = format!("--allow-hosts={}", provider.allowed());
    let _worker = Server::on(web.database.clone(), &flags(&[allow.as_str()])).await;
    let run = ended(&ada, &waits).await;
    assert_eq!(
        (&run["status"], &run["errorCode"]),
        (&json!("FAILED"), &json!("BUDGET_EXCEEDED")),
        "{run}"
    );
    assert!(
        run["errorMessage"].as_str().unwrap().contains("used up"),
        "{run}"
    );
    assert_eq!(
        (&run["promptTokens"], &run["reply"]),
        (&Value::Null, &Value::Null)
    );
    assert!(provider.requests().is_empty());
    assert_eq!(total(&ada).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn a_model_without_a_price_is_held_against_tokens_alone() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let own = agent(&ada, json!({ "model": "own/llama" })).await;
    linked(&ada, &provider, &own, json!({ "service": "own" })).await;
    set_budget(&ada, json!({ "monthlyCostMicros": 1 })).await;
    spend(&provider, &ada, &own, 5_000, 0).await;
    let run = spend(&provider, &ada, &own, 5_000, 0).await;
    assert_eq!(run["status"], "COMPLETED");
    let told = budget(&ada).await;
    assert_eq!(
        (&told["spentTokens"], &told["spentCostMicros"]),
        (&json!(10_000), &json!(0))
    );
    set_budget(&ada, json!({ "monthlyTokens": 10_000 })).await;
    let outcome = sent(&ada, json!({ "agentId": own, "content": "More?" })).await;
    assert_eq!(
        (&outcome["__typename"], &outcome["kind"]),
        (&json!("BudgetExceeded"), &json!("TOKENS"))
    );
}

#[tokio::test]
async fn no_title_is_asked_for_when_the_reply_used_the_budget_up() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--titles=true"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let bob = server.sign_up("Bob").await;
    let other = agent(&bob, json!({})).await;
    linked(&bob, &provider, &other, json!({})).await;
    set_budget(&ada, json!({ "monthlyTokens": 500 })).await;
    let run = spend(&provider, &ada, &helper, 500, 1).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    // By the time that somebody else's is there, hers would be too.
    provider.next(counting(&["Yes."], 1, 1));
    provider.next(counting(&["Title"], 1, 1));
    ended(&bob, &send(&bob, &other, "Hello?").await).await;
    until("a title is counted", || async {
        let told = super::report(&bob, "").await["total"].take();
        (told["titles"] == 1).then_some(())
    })
    .await;
    server.runner.close().await;
    assert_eq!(provider.requests().len(), 3);
    assert_eq!(super::report(&ada, "").await["total"]["titles"], 0);
}

#[tokio::test]
async fn a_budget_is_of_one_organisation_and_null_takes_it_away() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let (bob, other) = {
        let bob = server.sign_up("Bob").await;
        let other = agent(&bob, json!({})).await;
        linked(&bob, &provider, &other, json!({})).await;
        (bob, other)
    };
    set_budget(&ada, json!({ "monthlyTokens": 0, "monthlyCostMicros": 0 })).await;
    assert_eq!(
        ended(&bob, &send(&bob, &other, "Hello?").await).await["status"],
        "COMPLETED"
    );
    let outcome = sent(&ada, json!({ "agentId": helper, "content": "Hello?" })).await;
    assert_eq!(outcome["__typename"], "BudgetExceeded");
    let half = set_budget(&ada, json!({ "monthlyCostMicros": null })).await;
    assert_eq!(
        half["budget"]["monthlyTokens"], 0,
        "what is left out stays: {half}"
    );
    let none = set_budget(&ada, json!({ "monthlyTokens": null })).await;
    assert_eq!(
        (&none["__typename"], &none["budget"]),
        (&json!("SetBudgetSuccess"), &Value::Null)
    );
    assert_eq!(budget(&ada).await, Value::Null);
    assert_eq!(
        ended(&ada, &send(&ada, &helper, "Hello?").await).await["status"],
        "COMPLETED"
    );
}
