//! The sums are those of what the provider counted, however they are told apart.

use std::collections::BTreeMap;

use agentry_provider_testkit::{Answer, FaultServer};
use serde_json::{Value, json};

use super::{counting, gpt_4o, report, rows, spend, sums, total};
use crate::answers::{agent, ended, linked, run, send, served, working};
use crate::support::{Caller, until};

/// One run as the provider told it.
struct Told<'a> {
    by: &'a Caller,
    agent: &'a Value,
    connection: &'a Value,
    model: &'a str,
    counted: (i64, i64),
}

/// What a run is told apart by.
type Key = fn(&Told<'_>) -> Value;

impl Told<'_> {
    /// What it costs, where that is known.
    fn cost(&self) -> Option<i64> {
        let (prompt, completion) = self.counted;
        (self.model == "gpt-4o").then(|| gpt_4o(prompt, completion))
    }
}

#[tokio::test]
async fn sums_are_what_the_provider_counted_however_told_apart() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let shared = json!({ "visibility": "ORGANIZATION" });
    let one = agent(&ada, shared.clone()).await;
    let two = agent(
        &ada,
        json!({ "visibility": "ORGANIZATION", "model": "own/llama" }),
    )
    .await;
    let first = linked(&ada, &provider, &one, json!({})).await;
    let second = linked(&ada, &provider, &two, json!({ "service": "own" })).await;
    let told = |by, at_one, counted| Told {
        by,
        agent: if at_one { &one } else { &two },
        connection: if at_one { &first } else { &second },
        model: if at_one { "gpt-4o" } else { "own/llama" },
        counted,
    };
    let all = [
        told(&ada, true, (1_000, 100)),
        told(&ada, true, (13, 1)),
        told(&bob, true, (7, 0)),
        told(&bob, false, (9_000, 3)),
        told(&ada, false, (5, 5)),
        told(&bob, true, (100, 10)),
    ];
    for Told {
        by,
        agent,
        model,
        counted,
        ..
    } in &all
    {
        let counts = (
            u32::try_from(counted.0).unwrap(),
            u32::try_from(counted.1).unwrap(),
        );
        let run = spend(&provider, by, agent, counts.0, counts.1).await;
        assert_eq!(run["status"], "COMPLETED", "{run}");
        assert_eq!(run["model"], *model);
    }
    let by: [(&str, Key); 6] = [
        ("", |_| json!({})),
        ("AGENT", |one| json!({ "agentId": one.agent })),
        ("USER", |one| json!({ "userId": one.by.user_id })),
        (
            "CONNECTION",
            |one| json!({ "connectionId": one.connection }),
        ),
        ("MODEL", |one| {
            let service = if one.model == "gpt-4o" {
                "openai"
            } else {
                "own"
            };
            json!({ "model": one.model, "service": service })
        }),
        ("USER, MODEL, AGENT, CONNECTION", |one| {
            let service = if one.model == "gpt-4o" {
                "openai"
            } else {
                "own"
            };
            json!({ "userId": one.by.user_id, "model": one.model, "service": service, "agentId": one.agent, "connectionId": one.connection })
        }),
    ];
    let mut whole = None;
    for (group_by, key) in by {
        let mut expected: BTreeMap<String, [i64; 5]> = BTreeMap::new();
        for one in &all {
            let sum = expected.entry(key(one).to_string()).or_default();
            sum[0] += 1;
            sum[1] += one.counted.0;
            sum[2] += one.counted.1;
            sum[3] += one.cost().unwrap_or(0);
            sum[4] += i64::from(one.cost().is_none());
        }
        let told = report(&ada, &format!("groupBy: [{group_by}]")).await;
        let found: BTreeMap<String, [i64; 5]> = told["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let names = ["agentId", "model", "service", "connectionId", "userId"];
                let said = names.iter().filter(|name| !row[**name].is_null());
                let said: Value = said
                    .map(|name| ((*name).to_owned(), row[*name].clone()))
                    .collect::<serde_json::Map<_, _>>()
                    .into();
                let (runs, prompt, completion, cost) = sums(row);
                let unpriced = row["unpricedCalls"].as_i64().unwrap();
                assert_eq!(row["completedRuns"], runs, "{row}");
                assert_eq!(row["estimatedCalls"], 0, "{row}");
                (said.to_string(), [runs, prompt, completion, cost, unpriced])
            })
            .collect();
        assert_eq!(found, expected, "{group_by}");
        let all = whole.get_or_insert_with(|| told["total"].clone());
        assert_eq!(told["total"], *all, "{group_by}");
    }
    // Filters leave out the others, and ids of nothing find nothing.
    for (filter, runs) in [
        (format!("agentIds: [{one}]"), 4),
        (format!("agentIds: [{one}, {two}]"), 6),
        (format!("userIds: [\"{}\"]", bob.user_id), 3),
        (format!("connectionIds: [{second}]"), 2),
        (
            format!("connectionIds: [{second}], userIds: [\"{}\"]", ada.user_id),
            1,
        ),
        ("agentIds: []".to_owned(), 0),
        ("agentIds: [\"x\"]".to_owned(), 0),
        ("connectionIds: [\"\"]".to_owned(), 0),
        (
            "from: \"2020-01-01T00:00:00Z\", to: \"2020-02-01T00:00:00Z\"".to_owned(),
            0,
        ),
    ] {
        let told = report(&ada, &format!("filter: {{ {filter} }}")).await;
        assert_eq!(told["total"]["runs"], runs, "{filter}: {told}");
        assert_eq!(
            told["rows"].as_array().unwrap().len(),
            usize::from(runs > 0)
        );
    }
    let told = rows(&ada, &format!("filter: {{ agentIds: [{one}] }}")).await;
    assert_eq!((told.len(), sums(&told[0]).1), (1, 1_120));
}

