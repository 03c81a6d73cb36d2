//! Workers that are lost, and several that share the work.

use std::collections::HashSet;
use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer};
use serde_json::json;

use super::{agent, ended, flags, having_said, kept, rows, send, served, working};
use crate::support::{Database, Server};

#[tokio::test]
async fn the_run_of_a_lost_worker_fails_honestly_and_keeps_what_was_said() {
    let provider = FaultServer::start().await;
    let web = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&web, &provider).await;
    let allow = format!("--allow-hosts={}", provider.allowed());
    let short = flags(&[allow.as_str(), "--run-lease=1s"]);
    let lost = Server::on(web.database.clone(), &short).await;
    provider.next(Answer::tokens(100_000, Duration::from_millis(5)));
    let sent = send(&ada, &helper, "Talk!").await;
    having_said(&ada, &sent, "t5 ").await;
    drop(lost);
    let _other = Server::on(web.database.clone(), &short).await;
    let run = ended(&ada, &sent).await;
    assert_eq!(
        (&run["status"], &run["errorCode"]),
        (&json!("FAILED"), &json!("INTERRUPTED")),
        "{run}"
    );
    let said = run["reply"]["content"].as_str().unwrap();
    let expected: String = (0..)
        .map(|n| format!("t{n} "))
        .take(said.split(' ').count())
        .collect();
    assert!(said.len() > 15 && expected.starts_with(said), "{said}");
    assert_eq!(provider.requests().len(), 1, "asked once, billed once");
    assert_eq!(rows(&web, "run_deltas").await, 0);
}

#[tokio::test]
async fn echo_goes_on_where_a_lost_worker_was() {
    let web = Server::start_with(&flags(&["--run-workers=0"])).await;
    let ada = web.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "echo" })).await;
    let slow = flags(&["--run-lease=1s", "--echo-delay=5ms"]);
    let lost = Server::on(web.database.clone(), &slow).await;
    let sent = send(&ada, &helper, "/count 400").await;
    having_said(&ada, &sent, " 20 ").await;
    drop(lost);
    let _other = Server::on(web.database.clone(), &slow).await;
    let run = ended(&ada, &sent).await;
    let expected: Vec<_> = (1..=400).map(|n| n.to_string()).collect();
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(run["reply"]["content"], expected.join(" "));
}

#[tokio::test]
async fn a_server_that_stops_gives_its_runs_back() {
    let provider = FaultServer::start().await;
    let web = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&web, &provider).await;
    let echo = agent(&ada, json!({ "model": "echo" })).await;
    let allow = format!("--allow-hosts={}", provider.allowed());
    let some = flags(&[allow.as_str(), "--run-drain=50ms", "--echo-delay=5ms"]);
    let stops = Server::on(web.database.clone(), &some).await;
    provider.next(Answer::tokens(100_000, Duration::from_millis(5)));
    let asked = send(&ada, &helper, "Talk!").await;
    let counting = send(&ada, &echo, "/count 300").await;
    having_said(&ada, &asked, "t2 ").await;
    having_said(&ada, &counting, " 5 ").await;
    stops.runner.close().await;
    let run = ended(&ada, &asked).await;
    assert_eq!(
        (&run["status"], &run["errorCode"]),
        (&json!("FAILED"), &json!("INTERRUPTED")),
        "{run}"
    );
    assert!(
        run["reply"]["content"]
            .as_str()
            .unwrap()
            .starts_with("t0 t1 t2 ")
    );
    // The lease lasts far longer than this test may: it was given back.
    let _other = Server::on(web.database.clone(), &some).await;
    let run = ended(&ada, &counting).await;
    let expected: Vec<_> = (1..=300).map(|n| n.to_string()).collect();
    assert_eq!(run["reply"]["content"], expected.join(" "), "{run}");
    stops.runner.close().await;
}

#[tokio::test]
async fn two_servers_share_the_work_and_each_run_is_done_once() {
    const RUNS: usize = 200;
    let provider = FaultServer::start().await;
    let allow = format!("--allow-hosts={}", provider.allowed());
    let some = flags(&[
        allow.as_str(),
        "--runs-per-organization=100",
        "--acquire-timeout=50s",
    ]);
    let database = Database::copy().await;
    let one = Server::on(database.clone(), &some).await;
    let two = Server::on(database, &some).await;
    let (ada, helper) = served(&one, &provider).await;
    let ada_at_two = ada.moved_to(&two.url);
    let sends = (0..RUNS).map(|n| {
        let (caller, helper) = (
            if n % 2 == 0 { &ada } else { &ada_at_two }.clone(),
            helper.clone(),
        );
        tokio::spawn(async move { send(&caller, &helper, &format!("Question {n}?")).await })
    });
    let mut sent = Vec::new();
    for one in sends.collect::<Vec<_>>() {
        sent.push(one.await.unwrap());
    }
    for one in &sent {
        assert_eq!(
            kept(&ended(&ada, one).await),
            ("COMPLETED", "-", "Hello there")
        );
    }
    let asked: HashSet<String> = provider
        .requests()
        .iter()
        .map(|request| request.body["messages"][1]["content"].to_string())
        .collect();
    assert_eq!((asked.len(), provider.requests().len()), (RUNS, RUNS));
    assert_eq!(rows(&one, "run_leases").await, 0);
}
