//! What the provider never counted is estimated, and said to be: breaking answers off is no way around a budget.

use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer, Then};
use serde_json::{Value, json};

use super::{report, sums, total};
use crate::answers::{agent, ended, flags, having_said, linked, run, send, served, working};
use crate::organizations::call;
use crate::support::{Caller, Server};

/// A message of so many tokens by estimate, the four of a message included.
fn message(tokens: usize) -> String {
    "x".repeat(4 * (tokens - 4))
}

/// "Be kind." and the four of a message.
const SYSTEM: i64 = 6;

async fn tokens(caller: &Caller, id: &Value) -> (Value, Value, Value, Value) {
    let query = "query($id: ID!) { run(id: $id) { promptTokens completionTokens costMicros tokensEstimated } }";
    let mut data = caller.query(query, json!({ "id": id })).await;
    let mut field = |name: &str| data["run"][name].take();
    (
        field("promptTokens"),
        field("completionTokens"),
        field("costMicros"),
        field("tokensEstimated"),
    )
}

#[tokio::test]
async fn a_cancelled_reply_counts_what_was_sent_and_said() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.next(Answer::tokens(100_000, Duration::from_millis(2)));
    let sent = send(&ada, &helper, &message(1_000)).await;
    having_said(&ada, &sent, "t9 ").await;
    let under_way = tokens(&ada, &sent["run"]["id"]).await;
    let cost = json!(super::gpt_4o(1_006, 0));
    assert_eq!(under_way, (json!(1_006), json!(0), cost, json!(true)));
    assert_eq!(total(&ada).await, (0, 0, 0, 0), "it has not ended");
    let input = json!({ "runId": sent["run"]["id"] });
    call(&ada, "cancelRun", input, "").await;
    let ended = ended(&ada, &sent).await;
    let said = ended["text"].as_str().unwrap().len();
    let said = i64::try_from(said.div_ceil(4)).unwrap();
    let told = report(&ada, "").await["total"].take();
    let cost = super::gpt_4o(1_000 + SYSTEM, said);
    assert_eq!(sums(&told), (1, 1_000 + SYSTEM, said, cost), "{told}");
    assert_eq!(
        (&told["cancelledRuns"], &told["estimatedCalls"]),
        (&json!(1), &json!(1))
    );
    let kept = tokens(&ada, &sent["run"]["id"]).await;
    assert_eq!(kept, (json!(1_006), json!(said), json!(cost), json!(true)));
}

#[tokio::test]
async fn replies_that_break_off_are_estimated_and_refusals_count_nothing() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    for (answer, counted) in [
        (
            Answer::ending(["Half", " of it"], Then::Cut),
            Some((106, 3)),
        ),
        (
            Answer::ending(["Half", " of it"], Then::BadJson),
            Some((106, 3)),
        ),
        (Answer::refusal(401, "no"), None),
        (Answer::refusal(429, "slow"), None),
        (Answer::refusal(500, "oops"), None),
    ] {
        let before = total(&ada).await;
        // A connection of its own: what fails by one opens its circuit.
        let helper = agent(&ada, json!({})).await;
        linked(&ada, &provider, &helper, json!({})).await;
        provider.next(answer);
        let sent = send(&ada, &helper, &message(100)).await;
        let run = ended(&ada, &sent).await;
        assert_eq!(run["status"], "FAILED", "{run}");
        let after = total(&ada).await;
        let (prompt, completion) = counted.unwrap_or_default();
        assert_eq!(
            (after.0, after.1, after.2),
            (before.0 + 1, before.1 + prompt, before.2 + completion),
            "{run}"
        );
        let kept = tokens(&ada, &sent["run"]["id"]).await;
        let expected = counted.map_or((Value::Null, Value::Null), |(p, c)| (json!(p), json!(c)));
        assert_eq!((kept.0, kept.1), expected, "{run}");
        assert_eq!(kept.3, counted.is_some());
    }
    let told = report(&ada, "").await["total"].take();
    assert_eq!(
        (&told["failedRuns"], &told["estimatedCalls"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(told["unpricedCalls"], 0, "what was refused needs no price");
}

#[tokio::test]
async fn a_run_that_was_never_asked_is_counted_and_used_nothing() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let sent = send(&ada, &helper, "Hello?").await;
    let input = json!({ "runId": sent["run"]["id"] });
    call(&ada, "cancelRun", input, "").await;
    let told = report(&ada, "groupBy: [MODEL]").await;
    assert_eq!(sums(&told["total"]), (1, 0, 0, 0), "{told}");
    assert_eq!(told["total"]["cancelledRuns"], 1);
    assert_eq!(told["total"]["estimatedCalls"], 0);
    assert_eq!(told["total"]["unpricedCalls"], 0);
    // Saying it twice changes nothing, here neither.
    let input = json!({ "runId": sent["run"]["id"] });
    call(&ada, "cancelRun", input, "").await;
    assert_eq!(total(&ada).await.0, 1);
}

#[tokio::test]
async fn what_a_lost_worker_asked_is_counted_by_the_next() {
    let provider = FaultServer::start().await;
    let web = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&web, &provider).await;
    let allow = format!("--allow-hosts={}", provider.allowed());
    let short = flags(&[allow.as_str(), "--run-lease=1s"]);
    let lost = Server::on(web.database.clone(), &short).await;
    provider.next(Answer::tokens(100_000, Duration::from_millis(5)));
    let sent = send(&ada, &helper, &message(500)).await;
    having_said(&ada, &sent, "t5 ").await;
    drop(lost);
    let _other = Server::on(web.database.clone(), &short).await;
    let run = ended(&ada, &sent).await;
    assert_eq!(run["errorCode"], "INTERRUPTED", "{run}");
    let said = run["text"].as_str().unwrap().len().div_ceil(4);
    let said = i64::try_from(said).unwrap();
    let told = report(&ada, "").await["total"].take();
    let cost = super::gpt_4o(500 + SYSTEM, said);
    assert_eq!(sums(&told), (1, 500 + SYSTEM, said, cost), "{told}");
    assert_eq!(told["estimatedCalls"], 1);
}

#[tokio::test]
async fn a_model_without_a_price_counts_its_tokens_and_says_so() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "own/llama" })).await;
    linked(&ada, &provider, &helper, json!({ "service": "own" })).await;
    let sent = send(&ada, &helper, "Hello?").await;
    ended(&ada, &sent).await;
    assert_eq!(
        run(&ada, &sent["run"]["id"]).await["costMicros"],
        Value::Null
    );
    let told = report(&ada, "").await["total"].take();
    assert_eq!(sums(&told), (1, 11, 7, 0));
    assert_eq!(told["unpricedCalls"], 1);
}

#[tokio::test]
async fn a_run_tells_a_cost_that_no_int_holds() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let sent = send(&ada, &helper, "Hello?").await;
    ended(&ada, &sent).await;
    let dear = 3_000_000_000_i64;
    let mut root = server.database.root().await;
    sqlx::query("UPDATE runs SET cost_micros = $1")
        .bind(dear)
        .execute(&mut root)
        .await
        .unwrap();
    let run = run(&ada, &sent["run"]["id"]).await;
    assert_eq!(run["costMicros"], json!(dear));
}
