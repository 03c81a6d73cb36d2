//! One run, from being taken up to its end.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::ids::RunId;
use agentry_db::run::{self, Claimed, Ending, Folded};
use agentry_db::{DbError, Statements, WriteScope};
use tokio::select;
use tokio::time::{Instant, sleep};

use crate::answer::{Heard, listen};
use crate::prepare::{Prepared, prepare};
use crate::register::{Control, Order};
use crate::shared::{Shared, about};
use crate::{fault, title};

/// How long to wait before something is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST: Duration = Duration::from_secs(4);
/// How often what fails for another reason than the database being away is tried.
const TRIES: u32 = 3;

/// Leaves the register whichever way the work ends.
struct Entry<'a>(&'a Shared, &'a RunId);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.register.leave(self.1);
    }
}

/// Works on one run.
pub(crate) async fn work(shared: Arc<Shared>, claimed: Claimed, control: Arc<Control>) {
    let began = Instant::now();
    let entry = Entry(&shared, &claimed.run);
    if claimed.taken_over {
        tracing::warn!(run.id = %claimed.run, "taken over from a worker that was lost");
    }
    let Some(prepared) = prepared(&shared, &claimed, &control).await else {
        return;
    };
    let task = match prepared {
        Prepared::Nothing => return,
        Prepared::Ended(folded) => return tell(&shared, &folded, began),
        Prepared::Ask(task) => task,
    };
    shared.changed(&task.run);
    let folded = match listen(&shared, &claimed, &control, &task, began).await {
        Heard::Lost(ending) => {
            lost(&claimed.run);
            settle(&shared, &claimed, &ending).await;
            None
        }
        Heard::HandBack => {
            shared.desk.stored(&claimed.run).await;
            hand_back(&shared, &claimed.run).await;
            None
        }
        Heard::End(ending) => end(&shared, &claimed, &control, *ending).await,
    };
    shared.desk.forget(&claimed.run).await;
    drop(entry);
    if let Some(folded) = folded {
        tell(&shared, &folded, began);
        if task.is_untitled {
            title::give(&shared, &claimed.tenant, *task, &folded).await;
        }
    }
}

/// `None`: there is nothing to do here any more.
async fn prepared(shared: &Arc<Shared>, claimed: &Claimed, control: &Control) -> Option<Prepared> {
    let mut wait = RETRY;
    let mut tries = 0;
    loop {
        let error = match prepare(shared, claimed).await {
            Ok(prepared) => return Some(prepared),
            Err(error) => error,
        };
        tracing::warn!(%error, run.id = %claimed.run, "a run could not be begun; trying again");
        if !is_away(&error) {
            tries += 1;
        }
        if tries == TRIES {
            let folded = end(shared, claimed, control, *fault::internal()).await?;
            return Some(Prepared::Ended(Box::new(folded)));
        }
        let order = select! {
            order = control.ordered() => order,
            () = sleep(about(wait)) => Order::Go,
        };
        match order {
            Order::Go => wait = (wait * 2).min(LONGEST),
            Order::Lost => {
                lost(&claimed.run);
                return None;
            }
            Order::Stop => {
                hand_back(shared, &claimed.run).await;
                return None;
            }
        }
    }
}

/// Ends the run, however long the database is away. What cannot be kept as it is ends as a fault of ours.
async fn end(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    control: &Control,
    mut ending: Ending,
) -> Option<Folded> {
    shared.desk.forget(&claimed.run).await;
    let mut wait = RETRY;
    let mut tries = 0;
    loop {
        let error = match fold(shared, claimed, &ending).await {
            Ok(folded) => return folded,
            Err(error) => error,
        };
        tracing::warn!(%error, run.id = %claimed.run, "the end of a run could not be kept; trying again");
        if !is_away(&error) {
            tries += 1;
        }
        match tries {
            0..TRIES => {}
            TRIES => {
                let (used, seen) = (ending.used, ending.seen);
                ending = Ending {
                    used,
                    seen,
                    ..*fault::internal()
                };
            }
            _ => return None,
        }
        select! {
            () = control.lost() => {
                lost(&claimed.run);
                return None;
            }
            () = sleep(about(wait)) => wait = (wait * 2).min(LONGEST),
        }
    }
}

async fn fold(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    ending: &Ending,
) -> Result<Option<Folded>, DbError> {
    let statements = Statements::default();
    let fold = |scope: WriteScope| {
        let (shared, run, ending) = (Arc::clone(shared), claimed.run.clone(), ending.clone());
        async move { run::fold(&scope, &shared.worker, &run, &ending).await }
    };
    let tenant = &claimed.tenant;
    shared.db.write(tenant, "run.end", &statements, fold).await
}

/// Counts what a run used that went while it was under way: with its conversation, say.
async fn settle(shared: &Arc<Shared>, claimed: &Claimed, ending: &Ending) {
    let statements = Statements::default();
    let settle = |scope: WriteScope| {
        let (shared, run, ending) = (Arc::clone(shared), claimed.run.clone(), ending.clone());
        async move { run::settle(&scope, &shared.worker, &run, &ending).await }
    };
    let tenant = &claimed.tenant;
    let settled = shared.db.write(tenant, "run.settle", &statements, settle);
    if let Err(error) = settled.await {
        tracing::warn!(%error, run.id = %claimed.run, "what a run used that is gone could not be counted");
    }
}

fn lost(run: &RunId) {
    tracing::warn!(run.id = %run, "a run is gone, or another worker's by now");
}

/// Gives a run back for others to take up at once.
async fn hand_back(shared: &Shared, run: &RunId) {
    match run::postpone(&shared.db, &shared.worker, run, Duration::ZERO).await {
        Ok(_) => tracing::info!(run.id = %run, "given back"),
        Err(error) => tracing::warn!(%error, run.id = %run, "could not be given back"),
    }
}

fn is_away(error: &DbError) -> bool {
    match error {
        DbError::Unavailable(_) | DbError::Timeout | DbError::Crossed => true,
        DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_) => false,
    }
}

/// Tells every replica, and the log.
fn tell(shared: &Shared, folded: &Folded, began: Instant) {
    let Folded { run, message } = folded;
    if let Some(message) = message {
        let organization = &run.organization_id;
        let conversation = &run.conversation_id;
        shared
            .live
            .announce(organization, conversation, &message.id);
    }
    shared.changed(run);
    tracing::info!(
        run.id = %run.id,
        status = ?run.status,
        service = run.service,
        model = run.model,
        code = run.error_code,
        attempts = run.attempts,
        prompt_tokens = run.prompt_tokens,
        completion_tokens = run.completion_tokens,
        first_token_ms = run.first_token_ms,
        duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "a run has ended"
    );
}
