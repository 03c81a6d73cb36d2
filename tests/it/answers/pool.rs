//! Nothing is held while a provider talks.

use agentry_provider_testkit::{Answer, FaultServer, Then};
use serde_json::json;

use super::cancel::cancel;
use super::{ended, kept, send, served, working};

#[tokio::test]
async fn twenty_runs_wait_for_their_provider_on_a_pool_of_one_connection() {
    let provider = FaultServer::start().await;
    let some = ["--pool-size=1", "--run-workers=20", "--acquire-timeout=30s"];
    let server = working(&provider, &some).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.always(Answer::ending(["Begun"], Then::Silence));
    let mut sent = Vec::new();
    for n in 0..20 {
        sent.push(send(&ada, &helper, &format!("Question {n}?")).await);
    }
    provider.wait_for(20).await;
    // All are under way, and the one connection still serves.
    assert_eq!(server.runner.under_way(), 20);
    let answer = ada.answer("{ viewer { user { name } } }", json!({})).await;
    assert_eq!(answer["data"]["viewer"]["user"]["name"], "Ada", "{answer}");
    for one in &sent {
        super::having_said(&ada, one, "Begun").await;
        cancel(&ada, one).await;
        assert_eq!(kept(&ended(&ada, one).await), ("CANCELLED", "-", "Begun"));
    }
}
