//! Word of new messages, of runs and of growing replies, from whichever replica stored them to every replica that has somebody
//! waiting.
//!
//! Only ids travel, by LISTEN and NOTIFY; whoever receives one reads what it names under their own row security. Word is sent
//! after the commit, many ids in one transaction: a NOTIFY inside the transaction that stores the message would take
//! PostgreSQL's one lock for it at every commit, and commits would wait for the disk one after the other. Of pieces of replies
//! the statement that stores them tells: one of a worker's at a time.
//!
//! The same listener hears when a credential or a membership may have been taken back: see [`Recheck`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ids::{ConversationId, MessageId, OrganizationId, RunId, UserId};
use crate::{Db, DbError};

mod ears;
mod recheck;
mod replies;
mod topics;
mod voice;
mod work;

use ears::Ears;
pub use recheck::Recheck;
pub use replies::Replies;
pub use topics::Waiting;
use voice::Word;
pub use work::{Heard, Work};

/// How many ids may wait to be sent; they do so only while the database is away.
const QUEUE: usize = 4_096;
/// How long one who wants to wait for words waits for the listener.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the end waits for a database that does not answer.
const FAREWELL: Duration = Duration::from_secs(3);

/// The one listener of a server, and its voice. Cheap to clone; its tasks end with [`Live::close`], or with the last clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

/// Words may have gone by unheard: the database was lost for a while, or the one waiting fell too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("messages may have gone by unseen")]
pub struct Missed;

#[derive(Debug)]
struct Inner {
    ears: Arc<Ears>,
    voice: mpsc::Sender<Word>,
    running: Mutex<Option<Running>>,
}

/// The connections, and those who use them.
#[derive(Debug)]
struct Running {
    pool: PgPool,
    listener: JoinHandle<()>,
    speaker: JoinHandle<()>,
    /// Dropped to make the speaker end.
    speaking: oneshot::Sender<()>,
}

impl Live {
    /// Starts listening with connections of its own (two, and one for each that is dying) to the database of `db`, now or as soon as it is there, and again
    /// whenever it was away. Needs a tokio runtime.
    #[must_use]
    pub fn start(db: &Db) -> Self {
        let options = match &db.listen {
            Some(options) => PgConnectOptions::clone(options),
            None => (*db.pool.connect_options()).clone(),
        };
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options);
        let ears = Arc::new(Ears::new());
        let (voice, queue) = mpsc::channel(QUEUE);
        let (speaking, silenced) = oneshot::channel();
        let running = Running {
            listener: tokio::spawn(voice::listen(pool.clone(), Arc::clone(&ears))),
            speaker: tokio::spawn(voice::speak(pool.clone(), queue, silenced)),
            speaking,
            pool,
        };
        Self(Arc::new(Inner {
            ears,
            voice,
            running: Mutex::new(Some(running)),
        }))
    }

    /// Says what is still to be said, ends the waiting of all who wait, and closes the connections. To be called once
    /// nothing is stored any more and before the database stops; when it does not answer, this gives up after seconds.
    pub async fn close(&self) {
        let Some(running) = self.0.running().take() else {
            return;
        };
        let Running {
            pool,
            listener,
            mut speaker,
            speaking,
        } = running;
        self.0.ears.interrupt();
        listener.abort();
        drop(speaking);
        let ended = async {
            let _ = listener.await;
            let _ = (&mut speaker).await;
            pool.close().await;
        };
        if timeout(FAREWELL, ended).await.is_err() {
            tracing::warn!("the database did not take leave of the listener in time");
            speaker.abort();
        }
    }

    /// Tells every replica of a message that has been committed. Never waits.
    pub fn announce(
        &self,
        organization: &OrganizationId,
        conversation: &ConversationId,
        message: &MessageId,
    ) {
        let word = format!("{organization}:{conversation}:{message}");
        if self.0.voice.try_send(Word::Message(word)).is_err() {
            tracing::warn!(message.id = %message, "a new message could not be announced");
        }
    }

    /// Tells every replica that something about a run has been committed: it waits in line, it began, somebody asked for its end,
    /// it ended. Workers hear it as well as those who wait for the conversation's runs or for the run's reply. Never waits.
    pub fn run_changed(
        &self,
        organization: &OrganizationId,
        conversation: &ConversationId,
        run: &RunId,
    ) {
        let word = format!("{organization}:{conversation}:{run}");
        if self.0.voice.try_send(Word::Run(word)).is_err() {
            tracing::warn!(run.id = %run, "a change of a run could not be announced");
        }
    }

    /// Waits for reasons to look again whether this user's credentials and memberships are what they were. There is one at
    /// once, for what happened before this was asked.
    #[must_use]
    pub fn rechecks(&self, user: &UserId) -> Recheck {
        self.0.ears.rechecks.of(user)
    }

    /// Waits for the messages of a conversation from now on. Whether the caller may see them is asked at each message.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the listener does not reach the database.
    pub async fn wait_for(
        &self,
        organization: &OrganizationId,
        conversation: &ConversationId,
    ) -> Result<Waiting, DbError> {
        let ears = self.listening().await?;
        let topic = (organization.clone(), conversation.clone());
        let waiting = ears.messages.subscribe(topic, &ears.listening);
        waiting.ok_or_else(lost)
    }

    /// Waits for changes of a conversation's runs from now on. Whether the caller may see them is asked at each change.
    ///
    /// # Errors
    /// As [`Live::wait_for`].
    pub async fn wait_for_runs(
        &self,
        organization: &OrganizationId,
        conversation: &ConversationId,
    ) -> Result<Waiting<RunId>, DbError> {
        let ears = self.listening().await?;
        let topic = (organization.clone(), conversation.clone());
        let waiting = ears.runs.subscribe(topic, &ears.listening);
        waiting.ok_or_else(lost)
    }

    /// Waits for the replies of runs, of none until [`Replies::add`]. Whether the caller may see them is asked at each reading.
    ///
    /// # Errors
    /// As [`Live::wait_for`].
    pub async fn wait_for_replies(&self) -> Result<Replies, DbError> {
        let ears = self.listening().await?;
        ears.replies.subscribe(&ears.listening).ok_or_else(lost)
    }

    /// Hears, from now on, what a worker must hear of. It outlasts a lost database.
    #[must_use]
    pub fn work(&self) -> Work {
        self.0.ears.work.subscribe()
    }

    /// Everyone who waits, once the listener listens.
    async fn listening(&self) -> Result<&Ears, DbError> {
        let ears = &self.0.ears;
        let mut listening = ears.listening.subscribe();
        let heard = timeout(PATIENCE, listening.wait_for(|&listening| listening)).await;
        drop(heard.map_err(|_| lost())?);
        Ok(ears)
    }
}

fn lost() -> DbError {
    DbError::Unavailable("not listening for new messages".to_owned())
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.listener.abort();
            running.speaker.abort();
        }
    }
}
