//! Word of new messages, from whichever replica stored them to every replica that has somebody waiting.
//!
//! Only ids travel, by LISTEN and NOTIFY; whoever receives one reads the message under their own row security. Word is sent
//! after the commit, many ids in one transaction: a NOTIFY inside the transaction that stores the message would take
//! PostgreSQL's one lock for it at every commit, and commits would wait for the disk one after the other.
//!
//! The same listener hears when a credential or a membership may have been taken back: see [`Recheck`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::ids::{ConversationId, MessageId, OrganizationId, UserId};
use crate::{Db, DbError};

mod recheck;

pub use recheck::Recheck;
use recheck::Rechecks;

const CHANNEL: &str = "agentry_message";
/// What the triggers on the auth tables say: the id of a user who may have lost a session, a key or a membership.
const REVOKED: &str = "agentry_revoked";
/// How far one that waits may fall behind.
const BUFFER: usize = 128;
/// How many ids may wait to be sent; they do so only while the database is away.
const QUEUE: usize = 4_096;
/// How many ids go into one statement.
const BATCH: usize = 256;
/// Every replica says something this often, so that a silent connection is known to be dead after [`SILENCE`].
const HEARTBEAT: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
/// How long to wait before trying again after the database was lost.
const RETRY: Duration = Duration::from_millis(500);
/// How long one who wants to wait for messages waits for the listener.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the end waits for a database that does not answer.
const FAREWELL: Duration = Duration::from_secs(3);

type Topic = (OrganizationId, ConversationId);

/// The one listener of a server, and its voice. Cheap to clone; its tasks end with [`Live::close`], or with the last clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

/// Messages that one waits for.
#[derive(Debug)]
pub struct Waiting {
    topic: Topic,
    topics: Arc<Topics>,
    receiver: Option<broadcast::Receiver<MessageId>>,
}

/// Some messages may have gone by unseen: the database was lost for a while, or the one waiting fell too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("messages may have gone by unseen")]
pub struct Missed;

