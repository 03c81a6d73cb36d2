//! The database goes away and comes back.

use reqwest::StatusCode;

use super::{Answer, agents, create_agent, lock_agents, names};
use crate::support::{Database, Proxy, Server, until, waiting_for_locks};

async fn status(server: &Server, path: &str) -> StatusCode {
    let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
    answer.status()
}

#[tokio::test]
async fn gone_mid_request_is_unavailable_and_back_without_a_restart() {
    let database = Database::copy().await;
    let (proxy, through) = Proxy::before(&database);
    let server = Server::on(through, &["--acquire-timeout=300ms"]).await;
    let ada = server.sign_up("Ada").await;
    Answer::to(create_agent(&ada, "Before"))
        .await
        .assert_made("Before");

    let mut root = database.root().await;
    let lock = lock_agents(&mut root).await;
    let under_way = tokio::spawn(Answer::to(create_agent(&ada, "Cut off")));
    waiting_for_locks(&database, 1).await;
    proxy.cut().await;
    under_way.await.unwrap().assert_unavailable();
    lock.rollback().await.unwrap();

    for request in [create_agent(&ada, "Away"), agents(&ada)] {
        Answer::to(request).await.assert_unavailable();
    }
    assert_eq!(status(&server, "/livez").await, StatusCode::OK);
    assert_eq!(
        status(&server, "/readyz").await,
        StatusCode::SERVICE_UNAVAILABLE
    );

    proxy.restore();
    until("it is ready again", || async {
        (status(&server, "/readyz").await == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(names(&ada).await, ["Before"]);
    Answer::to(create_agent(&ada, "After"))
        .await
        .assert_made("After");
}

#[tokio::test]
async fn a_short_outage_costs_no_request_that_comes_after_it() {
    let (proxy, through) = Proxy::before(&Database::copy().await);
    let server = Server::on(through, &["--pool-size=8"]).await;
    let ada = server.sign_up("Ada").await;
    // Opens several connections.
    let many = (0..8).map(|_| tokio::spawn(Answer::to(agents(&ada))));
    for answer in many.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().status, StatusCode::OK);
    }
    proxy.cut().await;
    proxy.restore();
    for _ in 0..8 {
        assert_eq!(names(&ada).await, Vec::<String>::new());
    }
    Answer::to(create_agent(&ada, "After"))
        .await
        .assert_made("After");
}
