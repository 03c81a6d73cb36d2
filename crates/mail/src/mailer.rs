use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::sender::Sender;
use crate::transport::{self, Fault, Transport, Way};
use crate::{Kind, Message};

/// Messages under way at once, those that wait for another try included.
const PLACES: u32 = 256;

/// Messages handed over at the same moment.
const LINES: usize = 4;

/// How long a try may take, and how long to wait before the next ones.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The longest a try may take; making the message may take as long.
    pub patience: Duration,
    /// The waits after the first try, the second and so on; when they are used up, the message is given up.
    pub waits: Vec<Duration>,
}

impl Default for Pace {
    /// Half a minute a try; five tries in a little over six minutes, longer than servers that greylist make one wait.
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            waits: [2, 10, 60, 300].map(Duration::from_secs).to_vec(),
        }
    }
}

/// Sends messages while nobody waits. What is under way lives in this process alone: a crash loses it. Clones share everything.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    way: Option<Box<dyn Transport>>,
    sender: Sender,
    pace: Pace,
    /// One for each message under way.
    places: Arc<Semaphore>,
    lines: Semaphore,
    stopping: watch::Sender<bool>,
}

impl Mailer {
    /// A mailer that sends this way.
    #[must_use]
    pub fn new(way: Way, sender: Sender, pace: Pace) -> Self {
        Self(Arc::new(Inner {
            way: transport::open(way),
            sender,
            pace,
            places: Arc::new(Semaphore::new(PLACES as usize)),
            lines: Semaphore::new(LINES),
            stopping: watch::Sender::new(false),
        }))
    }

    /// Whether messages go anywhere at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.way.is_some()
    }

    /// Takes a message. `false`: nothing is sent here, or too much is under way already.
    #[must_use]
    pub fn send(&self, message: Message) -> bool {
        self.send_later(message.kind, async { Some(message) })
    }

    /// Takes what makes a message, to be run when nobody waits any more: whoever asked learns nothing from the time it takes, nor
    /// from whether it makes one. `false` as for [`Mailer::send`].
    ///
    /// Must be called inside a tokio runtime.
    pub fn send_later<F>(&self, kind: Kind, making: F) -> bool
    where
        F: Future<Output = Option<Message>> + Send + 'static,
    {
        if !self.is_on() {
            return false;
        }
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else {
            tracing::warn!(
                mail.kind = kind.as_str(),
                "too many messages are under way, one was not taken"
            );
            return false;
        };
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let _place = place;
            match timeout(inner.pace.patience, making).await {
                Ok(Some(message)) => inner.deliver(&message).await,
                Ok(None) => {}
                Err(_) => {
                    tracing::warn!(mail.kind = kind.as_str(), "a message took too long to make");
                }
            }
        });
        true
    }

    /// Takes no more, gives what is under way this long, what waits for another try one more, and lets go of the rest.
    pub async fn close(&self, within: Duration) {
        self.0.stopping.send_replace(true);
        let places = &self.0.places;
        let all = timeout(within, places.acquire_many(PLACES)).await;
        places.close();
        if all.is_err() {
            let left = (PLACES as usize).saturating_sub(places.available_permits());
            tracing::warn!(mail.lost = left, "stopped with messages still under way");
        }
    }
}

impl Inner {
    async fn deliver(&self, message: &Message) {
        let Some(way) = &self.way else { return };
        let kind = message.kind.as_str();
        let mut stopping = self.stopping.subscribe();
        let mut waits = self.pace.waits.iter();
        let mut tries = 1_u32;
        loop {
            let why = match self.attempt(way.as_ref(), message).await {
                Ok(()) => return,
                Err(Fault::Permanent(why)) => {
                    tracing::warn!(
                        mail.kind = kind,
                        mail.tries = tries,
                        why,
                        "a message cannot be sent"
                    );
                    return;
                }
                Err(Fault::Temporary(why)) => why,
            };
            let stopped = *stopping.borrow_and_update();
            let Some(wait) = waits.next().filter(|_| !stopped) else {
                tracing::warn!(
                    mail.kind = kind,
                    mail.tries = tries,
                    why,
                    "a message was given up"
                );
                return;
            };
            tracing::debug!(
                mail.kind = kind,
                mail.tries = tries,
                why,
                "a message waits for another try"
            );
            tokio::select! {
                () = sleep(*wait) => {}
                _ = stopping.changed() => {}
            }
            tries += 1;
        }
    }

    async fn attempt(&self, way: &dyn Transport, message: &Message) -> Result<(), Fault> {
        let Ok(_line) = self.lines.acquire().await else {
            return Err(Fault::Permanent("the mailer is closed".to_owned()));
        };
        timeout(self.pace.patience, way.deliver(&self.sender, message))
            .await
            .unwrap_or_else(|_| Err(Fault::Temporary("there was no answer in time".to_owned())))
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("way", &self.0.way)
            .finish_non_exhaustive()
    }
}
