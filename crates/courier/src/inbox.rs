//! Takes up messages, and deals with one of each sender at a time.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::DbError;
use agentry_db::whatsapp::inbox::{self, Inbound};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::counts;
use crate::deal;
use crate::shared::{Shared, about, ended};

/// How often to look for messages of which no word came.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait while the database is away.
const LONGEST: Duration = Duration::from_secs(5);
/// How many messages are taken up at once.
const MOST: u32 = 32;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one is taken up before it is given up: what fails each time must not do so for ever.
const ATTEMPTS: i32 = 20;
/// How often what is old is looked for.
const SWEEP: Duration = Duration::from_hours(1);
/// For how many days a message's id is remembered. Meta delivers again for seven.
const DAYS: u32 = 8;
/// How many messages are forgotten at once.
const BATCH: u32 = 2_000;

/// Deals with messages until the server stops.
pub(crate) async fn work(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    let mut jobs = JoinSet::new();
    let mut wait = POLL;
    loop {
        while let Some(job) = jobs.try_join_next() {
            ended(job);
        }
        let under_way = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        let free = shared.settings.workers.saturating_sub(under_way).min(MOST);
        if free > 0 {
            let lease = shared.settings.lease;
            match inbox::claim(&shared.db, &shared.worker, lease, free).await {
                Ok(claimed) => {
                    wait = POLL;
                    let all = claimed.len() == usize::try_from(free).unwrap_or(usize::MAX);
                    for inbound in claimed {
                        jobs.spawn(one(Arc::clone(&shared), inbound));
                    }
                    // As many as were asked for: there may be more.
                    if all {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "no messages can be taken up; trying again");
                    wait = (wait * 2).min(LONGEST);
                }
            }
        }
        select! {
            _ = closing.wait_for(|closing| *closing) => break,
            () = shared.came.notified(), if free > 0 => {}
            Some(job) = jobs.join_next() => ended(job),
            () = sleep(about(wait)), if free > 0 => {}
        }
    }
    while let Some(job) = jobs.join_next().await {
        ended(job);
    }
}

async fn one(shared: Arc<Shared>, inbound: Inbound) {
    let (place, attempts) = (inbound.place, inbound.attempts);
    // Before anything is done for it: whoever had it before may have been lost over it, each time.
    let left = if attempts > ATTEMPTS {
        give_up(&shared, &inbound).await
    } else {
        let dealt = timeout(PATIENCE, deal::deal(&shared, &inbound)).await;
        let error = match dealt {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => DbError::Timeout,
        };
        tracing::warn!(%error, message.place = place, attempts, "a message could not be dealt with");
        if attempts < ATTEMPTS {
            let wait = about(POLL * u32::try_from(attempts.clamp(1, 30)).unwrap_or(1));
            inbox::postpone(&shared.db, &shared.worker, place, wait)
                .await
                .map(drop)
        } else {
            give_up(&shared, &inbound).await
        }
    };
    if let Err(error) = left {
        // Then its lease runs out.
        tracing::warn!(%error, message.place = place, "a message could not be given back");
    }
}

/// Closes it, so that its sender's next is dealt with.
async fn give_up(shared: &Shared, inbound: &Inbound) -> Result<(), DbError> {
    if inbox::close(&shared.db, &shared.worker, inbound.place, "given_up").await? {
        counts::one(&shared.counters.given_up);
        tracing::error!(
            number.id = %inbound.number,
            message.place = inbound.place,
            kind = inbound.kind,
            attempts = inbound.attempts,
            "a message is given up"
        );
    }
    shared.came.notify_one();
    Ok(())
}

/// Forgets what is old.
pub(crate) async fn sweep(shared: Arc<Shared>) {
    loop {
        sleep(about(SWEEP)).await;
        loop {
            match inbox::sweep(&shared.db, DAYS, BATCH).await {
                Ok(swept) if swept == u64::from(BATCH) => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old messages could not be forgotten");
                    break;
                }
            }
        }
    }
}
