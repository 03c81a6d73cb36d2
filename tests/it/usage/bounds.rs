//! By how much a budget is overshot when many ask at once: by what is under way, and no more.

use agentry_provider_testkit::{Answer, FaultServer, Script};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{budget, counting, sent, set_budget, total};
use crate::answers::{ended, served, working};
use crate::support::{Caller, until, waiting_for_locks};

const MANY: usize = 32;

/// Sends so many messages at once, each in a conversation of its own; how each ended: as a run, or as it was refused.
async fn storm(ada: &Caller, helper: &Value, content: &str) -> Vec<Value> {
    let all = (0..MANY).map(|_| async {
        let outcome = sent(ada, json!({ "agentId": helper, "content": content })).await;
        if outcome["__typename"] == "SendMessageSuccess" {
            ended(ada, &outcome).await
        } else {
            assert_eq!(outcome["__typename"], "BudgetExceeded", "{outcome}");
            json!({ "status": "REFUSED" })
        }
    });
    join_all(all).await
}

fn count(runs: &[Value], status: &str) -> usize {
    runs.iter().filter(|run| run["status"] == status).count()
}

#[tokio::test]
async fn prompts_are_seen_before_they_are_sent() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=64"]).await;
    let (ada, helper) = served(&server, &provider).await;
    // A thousand tokens each, as estimated and as counted, and slow enough that all of them are under way at once.
    let slow = Script {
        words: vec!["Yes.".to_owned()],
        pace: std::time::Duration::from_millis(300),
        usage: (1_006, 1),
        ..Script::default()
    };
    provider.always(Answer::Stream(slow));
    set_budget(&ada, json!({ "monthlyTokens": 5_000 })).await;
    let runs = storm(&ada, &helper, &"x".repeat(4 * 996)).await;
    // The fifth begins with 4,024 of 5,000 promised, the sixth with 5,030.
    assert_eq!(count(&runs, "COMPLETED"), 5, "{runs:?}");
    assert_eq!(provider.requests().len(), 5);
    assert_eq!(total(&ada).await.1, 5 * 1_006);
    let late = runs.iter().filter(|run| run["status"] == "FAILED");
    assert!(
        late.clone()
            .all(|run| run["errorCode"] == "BUDGET_EXCEEDED")
    );
    assert_eq!(count(&runs, "REFUSED") + late.count() + 5, MANY);
    assert_eq!(budget(&ada).await["spentTokens"], 5 * 1_007);
    let refused = sent(&ada, json!({ "agentId": helper, "content": "More?" })).await;
    assert_eq!(refused["spent"], 5 * 1_007, "{refused}");
}

#[tokio::test]
async fn replies_overshoot_by_no_more_than_are_under_way() {
    let provider = FaultServer::start().await;
    let server = working(
        &provider,
        &["--run-workers=64", "--runs-per-organization=4"],
    )
    .await;
    let (ada, helper) = served(&server, &provider).await;
    // Short questions with long answers: what nobody can know before.
    provider.always(counting(&["Yes."], 10, 1_000));
    let limit = 2_000;
    set_budget(&ada, json!({ "monthlyTokens": limit })).await;
    let runs = storm(&ada, &helper, "Hello?").await;
    let completed = i64::try_from(count(&runs, "COMPLETED")).unwrap();
    let spent = budget(&ada).await["spentTokens"].as_i64().unwrap();
    assert_eq!(spent, completed * 1_010);
    assert!(spent >= limit, "it was used up: {spent}");
    assert!(spent < limit + 4 * 1_010 + 10, "by four under way: {spent}");
    assert_eq!(
        total(&ada).await.0,
        i64::try_from(MANY - count(&runs, "REFUSED")).unwrap()
    );
}

#[tokio::test]
async fn counting_waits_for_nobody_in_a_circle() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=64", "--titles=true"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "admin").await;
    let other = crate::answers::agent(&bob, json!({})).await;
    crate::answers::linked(&bob, &provider, &other, json!({})).await;
    provider.always(counting(&["Yes."], 10, 1));
    set_budget(&ada, json!({ "monthlyTokens": 1_000_000 })).await;
    let both = [(&ada, &helper), (&bob, &other)];
    let limits = async {
        for tokens in 0..20 {
            let who = if tokens % 2 == 0 { &ada } else { &bob };
            let set = set_budget(who, json!({ "monthlyTokens": 1_000_000 + tokens })).await;
            assert_eq!(set["__typename"], "SetBudgetSuccess", "{set}");
        }
    };
    let storms = join_all(both.map(|(who, agent)| storm(who, agent, "Hello?")));
    let (runs, ()) = tokio::join!(storms, limits);
    let runs = runs.concat();
    assert_eq!(count(&runs, "COMPLETED"), 2 * MANY, "{runs:?}");
    // A call for each run and each title, and each of both counted once.
    until("all titles are counted", || async {
        let told = super::report(&ada, "").await["total"].take();
        (told["titles"] == 2 * MANY).then_some(())
    })
    .await;
    assert_eq!(budget(&ada).await["spentTokens"], 4 * MANY * 11);
    assert_eq!(total(&ada).await.1, i64::try_from(4 * MANY * 10).unwrap());
}

#[tokio::test]
async fn whoever_takes_a_run_up_waits_for_whoever_is_looking() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    set_budget(&ada, json!({ "monthlyTokens": 1_000 })).await;
    let root = super::root(&server).await;
    let mut looking = root.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('budget:' || $1, 0))")
        .bind(&ada.organization_id)
        .execute(&mut *looking)
        .await
        .unwrap();
    let outcome = sent(&ada, json!({ "agentId": helper, "content": "Hello?" })).await;
    assert_eq!(
        outcome["__typename"], "SendMessageSuccess",
        "sending waits for nobody"
    );
    waiting_for_locks(&server.database, 1).await;
    assert!(provider.requests().is_empty());
    sqlx::query("INSERT INTO usage_months (organization_id, month, tokens, cost_micros) VALUES ($1, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 1000, 0)")
        .bind(&ada.organization_id)
        .execute(&mut *looking)
        .await
        .unwrap();
    looking.commit().await.unwrap();
    let run = ended(&ada, &outcome).await;
    assert_eq!(run["errorCode"], "BUDGET_EXCEEDED", "{run}");
}
