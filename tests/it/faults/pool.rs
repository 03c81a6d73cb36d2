//! No connection is free.

use std::time::{Duration, Instant};

use super::{Answer, agents, create_agent, lock_agents, names};
use crate::support::{Server, waiting_for_locks};

#[tokio::test]
async fn an_exhausted_pool_is_a_bounded_wait_and_then_unavailable() {
    let server = Server::start_with(&["--pool-size=1", "--acquire-timeout=200ms"]).await;
    let ada = server.sign_up("Ada").await;
    let mut root = server.database.root().await;
    let lock = lock_agents(&mut root).await;
    let holding = tokio::spawn(Answer::to(create_agent(&ada, "Held")));
    waiting_for_locks(&server.database, 1).await;

    let asked = Instant::now();
    let refused = Answer::to(agents(&ada)).await;
    let waited = asked.elapsed();
    refused.assert_unavailable();
    assert!(waited >= Duration::from_millis(200), "{waited:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");

    lock.rollback().await.unwrap();
    holding.await.unwrap().assert_made("Held");
    assert_eq!(names(&ada).await, ["Held"]);
}