#[tokio::test]
async fn echo_uses_tokens_costs_nothing_and_has_no_connection() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let echo = agent(&ada, json!({ "model": "echo" })).await;
    let run = ended(&ada, &send(&ada, &echo, "Hello?").await).await;
    let told = rows(&ada, "groupBy: [CONNECTION, MODEL]").await.remove(0);
    assert_eq!(told["connectionId"], Value::Null);
    assert_eq!(
        (&told["model"], &told["service"]),
        (&json!("echo"), &json!("echo"))
    );
    let (prompt, completion) = (
        run["promptTokens"].as_i64(),
        run["completionTokens"].as_i64(),
    );
    assert_eq!(sums(&told), (1, prompt.unwrap(), completion.unwrap(), 0));
    assert_eq!(
        (&told["estimatedCalls"], &told["unpricedCalls"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn titles_are_counted_beside_the_runs_they_name() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--titles=true"]).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.next(counting(&["The answer."], 100, 10));
    provider.next(counting(&["A title"], 40, 4));
    let first = send(&ada, &helper, "Name this.").await;
    let title = until("the conversation has a title", || async {
        let run = run(&ada, &first["run"]["id"]).await;
        run["conversation"]["title"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(title, "A title");
    let told = report(&ada, "groupBy: [AGENT, MODEL, USER]").await;
    assert_eq!(told["rows"].as_array().unwrap().len(), 1, "{told}");
    let total = &told["total"];
    assert_eq!(sums(total), (1, 140, 14, gpt_4o(100, 10) + gpt_4o(40, 4)));
    assert_eq!(
        (&total["titles"], &total["estimatedCalls"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        ended(&ada, &first).await["promptTokens"],
        100,
        "the run's own"
    );

    // A title that is refused costs nothing; one that breaks off is estimated.
    provider.next(counting(&["Again."], 100, 10));
    provider.next(Answer::refusal(401, "no titles today"));
    ended(&ada, &send(&ada, &helper, "Name that.").await).await;
    provider.wait_for(4).await;
    provider.next(counting(&["Once more."], 100, 10));
    provider.next(Answer::ending(
        ["Half a"],
        agentry_provider_testkit::Then::Cut,
    ));
    ended(&ada, &send(&ada, &helper, "Name it.").await).await;
    let total = until("the title that broke off is counted", || async {
        let total = report(&ada, "").await["total"].take();
        (total["titles"] == 2).then_some(total)
    })
    .await;
    assert_eq!(total["runs"], 3);
    assert_eq!(total["estimatedCalls"], 1);
    assert!(sums(&total).1 > 340, "{total}");
}

#[tokio::test]
async fn many_at_once_are_all_counted() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.always(counting(&["Yes."], 10, 1));
    let runs = (0..32).map(|_| async { ended(&ada, &send(&ada, &helper, "Hello?").await).await });
    let ended = futures_util::future::join_all(runs).await;
    assert!(ended.iter().all(|run| run["status"] == "COMPLETED"));
    assert_eq!(total(&ada).await, (32, 320, 32, 32 * gpt_4o(10, 1)));
}
