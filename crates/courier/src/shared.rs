use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentry_auth::Auth;
use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::ids::RunId;
use agentry_db::live::Live;
use agentry_db::run::Worker;
use agentry_whatsapp::{Gateway, Graph};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinError;

use crate::apps::Apps;
use crate::counts::Counters;
use crate::flood::Flood;
use crate::intake::Stored;
use crate::{Parts, Settings};

/// How many deliveries may wait to be stored.
const WAITING: usize = 2_048;
/// How many bytes of them: whoever may sign could fill the memory while the database is slow.
const BYTES: usize = 64 << 20;
/// The most runs that are remembered as awaited; what is forgotten is found by looking now and then.
const AWAITED: usize = 10_000;

/// What all of a courier shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) db: Db,
    pub(crate) live: Live,
    pub(crate) auth: Auth,
    pub(crate) keys: KeyRing,
    pub(crate) graph: Graph,
    pub(crate) gateway: Gateway,
    /// The name by which this server holds messages and parts.
    pub(crate) worker: Worker,
    pub(crate) apps: Apps,
    pub(crate) flood: Flood,
    pub(crate) counters: Counters,
    /// Where deliveries wait to be stored.
    pub(crate) to_store: mpsc::Sender<Stored>,
    /// A permit for each byte of a delivery that may come to wait.
    pub(crate) room: Arc<Semaphore>,
    /// There may be messages to deal with.
    pub(crate) came: Notify,
    /// There may be something to send.
    pub(crate) due: Notify,
    pub(crate) closing: watch::Sender<bool>,
    awaited: Mutex<HashSet<RunId>>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, parts: Parts) -> (Self, mpsc::Receiver<Stored>) {
        let Parts {
            db,
            live,
            auth,
            keys,
            graph,
            gateway,
        } = parts;
        let (to_store, deliveries) = mpsc::channel(WAITING);
        let shared = Self {
            flood: Flood::new(settings.per_sender),
            settings,
            db,
            live,
            auth,
            keys,
            graph,
            gateway,
            worker: Worker::new(),
            apps: Apps::default(),
            counters: Counters::default(),
            to_store,
            room: Arc::new(Semaphore::new(BYTES)),
            came: Notify::new(),
            due: Notify::new(),
            closing: watch::Sender::new(false),
            awaited: Mutex::default(),
        };
        (shared, deliveries)
    }

    /// Remembers that this server waits for a run, until [`Shared::is_awaited`] is asked of it in the end.
    pub(crate) fn wait_for(&self, run: &RunId) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        if awaited.len() >= AWAITED {
            awaited.clear();
        }
        awaited.insert(run.clone());
    }

    pub(crate) fn is_awaited(&self, run: &RunId) -> bool {
        let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.contains(run)
    }

    pub(crate) fn forget(&self, run: &RunId) {
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.remove(run);
    }
}

/// Tells of a worker's task that broke, and not what it broke over: that may quote what somebody wrote. What it held comes up again when
/// its lease has run out.
pub(crate) fn ended(task: Result<(), JoinError>) {
    if let Err(error) = task
        && error.is_panic()
    {
        tracing::error!("something broke while WhatsApp was dealt with");
    }
}

/// A wait between half and all of this, so that servers do not move in step.
pub(crate) fn about(wait: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    let part = u32::try_from(random % 1_000).unwrap_or(0);
    wait / 2 + wait * part / 2_000
}
