//! The one writer of what replies say: all of it in one statement, as often as the database keeps up with, and not oftener than it
//! is worth.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agentry_db::ids::{OrganizationId, RunId};
use agentry_db::run::{self, Piece};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::shared::{Shared, about};

/// The shortest time between two statements. It is longer while a statement takes longer.
const PACE: Duration = Duration::from_millis(20);
/// How long to wait before the same is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How much of one reply may wait, in bytes, before its provider is not listened to any more.
const MOST: usize = 64 * 1024;

/// What waits to be written.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    filled: Notify,
    /// Changes with each statement that ended.
    written: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<RunId, Piece>,
    /// Whose pieces are in the statement, under way or to be tried again.
    in_hand: HashSet<RunId>,
    is_under_way: bool,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            filled: Notify::new(),
            written: watch::Sender::new(0),
        }
    }
}

impl Desk {
    /// Takes a piece of a reply; `sequence` is how many characters there are with it.
    pub(crate) fn put(
        &self,
        organization: &OrganizationId,
        run: &RunId,
        sequence: i32,
        text: &str,
    ) {
        let mut state = self.lock();
        let piece = state.waiting.entry(run.clone()).or_insert_with(|| Piece {
            organization: organization.clone(),
            run: run.clone(),
            sequence,
            text: String::new(),
        });
        piece.sequence = sequence;
        piece.text.push_str(text);
        drop(state);
        self.filled.notify_one();
    }

    /// Waits until there is room for more of this reply.
    pub(crate) async fn room(&self, run: &RunId) {
        self.until(|state| {
            state
                .waiting
                .get(run)
                .is_none_or(|piece| piece.text.len() < MOST)
        })
        .await;
    }

    /// Waits until all of this reply is stored.
    pub(crate) async fn stored(&self, run: &RunId) {
        self.until(|state| !state.waiting.contains_key(run) && !state.in_hand.contains(run))
            .await;
    }

    /// Forgets what is not stored of this reply, and waits until nothing more of it will be.
    pub(crate) async fn forget(&self, run: &RunId) {
        {
            let mut state = self.lock();
            state.waiting.remove(run);
            if !state.is_under_way {
                state.in_hand.remove(run);
            }
        }
        self.until(|state| !state.in_hand.contains(run) || !state.is_under_way)
            .await;
        self.lock().in_hand.remove(run);
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let mut written = self.written.subscribe();
        while !is_so(&self.lock()) {
            // The sender is this very desk's: it cannot be gone.
            let _ = written.changed().await;
        }
    }

    fn take(&self) -> Vec<Piece> {
        let mut state = self.lock();
        let pieces: Vec<Piece> = state.waiting.drain().map(|(_, piece)| piece).collect();
        state.in_hand = pieces.iter().map(|piece| piece.run.clone()).collect();
        pieces
    }

    /// Of these pieces, those that are still wanted; they are under way from here on.
    fn still_wanted(&self, pieces: &mut Vec<Piece>) {
        let mut state = self.lock();
        pieces.retain(|piece| state.in_hand.contains(&piece.run));
        state.is_under_way = true;
    }

    /// A statement ended; whether its pieces are stored.
    fn ended(&self, stored: bool) {
        let mut state = self.lock();
        state.is_under_way = false;
        if stored {
            state.in_hand.clear();
        }
        drop(state);
        self.written.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes for as long as it is let. Pieces whose statement failed are tried again as they are: they may be stored after all.
pub(crate) async fn write(shared: Arc<Shared>) {
    let mut next = Instant::now();
    loop {
        shared.desk.filled.notified().await;
        sleep_until(next).await;
        let mut pieces = shared.desk.take();
        let mut took = Duration::ZERO;
        loop {
            shared.desk.still_wanted(&mut pieces);
            let began = Instant::now();
            let outcome = if pieces.is_empty() {
                Ok(HashSet::new())
            } else {
                run::append(&shared.db, &shared.worker, &pieces).await
            };
            took = took.max(began.elapsed());
            shared.desk.ended(outcome.is_ok());
            match outcome {
                Ok(held) => {
                    for piece in pieces.iter().filter(|piece| !held.contains(&piece.run)) {
                        shared.register.lose(&piece.run);
                    }
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, runs = pieces.len(), "pieces of replies could not be stored; trying again");
                    sleep(about(RETRY)).await;
                }
            }
        }
        next = Instant::now() + PACE.max(took);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready(future: impl Future<Output = ()>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(future).poll(&mut context).is_ready()
    }

    fn put(desk: &Desk, run: &str, sequence: i32, text: &str) {
        desk.put(&"o".into(), &run.into(), sequence, text);
    }

    #[test]
    fn pieces_of_one_reply_that_wait_together_are_one() {
        let desk = Desk::default();
        put(&desk, "a", 2, "He");
        put(&desk, "b", 1, "X");
        put(&desk, "a", 5, "llo");
        let mut pieces = desk.take();
        pieces.sort_by(|one, two| one.run.cmp(&two.run));
        let told: Vec<_> = pieces
            .iter()
            .map(|p| (p.sequence, p.text.as_str()))
            .collect();
        assert_eq!(told, [(5, "Hello"), (1, "X")]);
        assert!(desk.take().is_empty());
    }

    #[test]
    fn a_full_desk_makes_its_reply_wait_and_no_other() {
        let desk = Desk::default();
        put(&desk, "a", 1, &"x".repeat(MOST));
        assert!(!is_ready(desk.room(&"a".into())));
        assert!(is_ready(desk.room(&"b".into())));
        let _ = desk.take();
        assert!(is_ready(desk.room(&"a".into())));
    }

    #[test]
    fn what_is_forgotten_is_written_no_more_but_waited_for_while_under_way() {
        let desk = Desk::default();
        let run = RunId::from("a");
        put(&desk, "a", 1, "x");
        let mut pieces = desk.take();
        desk.still_wanted(&mut pieces);
        assert!(!is_ready(desk.forget(&run)) && !is_ready(desk.stored(&run)));
        desk.ended(false);
        assert!(!is_ready(desk.stored(&run)));
        assert!(is_ready(desk.forget(&run)) && is_ready(desk.stored(&run)));
        desk.still_wanted(&mut pieces);
        assert!(pieces.is_empty());
    }
}
