//! A client goes away in the middle of its request.

use sqlx::PgConnection;
use tokio::sync::Mutex;

use super::{Answer, create_agent, lock_agents, names};
use crate::support::{Agentry, Caller, Database, until, waiting_for_locks};

/// Sessions of the service that are in a transaction.
async fn busy(root: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'agentry' AND state <> 'idle'",
    )
    .fetch_one(root)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_whole_connection_and_no_trace() {
    const TIMES: usize = 50;
    let database = Database::copy().await;
    let running = Agentry::given(&database)
        .env("AGENTRY_POOL_SIZE", "2")
        .serve()
        .await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let mut root = database.root().await;
    for time in 1..=TIMES {
        let lock = lock_agents(&mut root).await;
        let request = tokio::spawn(create_agent(&ada, "Given up").send());
        waiting_for_locks(&database, 1).await;
        request.abort();
        // The work must not go on before the server has noticed.
        until("the operation is given up", || async {
            (running.log().matches("\"CANCELLED\"").count() >= time).then_some(())
        })
        .await;
        lock.rollback().await.unwrap();
    }
    assert_eq!(names(&ada).await, Vec::<String>::new());
    Answer::to(create_agent(&ada, "Kept"))
        .await
        .assert_made("Kept");
    assert_eq!(names(&ada).await, ["Kept"]);
    let root = Mutex::new(root);
    until("no session is in a transaction", || async {
        let mut root = root.lock().await;
        (busy(&mut root).await == 0).then_some(())
    })
    .await;
    assert_eq!(running.stop().await.code, Some(0));
}
