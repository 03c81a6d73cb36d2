//! The database goes away while a reply is written.

use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer};

use super::{ended, flags, having_said, send, served, working};
use crate::support::{Proxy, Server};

#[tokio::test]
async fn a_reply_outlasts_the_database_and_loses_nothing() {
    const TOKENS: usize = 300;
    let provider = FaultServer::start().await;
    let web = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&web, &provider).await;
    let (proxy, through) = Proxy::before(&web.database);
    let allow = format!("--allow-hosts={}", provider.allowed());
    let _worker = Server::on(
        through,
        &flags(&[allow.as_str(), "--acquire-timeout=300ms"]),
    )
    .await;
    provider.next(Answer::tokens(TOKENS, Duration::from_millis(4)));
    let sent = send(&ada, &helper, "Talk!").await;
    having_said(&ada, &sent, "t20 ").await;
    proxy.cut().await;
    provider.wait_for(1).await;
    // Longer than the provider talks: all of it is said while nothing can be stored.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    proxy.restore();
    let run = ended(&ada, &sent).await;
    let expected: Vec<_> = (0..TOKENS).map(|n| format!("t{n} ")).collect();
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(run["reply"]["content"], expected.concat());
    assert_eq!(provider.requests().len(), 1);
}