#[derive(Debug)]
struct Inner {
    topics: Arc<Topics>,
    voice: mpsc::Sender<String>,
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

#[derive(Debug)]
struct Topics {
    listening: watch::Sender<bool>,
    senders: Mutex<HashMap<Topic, broadcast::Sender<MessageId>>>,
    rechecks: Rechecks,
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
        let topics = Arc::new(Topics {
            listening: watch::Sender::new(false),
            senders: Mutex::default(),
            rechecks: Rechecks::default(),
        });
        let (voice, queue) = mpsc::channel(QUEUE);
        let (speaking, silenced) = oneshot::channel();
        let running = Running {
            listener: tokio::spawn(listen(pool.clone(), Arc::clone(&topics))),
            speaker: tokio::spawn(speak(pool.clone(), queue, silenced)),
            speaking,
            pool,
        };
        Self(Arc::new(Inner {
            topics,
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
        self.0.topics.interrupt();
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
        if self.0.voice.try_send(word).is_err() {
            tracing::warn!(message.id = %message, "a new message could not be announced");
        }
    }

    /// Waits for reasons to look again whether this user's credentials and memberships are what they were. There is one at
    /// once, for what happened before this was asked.
    #[must_use]
    pub fn rechecks(&self, user: &UserId) -> Recheck {
        self.0.topics.rechecks.of(user)
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
        let topics = &self.0.topics;
        let mut listening = topics.listening.subscribe();
        let lost = || DbError::Unavailable("not listening for new messages".to_owned());
        let heard = timeout(PATIENCE, listening.wait_for(|&listening| listening)).await;
        drop(heard.map_err(|_| lost())?);
        let topic = (organization.clone(), conversation.clone());
        let mut senders = topics.lock();
        // Asked again under the lock: what is lost from here on, `interrupt` tells.
        if !*topics.listening.borrow() {
            return Err(lost());
        }
        let sender = senders
            .entry(topic.clone())
            .or_insert_with(|| broadcast::Sender::new(BUFFER));
        let receiver = Some(sender.subscribe());
        drop(senders);
        Ok(Waiting {
            topic,
            topics: Arc::clone(topics),
            receiver,
        })
    }
}

impl Waiting {
    /// The next message's id. Ids come in the order in which they were announced, which for messages committed at one moment
    /// need not be theirs.
    ///
    /// # Errors
    /// [`Missed`]; nothing comes after it.
    pub async fn next(&mut self) -> Result<MessageId, Missed> {
        match &mut self.receiver {
            Some(receiver) => receiver.recv().await.map_err(|_| Missed),
            None => Err(Missed),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut senders = self.topics.lock();
        self.receiver = None;
        if senders
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            senders.remove(&self.topic);
        }
    }
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

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, broadcast::Sender<MessageId>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an id to those who wait for its conversation.
    fn pass_on(&self, word: &str) {
        let mut parts = word.splitn(3, ':');
        let (Some(organization), Some(conversation), Some(message)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return;
        };
        let topic = (organization.into(), conversation.into());
        if let Some(sender) = self.lock().get(&topic) {
            // It fails only when nobody waits any more.
            let _ = sender.send(message.into());
        }
    }

    /// Tells all who wait that they may have missed something.
    fn interrupt(&self) {
        let mut senders = self.lock();
        self.listening.send_replace(false);
        senders.clear();
    }
}

async fn listen(pool: PgPool, topics: Arc<Topics>) {
    loop {
        let ended = follow(&pool, &topics).await;
        topics.interrupt();
        let cause = ended
            .err()
            .map_or_else(|| "the connection was lost".to_owned(), |e| e.to_string());
        tracing::warn!(cause, "not listening for new messages; trying again");
        sleep(RETRY).await;
    }
}

/// Passes on what is heard until the connection is lost.
async fn follow(pool: &PgPool, topics: &Topics) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen_all([CHANNEL, REVOKED]).await?;
    topics.listening.send_replace(true);
    // Nobody knows what was said while nobody listened.
    topics.rechecks.of_all();
    while let Ok(heard) = timeout(SILENCE, listener.try_recv()).await {
        let Some(notification) = heard? else { break };
        match notification.channel() {
            REVOKED => topics.rechecks.about(notification.payload()),
            _ => topics.pass_on(notification.payload()),
        }
    }
    Ok(())
}

/// Ends when it is silenced and has said what was in the queue by then.
async fn speak(
    pool: PgPool,
    mut queue: mpsc::Receiver<String>,
    mut silenced: oneshot::Receiver<()>,
) {
    let mut words = Vec::with_capacity(BATCH);
    loop {
        let heard = tokio::select! {
            _ = &mut silenced, if !queue.is_closed() => {
                queue.close();
                continue;
            }
            heard = timeout(HEARTBEAT, queue.recv_many(&mut words, BATCH)) => heard,
        };
        match heard {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => words.push(String::new()),
        }
        while let Err(error) = say(&pool, &words).await {
            tracing::warn!(%error, "new messages could not be announced; trying again");
            sleep(RETRY).await;
        }
        words.clear();
    }
}

async fn say(pool: &PgPool, words: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word")
        .bind(CHANNEL)
        .bind(words)
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn topics() -> Arc<Topics> {
        Arc::new(Topics {
            listening: watch::Sender::new(true),
            senders: Mutex::default(),
            rechecks: Rechecks::default(),
        })
    }

    fn live(topics: &Arc<Topics>) -> Live {
        Live(Arc::new(Inner {
            topics: Arc::clone(topics),
            voice: mpsc::channel(1).0,
            running: Mutex::new(None),
        }))
    }

    async fn wait_for(live: &Live, organization: &str, conversation: &str) -> Waiting {
        live.wait_for(&organization.into(), &conversation.into())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_id_reaches_all_who_wait_for_its_conversation_and_nobody_else() {
        let topics = topics();
        let live = live(&topics);
        let mut one = wait_for(&live, "o", "c").await;
        let mut two = wait_for(&live, "o", "c").await;
        let mut elsewhere = wait_for(&live, "other", "c").await;
        for word in ["", "o:c", "o:other:m0", "o:c:m1", "other:c:m2"] {
            topics.pass_on(word);
        }
        assert_eq!(one.next().await, Ok("m1".into()));
        assert_eq!(two.next().await, Ok("m1".into()));
        assert_eq!(elsewhere.next().await, Ok("m2".into()));
    }

    #[tokio::test]
    async fn who_falls_behind_is_told_that_something_was_missed() {
        let topics = topics();
        let mut waiting = wait_for(&live(&topics), "o", "c").await;
        for n in 0..=BUFFER {
            topics.pass_on(&format!("o:c:m{n}"));
        }
        assert_eq!(waiting.next().await, Err(Missed));
    }

    #[tokio::test]
    async fn a_lost_connection_ends_the_waiting() {
        let topics = topics();
        let live = live(&topics);
        let mut waiting = wait_for(&live, "o", "c").await;
        topics.interrupt();
        assert_eq!(waiting.next().await, Err(Missed));
        assert!(!*topics.listening.borrow());
    }

    #[tokio::test]
    async fn nothing_is_kept_for_a_conversation_that_nobody_waits_for() {
        let topics = topics();
        let live = live(&topics);
        let one = wait_for(&live, "o", "c").await;
        let two = wait_for(&live, "o", "c").await;
        drop(one);
        assert_eq!(topics.lock().len(), 1);
        drop(two);
        assert!(topics.lock().is_empty());
    }
}
