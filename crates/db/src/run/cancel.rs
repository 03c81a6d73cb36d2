use agentry_entity::RunStatus;
use agentry_entity::id::RunId;
use agentry_entity::run::{Column, Entity, Model};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::sql;
use crate::{DbError, WriteScope};

/// How cancelling ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelling {
    /// It will end, or has now: the run as it is.
    Done(Model),
    /// It had ended, or its end had been asked for; nothing changed.
    Nothing(Model),
    /// The caller has no such run.
    NotYours,
}

/// Ends a run of the caller's: at once when it waits in line, else its worker is asked to end it.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn cancel(scope: &WriteScope, id: &RunId) -> Result<Cancelling, DbError> {
    let run = scope
        .tenant()
        .scope::<Entity, _>(Entity::find())
        .filter(Column::Id.eq(id.as_str()))
        .lock(LockType::NoKeyUpdate)
        .one(&**scope)
        .await?;
    let Some(run) = run else {
        return Ok(Cancelling::NotYours);
    };
    let waits = match run.status {
        RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled => {
            return Ok(Cancelling::Nothing(run));
        }
        // A worker may have taken it up and not said so yet.
        RunStatus::Queued => {
            sql::scalar(scope, "SELECT run_withdraw($1)", [id.as_str().into()]).await?
        }
        RunStatus::Running => false,
    };
    if !waits && run.cancel_requested_at.is_some() {
        return Ok(Cancelling::Nothing(run));
    }
    let statement = if waits { WITHDRAWN } else { ASKED };
    let values = [
        scope.tenant().organization().as_str().into(),
        id.as_str().into(),
    ];
    let ended = sql::first(scope, statement, values).await?;
    Ok(ended.map_or(Cancelling::NotYours, Cancelling::Done))
}

const WITHDRAWN: &str =
    "UPDATE runs SET status = 'cancelled', finished_at = now_ms(), cancel_requested_at = coalesce(cancel_requested_at, now_ms())
     WHERE organization_id = $1 AND id = $2 RETURNING *";
const ASKED: &str = "UPDATE runs SET cancel_requested_at = now_ms() WHERE organization_id = $1 AND id = $2 RETURNING *";
