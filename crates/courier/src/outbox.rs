//! Carries out what is to be said: answers whose run has ended are cut into parts, parts are sent.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::live::Heard;
use agentry_db::whatsapp::outbox::{self, Claimed, Due, Room, Task};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::answer::fold;
use crate::carry::send;
use crate::counts::many;
use crate::shared::{Shared, about, ended};

/// How often to look for what is due of which no word came.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait while the database is away.
const LONGEST: Duration = Duration::from_secs(5);
/// The shortest time between two looks: words come in swarms.
const PACE: Duration = Duration::from_millis(10);
/// How much is taken up at once.
const MOST: u32 = 32;
/// What part of the workers may be busy with one number: another end that does not answer keeps those who call it for long.
const SHARE: u32 = 4;

/// Carries out until the server stops.
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
            let settings = &shared.settings;
            let room = Room {
                limit: free,
                each: (settings.workers / SHARE).max(1),
                lease: settings.lease,
                doubt: settings.doubt,
            };
            match outbox::claim(&shared.db, &settings.publishers, &shared.worker, room).await {
                Ok(Claimed { due, dropped }) => {
                    wait = POLL;
                    many(&shared.counters.dropped, dropped);
                    let found = due.len() + dropped;
                    let all = found == usize::try_from(free).unwrap_or(usize::MAX);
                    for due in due {
                        jobs.spawn(one(Arc::clone(&shared), due));
                    }
                    // As much as was asked for, or what a next part waited for: there may be more.
                    if all || dropped > 0 {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "nothing can be carried out; trying again");
                    wait = (wait * 2).min(LONGEST);
                }
            }
        }
        select! {
            _ = closing.wait_for(|closing| *closing) => break,
            () = shared.due.notified(), if free > 0 => {}
            Some(job) = jobs.join_next() => ended(job),
            () = sleep(about(wait)), if free > 0 => {}
        }
        sleep(PACE).await;
    }
    while let Some(job) = jobs.join_next().await {
        ended(job);
    }
}

async fn one(shared: Arc<Shared>, due: Due) {
    let Due {
        id,
        attempts,
        recipient,
        task,
    } = due;
    let done = match task {
        Task::Fold(run, tenant) => fold(&shared, &id, attempts, &run, &tenant).await,
        Task::Send(text, by) => send(&shared, &id, attempts, &recipient, &text, *by).await,
    };
    match done {
        // There may be a next part.
        Ok(()) => shared.due.notify_one(),
        // A part stays noted as being sent, and is in doubt when its lease has run out.
        Err(error) => {
            tracing::warn!(%error, part.id = %id, "what was carried out could not be noted");
        }
    }
}

/// Looks for what is due when a run that is awaited here has changed.
pub(crate) async fn hear(shared: Arc<Shared>) {
    let mut work = shared.live.work();
    loop {
        match work.next().await {
            Heard::Run(run) if !shared.is_awaited(&run) => {}
            Heard::Run(_) | Heard::Anything => shared.due.notify_one(),
            Heard::Closed => return,
        }
    }
}
