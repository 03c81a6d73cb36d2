//! Ending a run before it ends by itself.

use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer, Then};
use serde_json::{Value, json};

use super::{ended, having_said, kept, send, served, working};
use crate::support::{Caller, until};

pub(super) async fn cancel(caller: &Caller, sent: &Value) -> Value {
    let document = "mutation($input: CancelRunInput!) { cancelRun(input: $input) { __typename
        ... on CancelRunSuccess { run { status } } ... on UserError { message } } }";
    let input = json!({ "runId": sent["run"]["id"] });
    let mut data = caller.query(document, json!({ "input": input })).await;
    data["cancelRun"].take()
}

#[tokio::test]
async fn cancelled_before_it_is_taken_up_it_never_asks() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let sent = send(&ada, &helper, "Hello?").await;
    assert_eq!(cancel(&ada, &sent).await["run"]["status"], "CANCELLED");
    let allow = format!("--allow-hosts={}", provider.allowed());
    let _worker =
        crate::support::Server::on(server.database.clone(), &super::flags(&[allow.as_str()])).await;
    // What is asked next is answered; the cancelled one was not.
    let next = send(&ada, &helper, "And now?").await;
    assert_eq!(ended(&ada, &next).await["status"], "COMPLETED");
    assert_eq!(kept(&ended(&ada, &sent).await), ("CANCELLED", "-", "-"));
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn cancelled_while_it_talks_the_call_ends_and_what_was_said_is_kept() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.next(Answer::tokens(100_000, Duration::from_millis(5)));
    let sent = send(&ada, &helper, "Talk!").await;
    having_said(&ada, &sent, "t3 ").await;
    assert_eq!(cancel(&ada, &sent).await["__typename"], "CancelRunSuccess");
    let run = ended(&ada, &sent).await;
    assert_eq!(run["status"], "CANCELLED", "{run}");
    let said = run["reply"]["content"].as_str().unwrap();
    assert!(said.starts_with("t0 t1 t2 t3 "), "{said}");
    until("the provider sees the call end", || async {
        (provider.live() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn cancelled_before_the_first_token_the_wait_ends() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    for silent in [Answer::Silence, Answer::ending([""; 0], Then::Silence)] {
        provider.next(silent);
        let before = provider.requests().len();
        let sent = send(&ada, &helper, "Hello?").await;
        provider.wait_for(before + 1).await;
        cancel(&ada, &sent).await;
        assert_eq!(kept(&ended(&ada, &sent).await), ("CANCELLED", "-", "-"));
    }
}

#[tokio::test]
async fn cancelled_after_its_end_it_stays_as_it_is() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    let sent = send(&ada, &helper, "Hello?").await;
    ended(&ada, &sent).await;
    assert_eq!(cancel(&ada, &sent).await["run"]["status"], "COMPLETED");
}
