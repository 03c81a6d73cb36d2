//! `WhatsApp`: takes in what is delivered, has the right agent answer it, and carries the answer out.
//!
//! **The one rule:** what was taken in is dealt with once, whatever is killed when. A delivery is answered when its messages are stored,
//! and not before; a message is dealt with in the one transaction that stores what is done for it; a part of an answer is noted as being
//! sent before it is sent. Where that leaves a doubt, for no API of Meta's can be asked whether a message was taken, `docs/whatsapp.md`
//! says what happens.
//!
//! **How to add an answer of the bot's own:** its words in `words`, and where it is given in `deal`, through `say::hint`, which keeps
//! one sender from making it talk without end.

mod answer;
mod apps;
mod ask;
mod carry;
mod counts;
mod deal;
mod flood;
mod inbox;
mod intake;
mod outbox;
mod say;
mod settings;
mod shared;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentry_auth::Auth;
use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::ids::WhatsAppNumberId;
use agentry_db::live::Live;
use agentry_whatsapp::{Gateway, Graph};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use counts::Counts;
pub use intake::DeliveryError;
pub use settings::Settings;
use shared::Shared;

/// How long what is under way may go on when the server stops: a message that is being sent is better sent than in doubt.
const DRAIN: Duration = Duration::from_secs(10);

/// What a courier needs.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The door to SQL.
    pub db: Db,
    /// Word of runs.
    pub live: Live,
    /// Counts runs.
    pub auth: Auth,
    /// Opens tokens and secrets.
    pub keys: KeyRing,
    /// Meta's API.
    pub graph: Graph,
    /// Gateways of publishers' own.
    pub gateway: Gateway,
}

/// The courier of one server. Cheap to clone; it ends with [`Courier::close`], or at once with the last clone, as if the server had
/// been lost.
#[derive(Debug, Clone)]
pub struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    tasks: Mutex<Option<Tasks>>,
}

/// Dropping those who claim drops what they have under way.
#[derive(Debug)]
struct Tasks {
    workers: Vec<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
}

impl Courier {
    /// Starts, now or as soon as the database is there. Needs a tokio runtime. With no workers it takes in, and leaves the rest to other
    /// servers.
    #[must_use]
    pub fn start(settings: Settings, parts: Parts) -> Self {
        let works = settings.workers > 0;
        let (shared, deliveries) = Shared::new(settings, parts);
        let shared = Arc::new(shared);
        let with = || Arc::clone(&shared);
        let mut others = vec![tokio::spawn(intake::store(with(), deliveries))];
        let mut workers = Vec::new();
        if works {
            workers.push(tokio::spawn(inbox::work(with())));
            workers.push(tokio::spawn(outbox::work(with())));
            others.push(tokio::spawn(outbox::hear(with())));
            others.push(tokio::spawn(inbox::sweep(with())));
        }
        others.push(tokio::spawn(counts::tell(with())));
        Self(Arc::new(Inner {
            shared,
            tasks: Mutex::new(Some(Tasks { workers, others })),
        }))
    }

    /// Whether this is the verify token of a number: of the one that is named, or of any.
    ///
    /// # Errors
    /// [`DeliveryError::Away`].
    pub async fn verifies(
        &self,
        number: Option<&WhatsAppNumberId>,
        token: &str,
    ) -> Result<bool, DeliveryError> {
        intake::verifies(&self.0.shared, number, token).await
    }

    /// Takes in a delivery: to the address of a number, or to that of all. When this answers, what it tells is stored.
    ///
    /// # Errors
    /// [`DeliveryError`]; then nothing of it is stored, and it may come again.
    pub async fn deliver(
        &self,
        number: Option<&WhatsAppNumberId>,
        signature: &str,
        body: &[u8],
    ) -> Result<(), DeliveryError> {
        intake::deliver(&self.0.shared, number, signature, body).await
    }

    /// What was done since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.shared.counters.now()
    }

    /// Takes up nothing more, and lets what is under way end. To be called before the database and [`Live`] are closed.
    pub async fn close(&self) {
        let Some(Tasks { workers, others }) = self.0.take() else {
            return;
        };
        self.0.shared.closing.send_replace(true);
        for mut worker in workers {
            if timeout(DRAIN, &mut worker).await.is_err() {
                tracing::warn!("messages were not sent in time; other servers will take them over");
                worker.abort();
            }
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
        if let Some(Tasks { workers, others }) = self.take() {
            for task in workers.into_iter().chain(others) {
                task.abort();
            }
        }
    }
}
