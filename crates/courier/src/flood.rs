use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_mins(1);

/// Counts what each sender sends within a minute, so that one cannot fill the inbox. Senders are kept as hashes, for a minute.
#[derive(Debug)]
pub(crate) struct Flood {
    limit: u32,
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    began: Instant,
    counts: HashMap<u64, u32>,
}

impl Flood {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            hasher: RandomState::new(),
            state: Mutex::new(State {
                began: Instant::now(),
                counts: HashMap::new(),
            }),
        }
    }

    /// Whether one more of this sender's messages to this number is taken in.
    pub(crate) fn lets_in(&self, number: &str, sender: &str) -> bool {
        self.lets_in_at(Instant::now(), number, sender)
    }

    fn lets_in_at(&self, now: Instant, number: &str, sender: &str) -> bool {
        let key = self.hasher.hash_one((number, sender));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(state.began) >= WINDOW {
            state.began = now;
            state.counts = HashMap::new();
        }
        let count = state.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        *count <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_has_a_count_of_their_own_for_a_minute() {
        let flood = Flood::new(2);
        assert!(flood.lets_in("n", "a") && flood.lets_in("n", "a"));
        assert!(!flood.lets_in("n", "a"));
        assert!(flood.lets_in("n", "b") && flood.lets_in("m", "a"));
        assert!(flood.lets_in_at(Instant::now() + WINDOW, "n", "a"));
    }
}
