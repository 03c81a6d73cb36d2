//! What the bot itself says to a sender, and how often it says so.
//!
//! Hints are counted: who is told the same again and again is told no more. Answers to codes are not among them, so that no hint silences
//! one: whoever brings codes may bring so many only, which is counted where they are redeemed.

use std::time::Duration;

use agentry_crypto::sha256;
use agentry_db::DbError;
use agentry_db::rate_limit::{self, RateLimit};
use agentry_db::whatsapp::inbox::{self, Inbound};

use crate::counts::one;
use crate::shared::Shared;

/// How many hints one sender is given.
const HINTS: RateLimit = RateLimit {
    count: 6,
    window: Duration::from_mins(10),
};

/// How often one sender is told the same.
const SAME: RateLimit = RateLimit {
    count: 2,
    window: Duration::from_mins(10),
};

/// Closes the message with a hint; without any words, when its sender was told the same, or hints enough, lately.
pub(crate) async fn hint(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
    text: String,
) -> Result<(), DbError> {
    let may =
        may(shared, inbound, outcome, SAME).await? && may(shared, inbound, "hint", HINTS).await?;
    if may {
        answer(shared, inbound, outcome, text).await
    } else {
        silently(shared, inbound, outcome).await
    }
}

/// As [`hint`], whatever hints were given before: no more often than the same is said.
pub(crate) async fn seldom(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
    text: String,
) -> Result<(), DbError> {
    if may(shared, inbound, outcome, SAME).await? {
        answer(shared, inbound, outcome, text).await
    } else {
        silently(shared, inbound, outcome).await
    }
}

/// Whether one more of this may be said to the sender, who is counted as a hash: what they call themselves may be long.
async fn may(
    shared: &Shared,
    inbound: &Inbound,
    what: &str,
    limit: RateLimit,
) -> Result<bool, DbError> {
    let sender = sha256(&inbound.sender);
    let key = format!("whatsapp:say:{}:{sender}:{what}", inbound.number);
    Ok(rate_limit::hit(&shared.db, &key, limit).await?.is_ok())
}

/// Closes the message with words of the bot's own that are counted elsewhere, or come of what can be done only so often.
pub(crate) async fn answer(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
    text: String,
) -> Result<(), DbError> {
    let (db, worker) = (&shared.db, &shared.worker);
    if inbox::answer(db, worker, inbound.place, outcome, &[text]).await? {
        one(&shared.counters.answered);
        shared.due.notify_one();
        told(inbound, outcome);
    }
    shared.came.notify_one();
    Ok(())
}

/// Closes the message, and says nothing.
pub(crate) async fn silently(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
) -> Result<(), DbError> {
    if inbox::close(&shared.db, &shared.worker, inbound.place, outcome).await? {
        one(&shared.counters.silent);
        told(inbound, outcome);
    }
    shared.came.notify_one();
    Ok(())
}

/// Neither who wrote nor what is in the log.
fn told(inbound: &Inbound, outcome: &'static str) {
    tracing::info!(
        number.id = %inbound.number,
        message.place = inbound.place,
        kind = inbound.kind,
        outcome,
        "a message on WhatsApp was dealt with"
    );
}
