//! Something takes too long.

use reqwest::StatusCode;
use sqlx::{Connection as _, Executor as _};

use super::{Answer, agents, create_agent, lock_agents, names};
use crate::support::{Caller, Server};

/// A server that waits for little, and somebody who signed up where there was more time.
async fn impatient(flags: &[&str]) -> (Server, Caller) {
    let patient = Server::start().await;
    let ada = patient.sign_up("Ada").await;
    let server = Server::on(patient.database, flags).await;
    let ada = ada.moved_to(&server.url);
    (server, ada)
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped() {
    let (server, ada) = impatient(&["--statement-timeout=300ms", "--pool-size=1"]).await;
    let mut root = server.database.root().await;
    let lock = lock_agents(&mut root).await;
    let stopped = Answer::to(create_agent(&ada, "Too slow")).await;
    assert_eq!(stopped.code(), "TIMEOUT", "{stopped:?}");
    lock.rollback().await.unwrap();
    assert_eq!(names(&ada).await, Vec::<String>::new());
    Answer::to(create_agent(&ada, "In time"))
        .await
        .assert_made("In time");
}

#[tokio::test]
async fn an_operation_that_takes_too_long_is_stopped_and_its_work_undone() {
    let (server, ada) = impatient(&["--operation-timeout=300ms", "--pool-size=1"]).await;
    let mut root = server.database.root().await;
    let lock = lock_agents(&mut root).await;
    let stopped = Answer::to(create_agent(&ada, "Too slow")).await;
    assert_eq!(stopped.code(), "TIMEOUT", "{stopped:?}");
    assert_eq!(stopped.status, StatusCode::GATEWAY_TIMEOUT, "{stopped:?}");
    lock.rollback().await.unwrap();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM agents")
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(made, 0);
}

#[tokio::test]
async fn a_credential_that_cannot_be_looked_up_in_time_is_unavailable() {
    let (server, ada) = impatient(&["--statement-timeout=300ms"]).await;
    let mut root = server.database.root().await;
    let mut lock = root.begin().await.unwrap();
    lock.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    Answer::to(agents(&ada)).await.assert_unavailable();
    lock.rollback().await.unwrap();
    assert_eq!(names(&ada).await, Vec::<String>::new());
}
