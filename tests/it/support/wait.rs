//! Waiting for a condition.

use std::time::{Duration, Instant};

use super::Database;

/// Longer than anything here takes on a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until the answer is `Some`; panics with `what` when that takes too long.
pub async fn until<T, R>(what: &str, mut ask: impl FnMut() -> R) -> T
where
    R: Future<Output = Option<T>>,
{
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < give_up, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until this many sessions of the database wait for a lock.
pub async fn waiting_for_locks(database: &Database, wanted: i64) {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let root = tokio::sync::Mutex::new(database.root().await);
    until("sessions wait for a lock", || async {
        let mut root = root.lock().await;
        let waiting: i64 = sqlx::query_scalar(WAITING)
            .fetch_one(&mut *root)
            .await
            .unwrap();
        (waiting >= wanted).then_some(())
    })
    .await;
}
