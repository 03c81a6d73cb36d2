use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::follower::Follower;
use crate::Tenant;
use crate::ids::RunId;

/// The most places that one statement reads from. Others have their turn in the next.
const PLACES: usize = 1_024;
/// The most of these in one reply: those who follow it from the same place share one.
const PLACES_IN_ONE: usize = 32;

/// Everyone who follows replies as one tenant.
#[derive(Debug)]
pub(super) struct Desk {
    tenant: Tenant,
    followed: Mutex<HashMap<RunId, HashMap<u64, Arc<Follower>>>>,
    keys: AtomicU64,
    /// Told when there is something to do besides what words say.
    woken: Notify,
}

/// A place to read on from, and for whom.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) run: RunId,
    pub(super) after: i32,
    pub(super) followers: Vec<Arc<Follower>>,
}

impl Desk {
    pub(super) fn new(tenant: Tenant) -> Self {
        Self {
            tenant,
            followed: Mutex::default(),
            keys: AtomicU64::default(),
            woken: Notify::new(),
        }
    }

    pub(super) const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// One more who follows; the key to leave with.
    pub(super) fn join(&self, run: &RunId, follower: Arc<Follower>) -> u64 {
        let key = self.keys.fetch_add(1, Ordering::Relaxed);
        let mut followed = self.lock();
        let theirs = followed.entry(run.clone()).or_default();
        theirs.insert(key, follower);
        drop(followed);
        self.wake();
        key
    }

    pub(super) fn leave(&self, run: &RunId, key: u64) {
        let mut followed = self.lock();
        if let Some(theirs) = followed.get_mut(run) {
            theirs.remove(&key);
            if theirs.is_empty() {
                followed.remove(run);
            }
        }
        drop(followed);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub(super) fn follows(&self, run: &RunId) -> bool {
        self.lock().contains_key(run)
    }

    pub(super) fn runs(&self) -> Vec<RunId> {
        self.lock().keys().cloned().collect()
    }

    /// There may be more of these runs.
    pub(super) fn due(&self, runs: &[RunId]) {
        let followed = self.lock();
        let theirs = runs.iter().filter_map(|run| followed.get(run));
        for follower in theirs.flat_map(HashMap::values) {
            follower.due();
        }
    }

    /// There may be more of any run.
    pub(super) fn all_due(&self) {
        self.each(Follower::due);
    }

    /// Whether nothing more is read for somebody, for want of room.
    pub(super) fn is_held_up(&self) -> bool {
        let followed = self.lock();
        let mut all = followed.values().flat_map(HashMap::values);
        all.any(|follower| follower.is_full())
    }

    pub(super) fn each(&self, f: impl Fn(&Follower)) {
        let followed = self.lock();
        for follower in followed.values().flat_map(HashMap::values) {
            f(follower);
        }
    }

    /// Where to read on. Of each reply first where most of it was read: those who are there wait for what is said now.
    pub(super) fn wants(&self, stall: Duration) -> Vec<Want> {
        let mut wants = Vec::new();
        for (run, theirs) in &*self.lock() {
            let mut places: BTreeMap<i32, Vec<Arc<Follower>>> = BTreeMap::new();
            for follower in theirs.values() {
                if let Some(after) = follower.want(stall) {
                    places.entry(after).or_default().push(Arc::clone(follower));
                }
            }
            for (place, (after, followers)) in places.into_iter().rev().enumerate() {
                if place < PLACES_IN_ONE && wants.len() < PLACES {
                    let run = run.clone();
                    wants.push(Want {
                        run,
                        after,
                        followers,
                    });
                } else {
                    for follower in followers {
                        follower.due();
                    }
                }
            }
        }
        wants
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, HashMap<u64, Arc<Follower>>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
