use std::sync::Arc;
use std::time::Duration;

use agentry_db::live::Heard;
use agentry_db::run;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::job;
use crate::shared::{Shared, about};

/// How often to look for work of which no word came.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait while the database is away.
const LONGEST: Duration = Duration::from_secs(5);
/// How many runs are taken up at once.
const MOST: u32 = 32;

/// Takes up runs until the server stops, and sees them to their end.
pub(crate) async fn claim(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    let mut jobs = JoinSet::new();
    let mut wait = POLL;
    loop {
        while jobs.try_join_next().is_some() {}
        let under_way = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        let free = shared.settings.workers.saturating_sub(under_way);
        if free > 0 {
            match take_up(&shared, free.min(MOST), &mut jobs).await {
                // As many as were asked for: there may be more.
                Ok(taken) if taken == free.min(MOST) => continue,
                Ok(_) => wait = POLL,
                Err(error) => {
                    tracing::warn!(%error, "no work can be taken up; trying again");
                    wait = (wait * 2).min(LONGEST);
                }
            }
        }
        select! {
            _ = closing.wait_for(|closing| *closing) => break,
            () = shared.due.notified(), if free > 0 => {}
            Some(_) = jobs.join_next() => {}
            () = sleep(about(wait)), if free > 0 => {}
        }
    }
    drain(&shared, jobs).await;
}

async fn take_up(
    shared: &Arc<Shared>,
    limit: u32,
    jobs: &mut JoinSet<()>,
) -> Result<u32, agentry_db::DbError> {
    let settings = &shared.settings;
    let (lease, most) = (settings.lease, settings.per_organization);
    let claimed = run::claim(&shared.db, &shared.worker, lease, limit, most).await?;
    let taken = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
    for claimed in claimed {
        // One that is under way here was held too late, and is this server's again.
        if let Some(control) = shared.register.enter(&claimed.run) {
            jobs.spawn(job::work(Arc::clone(shared), claimed, control));
        }
    }
    Ok(taken)
}

async fn drain(shared: &Shared, mut jobs: JoinSet<()>) {
    let ended = async { while jobs.join_next().await.is_some() {} };
    if timeout(shared.settings.drain, ended).await.is_err() {
        shared.register.stop_all();
        while jobs.join_next().await.is_some() {}
    }
}

/// Passes on what is heard of runs: those that are under way here look what it is; any other may be work.
pub(crate) async fn hear(shared: Arc<Shared>) {
    let mut work = shared.live.work();
    loop {
        match work.next().await {
            Heard::Run(run) => {
                shared.register.look(&run);
            }
            Heard::Anything => shared.register.look_all(),
            Heard::Closed => return,
        }
        shared.due.notify_one();
    }
}
