//! What a run that has ended says to the one who asked.

use std::time::Duration;

use agentry_db::entity::RunStatus;
use agentry_db::ids::RunId;
use agentry_db::whatsapp::outbox::{self, Later};
use agentry_db::{DbError, Statements, Tenant, agent_message, run};
use agentry_whatsapp::split;

use crate::shared::Shared;
use crate::words;

/// How long to wait before the same is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How often what cannot be read is tried.
const ATTEMPTS: i32 = 100;

/// Cuts the answer into parts.
pub(crate) async fn fold(
    shared: &Shared,
    id: &str,
    attempts: i32,
    run: &RunId,
    tenant: &Tenant,
) -> Result<(), DbError> {
    let (db, worker) = (&shared.db, &shared.worker);
    if attempts > ATTEMPTS {
        // Whoever had it before was lost with it, each time.
        tracing::error!(run.id = %run, attempts, "an answer is given up");
        outbox::failed(db, worker, id, "GIVEN_UP").await?;
        return Ok(());
    }
    match said(shared, run, tenant).await {
        Ok(said) => {
            let said = said.unwrap_or_default();
            let parts = split(&said, shared.settings.parts);
            outbox::fold(db, worker, id, &parts).await?;
            shared.forget(run);
        }
        Err(error) if attempts < ATTEMPTS => {
            tracing::warn!(%error, run.id = %run, "an answer could not be read; trying again");
            outbox::later(db, worker, id, Later::Again, AGAIN, "UNREADABLE", false).await?;
        }
        Err(error) => {
            tracing::error!(%error, run.id = %run, "an answer could not be read");
            outbox::failed(db, worker, id, "UNREADABLE").await?;
        }
    }
    Ok(())
}

/// `None`: the conversation was deleted meanwhile; nobody wants to hear of it.
async fn said(shared: &Shared, id: &RunId, tenant: &Tenant) -> Result<Option<String>, DbError> {
    let read = shared.db.read(tenant, Statements::default());
    let scope = read.scope().await?;
    let Some(run) = run::find(&scope, id).await? else {
        return Ok(None);
    };
    let reply = agent_message::find(&scope, &run.reply_id).await?;
    let text = reply.map(|reply| reply.content).unwrap_or_default();
    let is_empty = text.trim().is_empty();
    Ok(Some(match run.status {
        RunStatus::Completed if is_empty => words::NOTHING_SAID.to_owned(),
        RunStatus::Cancelled if is_empty => words::CANCELLED.to_owned(),
        RunStatus::Completed | RunStatus::Cancelled => text,
        // Its lease is gone, so it has ended; this is for whoever changes that.
        RunStatus::Queued | RunStatus::Running => {
            return Err(DbError::Unexpected(
                "a run without a lease goes on".to_owned(),
            ));
        }
        RunStatus::Failed => words::failed(&text, run.error_message.as_deref().unwrap_or_default()),
    }))
}
