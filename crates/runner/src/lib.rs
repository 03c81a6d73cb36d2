//! The workers: they take up runs that wait, ask providers for replies, and keep what those say.
//!
//! **The one rule:** nothing is held while a provider talks: no transaction, no connection of the pool. What a worker writes it writes
//! in short transactions as the run's user, each of which proves that the run is still the worker's, so that a worker that was
//! thought lost and comes back can write nothing.
//!
//! **How to add to a run:** what is read or decided before the provider is asked goes into `prepare`, in its one transaction; what is
//! done with a piece of an answer into `answer`; what is kept at the end into `agentry_db::run::Ending`. A step after the end, as the
//! title is, must fail quietly: the run has ended.

mod answer;
mod claim;
mod cost;
mod desk;
mod fault;
mod job;
mod keeper;
mod prepare;
mod register;
mod settings;
mod shared;
mod title;
mod tools;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::live::Live;
use agentry_provider::Providers;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use settings::Settings;
use shared::Shared;

/// What ending takes beyond the time that runs are given: writing down what they said.
const FAREWELL: Duration = Duration::from_secs(5);

/// The workers of one server. Cheap to clone; they end with [`Runner::close`], or at once with the last clone, as if the server had
/// been lost: then other servers take their runs over.
#[derive(Debug, Clone)]
pub struct Runner(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    tasks: Mutex<Option<Tasks>>,
}

/// Dropping the claimer drops every run with it.
#[derive(Debug)]
struct Tasks {
    claimer: JoinHandle<()>,
    others: [JoinHandle<()>; 3],
}

impl Runner {
    /// Starts working, now or as soon as the database is there. Needs a tokio runtime. With no workers it does nothing.
    #[must_use]
    pub fn start(
        settings: Settings,
        db: Db,
        live: Live,
        keys: KeyRing,
        providers: Providers,
    ) -> Self {
        let idle = settings.workers == 0;
        let shared = Arc::new(Shared::new(settings, db, live, keys, providers));
        let tasks = (!idle).then(|| Tasks {
            claimer: tokio::spawn(claim::claim(Arc::clone(&shared))),
            others: [
                tokio::spawn(claim::hear(Arc::clone(&shared))),
                tokio::spawn(keeper::keep(Arc::clone(&shared))),
                tokio::spawn(desk::write(Arc::clone(&shared))),
            ],
        });
        Self(Arc::new(Inner {
            shared,
            tasks: Mutex::new(tasks),
        }))
    }

    /// How many runs are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.shared.register.count()
    }

    /// Takes up nothing more, gives what is under way a while to end (see [`Settings::drain`]), and gives the rest back: replies that
    /// can go on elsewhere do so; the others end as interrupted, with what was said until then. To be called before the database and
    /// [`Live`] are closed.
    pub async fn close(&self) {
        let Some(Tasks {
            mut claimer,
            others,
        }) = self.0.take()
        else {
            return;
        };
        self.0.shared.closing.send_replace(true);
        let patience = self.0.shared.settings.drain + FAREWELL;
        if timeout(patience, &mut claimer).await.is_err() {
            tracing::warn!("runs did not end in time; other servers will take them over");
            claimer.abort();
        }
        for task in others {
            task.abort();
        }
    }
}

impl Inner {
    fn take(&self) -> Option<Tasks> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.take()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(Tasks { claimer, others }) = self.take() {
            claimer.abort();
            for task in others {
                task.abort();
            }
        }
    }
}
