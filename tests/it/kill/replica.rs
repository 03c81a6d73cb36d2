//! Of two servers the one that works is killed, and whoever listens at the other.

use super::provider::Talks;
use super::{Runs, program};
use crate::support::Database;

const SHORT: usize = 5;
const ENDLESS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_listens_elsewhere_hears_of_a_killed_worker_what_it_said_and_its_end() {
    let tokens = std::iter::repeat_n(30, SHORT).chain(std::iter::repeat_n(20_000, ENDLESS));
    let talks = Talks::of(tokens).await;
    let database = Database::copy().await;
    let listening = program(&database, &talks, 0).serve().await;
    let working = program(&database, &talks, 32).serve().await;
    let mut runs = Runs::at(&listening.url, &talks).await;
    for _ in 0..SHORT + ENDLESS {
        runs.add(false).await;
    }
    runs.heard(0..SHORT + ENDLESS, 60).await;
    // It takes over what the other leaves.
    let other = program(&database, &talks, 32).serve().await;
    drop(working.crash().await);

    let outcome = runs.compare(&database, &talks).await;
    assert_eq!(outcome.completed.len(), SHORT, "{outcome:?}");
    assert_eq!(outcome.interrupted.len(), ENDLESS, "{outcome:?}");
    assert!(
        outcome.connections.iter().all(|count| *count == 1),
        "{outcome:?}"
    );
    drop((listening, other));
}
