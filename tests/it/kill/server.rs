//! The only server is killed.

use super::provider::Talks;
use super::{Runs, program};
use crate::support::Database;

/// Runs that end before, that cannot end before, and that have just been sent.
const SHORT: usize = 4;
const ENDLESS: usize = 8;
const FRESH: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_of_a_server_that_is_killed_and_started_again_are_whole_or_say_so() {
    let tokens = [(SHORT, 30), (ENDLESS, 20_000), (FRESH, 60)];
    let tokens = tokens
        .into_iter()
        .flat_map(|(runs, tokens)| std::iter::repeat_n(tokens, runs));
    let talks = Talks::of(tokens).await;
    let database = Database::copy().await;
    let server = program(&database, &talks, 32).serve().await;
    let mut runs = Runs::at(&server.url, &talks).await;
    for _ in 0..SHORT + ENDLESS {
        runs.add(true).await;
    }
    for number in 0..SHORT {
        let (_, whole) = talks.said(number);
        runs.heard(number..=number, whole.chars().count()).await;
    }
    runs.heard(SHORT..SHORT + ENDLESS, 150).await;
    for number in 0..FRESH {
        runs.add(number % 2 == 0).await;
    }
    drop(server.crash().await);
    let again = program(&database, &talks, 32).serve().await;
    runs.places.are(&again.url);

    let outcome = runs.compare(&database, &talks).await;
    assert!(
        (0..SHORT).all(|run| outcome.completed.contains(&run)),
        "{outcome:?}"
    );
    let endless = SHORT..SHORT + ENDLESS;
    let interrupted = outcome.interrupted.iter();
    let interrupted = interrupted.filter(|(run, kept)| endless.contains(run) && *kept >= 150);
    assert_eq!(interrupted.count(), ENDLESS, "{outcome:?}");
    drop(again);
}
