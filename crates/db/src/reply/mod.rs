//! Replies as they grow, for all who follow them.
//!
//! What a reply has said is stored before anybody hears of it, piece by piece while its run lasts and whole in its message
//! afterwards, and every place in it has a number: its characters so far. So a stream of it is a position and nothing else, and can
//! be taken up at any position, at any time, on any replica.
//!
//! Those who follow replies share the reading. One task for each tenant looks, when word has come, for what is new of all its
//! runs, under that tenant's own row security, and not again within [`Pace::tick`]; tenants who look at the same time do so in one
//! statement, one after the other. Nobody holds a connection while there is nothing new, and nobody is handed text without its
//! having been read as that tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agentry_entity::{agent_message, run};
use tokio::time::timeout;

use crate::ids::RunId;
use crate::live::Live;
use crate::{Db, Tenant};

mod desk;
mod follower;
mod look;
mod reader;
mod turns;

use desk::Desk;
use follower::Follower;
use reader::Reader;
use turns::Turns;

/// Where replies are followed. Cheap to clone; its tasks end with those who follow, or with [`Hub::close`].
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

/// How fast, how long and how much.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The least time between two readings for one tenant. A busy database makes it more, up to [`Pace::slowest`].
    pub tick: Duration,
    /// The most that a busy database makes of it.
    pub slowest: Duration,
    /// Between two looks at everything that is followed, whether word came or not: one that dies between the end of a run
    /// and word of it has told nobody.
    pub look_again: Duration,
    /// The same while nobody hears of anything.
    pub unheard: Duration,
    /// Between two tries while the database is away.
    pub retry: Duration,
    /// How long the database may be away before those who follow are told to come again.
    pub patience: Duration,
    /// How long the first look may take.
    pub first_look: Duration,
    /// How long a reader may take nothing while as much waits for it as may.
    pub stall: Duration,
    /// How many readings may be under way at once.
    pub readings: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(20),
            slowest: Duration::from_millis(150),
            look_again: Duration::from_secs(10),
            unheard: Duration::from_millis(500),
            retry: Duration::from_millis(250),
            patience: Duration::from_secs(30),
            first_look: Duration::from_secs(5),
            stall: Duration::from_secs(10),
            readings: 4,
        }
    }
}

/// A part of a reply. Positions count characters (Unicode code points) of the whole reply.
#[derive(Debug, Clone)]
pub enum Part {
    /// More of it was said.
    Text {
        /// How much there is with this.
        sequence: i32,
        /// What was said since the part before: never empty.
        text: String,
    },
    /// All of it was said; nothing comes after this.
    End {
        /// How much there is in all.
        sequence: i32,
        /// How it ended.
        ending: Arc<Ending>,
    },
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The run.
    pub run: run::Model,
    /// Its reply, if it said anything.
    pub message: Option<agent_message::Model>,
}

/// Why a reply is followed no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// There is no such run, or none that the follower may see; or none any more.
    #[error("the run is missing, or out of sight")]
    Missing,
    /// The position asked for lies beyond what has been said.
    #[error("only {available} characters have been said")]
    Beyond {
        /// How much there is.
        available: i32,
    },
    /// The follower took too long to take what was there. Nothing is lost: it may go on from where it is.
    #[error("the reader fell behind, at {after}")]
    Behind {
        /// Where it is.
        after: i32,
    },
    /// The database was away for too long. Nothing is lost: the follower may go on from where it is.
    #[error("the database was away for too long, at {after}")]
    Away {
        /// Where it is.
        after: i32,
    },
    /// A fault of ours; the text is for the log.
    #[error("{0}")]
    Fault(String),
}

/// One who follows one reply.
#[derive(Debug)]
pub struct Following {
    run: RunId,
    key: u64,
    desk: Arc<Desk>,
    follower: Arc<Follower>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    live: Live,
    pace: Pace,
    /// By whom they read. Each is served by a task of its own for as long as somebody follows there.
    desks: Mutex<HashMap<Tenant, Arc<Desk>>>,
    turns: Turns,
}

impl Hub {
    /// A hub that reads from `db` when `live` has word.
    #[must_use]
    pub fn new(db: Db, live: Live, pace: Pace) -> Self {
        Self(Arc::new(Inner {
            db,
            live,
            pace,
            desks: Mutex::default(),
            turns: Turns::new(pace.readings),
        }))
    }

    /// Follows the reply of a run from after this many characters of it, for as long as this tenant may see it.
    ///
    /// # Errors
    /// [`Stopped`], when the first look at it says so.
    pub async fn follow(
        &self,
        tenant: &Tenant,
        run: &RunId,
        after: i32,
    ) -> Result<Following, Stopped> {
        let following = self.0.join(tenant, run, after);
        let seen = following.follower.seen();
        match timeout(self.0.pace.first_look, seen).await {
            Ok(seen) => seen.map(|()| following),
            Err(_) => Err(Stopped::Away { after }),
        }
    }

    /// Tells all who follow to come again, and reads no more. To be called once nothing is served any more.
    pub fn close(&self) {
        self.0.turns.close();
        for desk in self.0.desks().values() {
            desk.wake();
        }
    }
}

impl Following {
    /// The next part; `None` after the last. Dropped half-way, nothing is lost.
    ///
    /// # Errors
    /// [`Stopped`]; nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<Part, Stopped>> {
        let (part, has_room_again) = self.follower.next().await?;
        if has_room_again {
            self.desk.wake();
        }
        Some(part)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.desk.leave(&self.run, self.key);
    }
}

impl Inner {
    fn join(self: &Arc<Self>, tenant: &Tenant, run: &RunId, after: i32) -> Following {
        let follower = Arc::new(Follower::new(after));
        let mut desks = self.desks();
        let desk = desks.entry(tenant.clone()).or_insert_with(|| {
            let desk = Arc::new(Desk::new(tenant.clone()));
            tokio::spawn(Reader::new(Arc::clone(self), Arc::clone(&desk)).read());
            desk
        });
        // Under the lock: a desk that nobody is at is taken away under it.
        let key = desk.join(run, Arc::clone(&follower));
        Following {
            run: run.clone(),
            key,
            desk: Arc::clone(desk),
            follower,
        }
    }

    /// Whether somebody is still at this desk; else it is taken away.
    fn keeps(&self, desk: &Desk) -> bool {
        let mut desks = self.desks();
        let empty = desk.is_empty();
        if empty {
            desks.remove(desk.tenant());
        }
        !empty
    }

    fn desks(&self) -> MutexGuard<'_, HashMap<Tenant, Arc<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
