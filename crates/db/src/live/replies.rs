use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::Missed;
use crate::ids::RunId;

/// Runs whose replies one waits for. Several words about one run that come before it is looked at are one, so nobody falls
/// behind, however fast replies grow.
#[derive(Debug)]
pub struct Replies {
    watch: Arc<Watch>,
    all: AllReplies,
}

/// Everyone who waits, by run. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct AllReplies(Arc<Mutex<Watches>>);

#[derive(Debug, Default)]
struct Watches {
    all: HashMap<usize, Arc<Watch>>,
    by_run: HashMap<RunId, Vec<Arc<Watch>>>,
    next: usize,
}

#[derive(Debug)]
struct Watch {
    key: usize,
    news: Mutex<News>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct News {
    runs: HashSet<RunId>,
    missed: bool,
}

impl Replies {
    /// Waits for this run's reply too, from now on.
    pub fn add(&self, run: &RunId) {
        let mut watches = self.all.lock();
        let theirs = watches.by_run.entry(run.clone()).or_default();
        if theirs.iter().all(|watch| watch.key != self.watch.key) {
            theirs.push(Arc::clone(&self.watch));
        }
    }

    /// Waits for this run's reply no more.
    pub fn remove(&self, run: &RunId) {
        self.all.lock().remove(run, self.watch.key);
        self.watch.news().runs.remove(run);
    }

    /// The runs of which there is something new since this was last asked: pieces of their replies were stored, or they
    /// changed in another way. Dropped half-way, nothing is lost.
    ///
    /// # Errors
    /// [`Missed`]; nothing comes after it.
    pub async fn next(&self) -> Result<Vec<RunId>, Missed> {
        loop {
            {
                let mut news = self.watch.news();
                if news.missed {
                    return Err(Missed);
                }
                if !news.runs.is_empty() {
                    return Ok(take(&mut news.runs).into_iter().collect());
                }
            }
            self.watch.woken.notified().await;
        }
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        let key = self.watch.key;
        let mut watches = self.all.lock();
        watches.all.remove(&key);
        watches.by_run.retain(|_, theirs| {
            theirs.retain(|watch| watch.key != key);
            !theirs.is_empty()
        });
    }
}

impl AllReplies {
    /// Waits, for no run yet; `None` when nobody listens.
    pub(super) fn subscribe(&self, listening: &watch::Sender<bool>) -> Option<Replies> {
        let mut watches = self.lock();
        // Asked under the lock: what is lost from here on, `clear` tells.
        if !*listening.borrow() {
            return None;
        }
        let key = watches.next;
        watches.next += 1;
        let watch = Arc::new(Watch {
            key,
            news: Mutex::default(),
            woken: Notify::new(),
        });
        watches.all.insert(key, Arc::clone(&watch));
        drop(watches);
        Some(Replies {
            watch,
            all: self.clone(),
        })
    }

    /// Tells those who wait for this run.
    pub(super) fn pass_on(&self, run: &str) {
        let run = RunId::from(run);
        let watches = self.lock();
        for watch in watches.by_run.get(&run).into_iter().flatten() {
            watch.news().runs.insert(run.clone());
            watch.woken.notify_one();
        }
    }

    /// Tells all who wait that they may have missed something. Nobody listens by now.
    pub(super) fn clear(&self) {
        let mut watches = self.lock();
        watches.by_run.clear();
        for (_, watch) in watches.all.drain() {
            watch.news().missed = true;
            watch.woken.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watches {
    fn remove(&mut self, run: &RunId, key: usize) {
        if let Some(theirs) = self.by_run.get_mut(run) {
            theirs.retain(|watch| watch.key != key);
            if theirs.is_empty() {
                self.by_run.remove(run);
            }
        }
    }
}

impl Watch {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn wait(all: &AllReplies, runs: &[&str]) -> Replies {
        let replies = all.subscribe(&watch::Sender::new(true)).unwrap();
        for run in runs {
            replies.add(&(*run).into());
        }
        replies
    }

    async fn next(replies: &Replies) -> Vec<RunId> {
        let mut runs = replies.next().await.unwrap();
        runs.sort();
        runs
    }

    #[tokio::test]
    async fn many_words_about_a_run_are_one_to_each_who_waits_for_it() {
        let all = AllReplies::default();
        let (one, two) = (wait(&all, &["a", "b", "b"]), wait(&all, &["b"]));
        for run in ["a", "b", "b", "a", "nobody's"] {
            all.pass_on(run);
        }
        assert_eq!(next(&one).await, ["a".into(), "b".into()]);
        assert_eq!(next(&two).await, ["b".into()]);
        all.pass_on("a");
        assert_eq!(next(&one).await, ["a".into()]);
    }

    #[tokio::test]
    async fn a_run_that_was_removed_is_heard_of_no_more() {
        let all = AllReplies::default();
        let replies = wait(&all, &["a", "b"]);
        all.pass_on("a");
        replies.remove(&"a".into());
        all.pass_on("a");
        all.pass_on("b");
        assert_eq!(next(&replies).await, ["b".into()]);
    }

    #[tokio::test]
    async fn a_lost_connection_is_told_once_and_for_all() {
        let all = AllReplies::default();
        let replies = wait(&all, &["a"]);
        all.pass_on("a");
        all.clear();
        assert_eq!(replies.next().await, Err(Missed));
        assert_eq!(replies.next().await, Err(Missed));
        assert!(all.subscribe(&watch::Sender::new(false)).is_none());
    }

    #[test]
    fn nothing_is_kept_of_those_who_wait_no_more() {
        let all = AllReplies::default();
        let (one, two) = (wait(&all, &["a", "b"]), wait(&all, &["b"]));
        one.remove(&"a".into());
        assert_eq!(all.lock().by_run.len(), 1);
        drop(one);
        drop(two);
        assert!(all.lock().by_run.is_empty() && all.lock().all.is_empty());
    }
}
