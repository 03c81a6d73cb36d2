//! Deliveries, from the signature to the inbox.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::DbError;
use agentry_db::ids::WhatsAppNumberId;
use agentry_db::whatsapp::inbox::{self, NewInbound};
use agentry_db::whatsapp::outbox::{self, Told};
use agentry_whatsapp::{Content, Delivery, Message, Status, Unreadable};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::timeout;

use crate::apps::Vouched;
use crate::counts::{many, one};
use crate::shared::Shared;

/// How long whoever delivers waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many messages and callbacks are stored at once.
const MOST: usize = 1_000;

/// Why a delivery was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No number's signature.
    #[error("the signature does not hold")]
    Unsigned,
    /// No delivery.
    #[error("the body cannot be read")]
    Unreadable,
    /// It tells of too much at once.
    #[error("the body tells of too much at once")]
    TooMuch,
    /// The database is away, or too slow: it is to be delivered again.
    #[error("it cannot be stored now")]
    Away,
}

/// What is to be stored of a delivery, and who waits for it.
#[derive(Debug)]
pub(crate) struct Stored {
    messages: Vec<NewInbound>,
    told: Vec<Told>,
    done: oneshot::Sender<Result<(), ()>>,
    /// What it takes up of what may wait.
    _room: OwnedSemaphorePermit,
}

pub(crate) async fn verifies(
    shared: &Shared,
    number: Option<&WhatsAppNumberId>,
    token: &str,
) -> Result<bool, DeliveryError> {
    let verifies = shared.apps.verifies(shared, number, token).await;
    verifies.map_err(|error| away(shared, &error))
}

pub(crate) async fn deliver(
    shared: &Shared,
    number: Option<&WhatsAppNumberId>,
    signature: &str,
    body: &[u8],
) -> Result<(), DeliveryError> {
    let counters = &shared.counters;
    let vouched = shared.apps.vouched(shared, number, signature, body).await;
    let Some(vouched) = vouched.map_err(|error| away(shared, &error))? else {
        one(&counters.deliveries_refused);
        return Err(DeliveryError::Unsigned);
    };
    let put_off = || {
        one(&counters.deliveries_put_off);
        DeliveryError::Away
    };
    let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let room = Arc::clone(&shared.room).try_acquire_many_owned(size);
    let room = room.map_err(|_| put_off())?;
    let delivery = Delivery::read(body).map_err(|why| {
        one(&counters.deliveries_unread);
        match why {
            Unreadable::Shape => DeliveryError::Unreadable,
            Unreadable::TooMuch => DeliveryError::TooMuch,
        }
    })?;
    many(&counters.deliveries_unread, delivery.unread);
    let mut messages = delivery.messages;
    // As they stand there, within one second.
    messages.sort_by_key(|message| message.sent_at);
    let messages: Vec<_> = messages
        .into_iter()
        .filter_map(|message| wanted(shared, &vouched, message))
        .collect();
    let statuses = delivery.statuses.into_iter();
    let told: Vec<_> = statuses
        .filter_map(|status| told(&vouched, status))
        .collect();
    if messages.is_empty() && told.is_empty() {
        return Ok(());
    }
    let (done, outcome) = oneshot::channel();
    let stored = Stored {
        messages,
        told,
        done,
        _room: room,
    };
    shared.to_store.try_send(stored).map_err(|_| put_off())?;
    match timeout(PATIENCE, outcome).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(())) | Err(_)) | Err(_) => Err(put_off()),
    }
}

fn away(shared: &Shared, error: &DbError) -> DeliveryError {
    tracing::warn!(%error, "a delivery could not be checked");
    one(&shared.counters.deliveries_put_off);
    DeliveryError::Away
}

/// The message as it is stored, if somebody is to deal with it.
fn wanted(shared: &Shared, vouched: &Vouched, message: Message) -> Option<NewInbound> {
    let counters = &shared.counters;
    let Message {
        number,
        id,
        sender,
        scoped_id,
        in_group,
        sent_at,
        kind,
        content,
    } = message;
    let Some(number) = vouched.number(&number).cloned() else {
        one(&counters.messages_for_strangers);
        return None;
    };
    let content = match content {
        Content::Text(text) => Some(text),
        Content::Other => None,
        Content::Nothing => {
            one(&counters.messages_passed_over);
            return None;
        }
    };
    if in_group {
        one(&counters.messages_passed_over);
        return None;
    }
    if !shared.flood.lets_in(number.as_str(), &sender) {
        one(&counters.messages_flooded);
        return None;
    }
    Some(NewInbound {
        number,
        message: id,
        sender,
        scoped_id,
        kind,
        content,
        sent_at,
    })
}

/// Only what was sent by us comes back with an id of ours.
fn told(vouched: &Vouched, status: Status) -> Option<Told> {
    Some(Told {
        number: vouched.number(&status.number)?.clone(),
        part: status.reference?,
        provider_id: status.id,
        state: status.progress.as_str(),
        error: status.error.map(|code| format!("META_{code}")),
    })
}

/// Stores deliveries as they come, as many at once as have come while those before were being stored.
pub(crate) async fn store(shared: Arc<Shared>, mut deliveries: mpsc::Receiver<Stored>) {
    while let Some(first) = deliveries.recv().await {
        let mut size = first.messages.len() + first.told.len();
        let mut batch = vec![first];
        while size < MOST {
            let Ok(next) = deliveries.try_recv() else {
                break;
            };
            size += next.messages.len() + next.told.len();
            batch.push(next);
        }
        let outcome = keep(&shared, &batch).await;
        match &outcome {
            // What is wrong with one is no reason to refuse the others, which others delivered.
            Err(error) if batch.len() > 1 && is_of_the_data(error) => {
                tracing::warn!(%error, deliveries = batch.len(), "deliveries could not be stored together; storing each");
                for one in batch {
                    let outcome = keep(&shared, std::slice::from_ref(&one)).await;
                    tell(vec![one], &outcome);
                }
            }
            outcome => tell(batch, outcome),
        }
    }
}

fn tell(batch: Vec<Stored>, outcome: &Result<(), DbError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, deliveries = batch.len(), "deliveries could not be stored");
    }
    for one in batch {
        // Whoever delivered may have given up.
        let _ = one.done.send(outcome.as_ref().copied().map_err(|_| ()));
    }
}

/// Whether less of it may be stored: the database is there, and does not take all of this as it is.
fn is_of_the_data(error: &DbError) -> bool {
    match error {
        DbError::Constraint { .. } | DbError::Crossed | DbError::Unexpected(_) => true,
        DbError::Unavailable(_) | DbError::Timeout | DbError::Refused(_) => false,
    }
}

async fn keep(shared: &Shared, batch: &[Stored]) -> Result<(), DbError> {
    let counters = &shared.counters;
    let messages: Vec<&NewInbound> = batch.iter().flat_map(|one| &one.messages).collect();
    let told: Vec<&Told> = batch.iter().flat_map(|one| &one.told).collect();
    if !messages.is_empty() {
        let received = inbox::receive(&shared.db, &messages).await;
        if let Err(DbError::Constraint { .. }) = received {
            shared.apps.forget();
        }
        let new = received?;
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        many(&counters.messages_stored, new);
        many(&counters.messages_known, messages.len().saturating_sub(new));
        shared.came.notify_one();
    }
    if !told.is_empty() {
        let news = outbox::told(&shared.db, &told).await?;
        many(
            &counters.callbacks,
            usize::try_from(news).unwrap_or(usize::MAX),
        );
        // What waited for it may go on.
        shared.due.notify_one();
    }
    Ok(())
}
