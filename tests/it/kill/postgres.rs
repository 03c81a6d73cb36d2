//! The database is shut down, at once and in good order, while replies are written and followed.

use rustix::process::Signal;

use super::provider::Talks;
use super::{Runs, program};
use crate::support::{Folder, OwnCluster};

const RUNS: usize = 15;
const TOKENS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_outlast_a_database_that_is_shut_down_and_started_again() {
    let talks = Talks::of(std::iter::repeat_n(TOKENS, RUNS)).await;
    let folder = Folder::new();
    let cluster = OwnCluster::start(&folder).await;
    // Whoever works is heard of in time: it lives.
    let server = program(&cluster.database, &talks, 32)
        .env("AGENTRY_RUN_LEASE", "30s")
        .serve()
        .await;
    let mut runs = Runs::at(&server.url, &talks).await;
    for number in 0..RUNS {
        runs.add(number % 3 == 0).await;
    }
    runs.heard(0..RUNS, 100).await;
    cluster.restart(Signal::QUIT).await;
    runs.heard(0..RUNS, 800).await;
    cluster.restart(Signal::INT).await;

    let outcome = runs.compare(&cluster.database, &talks).await;
    assert_eq!(outcome.completed.len(), RUNS, "{outcome:?}");
    // Those who stayed never noticed.
    let stayed = outcome.connections.iter().enumerate();
    let mut stayed = stayed.filter(|(number, _)| number % 3 != 0);
    assert!(stayed.all(|(_, count)| *count == 1), "{outcome:?}");
    drop(server);
}
