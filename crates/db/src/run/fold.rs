//! How a run ends.

use agentry_entity::id::RunId;
use agentry_entity::run::Model;
use agentry_entity::{RunStatus, agent_message};
use sea_orm::ActiveEnum as _;

use super::{ErrorCode, NewReply, Worker, lease, place_reply};
use crate::sql;
use crate::usage::{self, Call, Kind};
use crate::{DbError, WriteScope};

/// The longest text that is kept of why a run failed, in characters.
const LONGEST: usize = 1_000;

/// What a run ends with.
#[derive(Debug, Clone)]
pub struct Ending {
    /// [`RunStatus::Completed`], [`RunStatus::Failed`] or [`RunStatus::Cancelled`].
    pub status: RunStatus,
    /// All that was said; empty when nothing was.
    pub text: String,
    /// The tools that are called: a JSON array.
    pub tool_calls: Option<serde_json::Value>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// Why it failed, and that in words for its user.
    pub error: Option<(ErrorCode, String)>,
    /// What it used; `None` when nobody was asked, or whoever was refused.
    pub used: Option<Call>,
    /// From being taken up to the first token, in milliseconds.
    pub first_token_ms: Option<i32>,
    /// The run as it was when it was asked. Should it be gone by now, what it used is counted all the same.
    pub seen: Option<Box<Model>>,
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The run.
    pub run: Model,
    /// Its reply, unless nothing was said.
    pub message: Option<agent_message::Model>,
}

impl Ending {
    /// A failure before anything was said.
    #[must_use]
    pub fn failed(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: Some((code, message.into())),
            ..Self::of(RunStatus::Failed)
        }
    }

    /// An end of this kind with nothing to tell.
    #[must_use]
    pub const fn of(status: RunStatus) -> Self {
        Self {
            status,
            text: String::new(),
            tool_calls: None,
            stop_reason: None,
            error: None,
            used: None,
            first_token_ms: None,
            seen: None,
        }
    }

    /// The same, with what was said until then.
    #[must_use]
    pub fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }
}

/// Ends a run that the worker holds: what was said becomes the reply, its pieces go, and the lease is given back. `None`: the worker
/// does not hold it any more, or the run is gone; nothing was written then.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn fold(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
    ending: &Ending,
) -> Result<Option<Folded>, DbError> {
    let Some(run) = lease::lock(scope, run).await? else {
        gone(scope, worker, run, ending).await?;
        return Ok(None);
    };
    if !lease::release(scope, worker, &run.id).await? {
        return Ok(None);
    }
    let message = if says_nothing(ending) {
        None
    } else {
        place_reply(scope, &reply(&run, ending)).await?
    };
    sql::run(
        scope,
        "DELETE FROM run_deltas WHERE organization_id = $1 AND run_id = $2",
        [run.organization_id.as_str().into(), run.id.as_str().into()],
    )
    .await?;
    let ended = sql::first(scope, END, values(&run, ending)).await?;
    Ok(ended.map(|run| Folded { run, message }))
}

/// Gives back the lease of a run that the worker held until the run went, and counts the rest of what it used. A run that is there is left alone:
/// it is another worker's.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn settle(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
    ending: &Ending,
) -> Result<(), DbError> {
    if lease::lock(scope, run).await?.is_some() {
        return Ok(());
    }
    gone(scope, worker, run, ending).await
}

/// The lease outlives the run, and says whose it was: it is counted once.
async fn gone(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
    ending: &Ending,
) -> Result<(), DbError> {
    let held = lease::release(scope, worker, run).await?;
    match (&ending.seen, &ending.used) {
        (Some(seen), Some(call)) if held => {
            let less = |all: i32, counted: Option<i32>| (all - counted.unwrap_or(0)).max(0);
            let rest = Call {
                prompt_tokens: less(call.prompt_tokens, seen.prompt_tokens),
                completion_tokens: less(call.completion_tokens, seen.completion_tokens),
                cost_micros: call
                    .cost_micros
                    .map(|all| (all - seen.cost_micros.unwrap_or(0)).max(0)),
                is_estimated: call.is_estimated,
            };
            usage::note(scope, Kind::Rest, seen, &rest).await
        }
        _ => Ok(()),
    }
}

// The database counts the run with this, in rows that many write: nothing comes after it.
const END: &str = "
UPDATE runs SET status = $3, stop_reason = $4, error_code = $5, error_message = $6, prompt_tokens = $7, completion_tokens = $8,
                cost_micros = $9, tokens_estimated = $10, first_token_ms = coalesce(first_token_ms, $11), finished_at = now_ms()
WHERE organization_id = $1 AND id = $2 RETURNING *";

fn says_nothing(ending: &Ending) -> bool {
    ending.text.is_empty() && ending.tool_calls.is_none()
}

fn reply(run: &Model, ending: &Ending) -> NewReply {
    NewReply {
        id: run.reply_id.clone(),
        conversation: run.conversation_id.clone(),
        after: run.message_id.clone(),
        run: run.id.clone(),
        asked: run.created_at,
        content: ending.text.clone(),
        agent_version: run.agent_version,
        model: run.model.clone(),
        tool_calls: ending.tool_calls.clone(),
    }
}

fn values(run: &Model, ending: &Ending) -> [sea_orm::Value; 11] {
    let (code, message) = match &ending.error {
        Some((code, message)) => (Some(code.as_str()), Some(shortened(message))),
        None => (None, None),
    };
    let used = ending.used.as_ref();
    [
        run.organization_id.as_str().into(),
        run.id.as_str().into(),
        ending.status.to_value().into(),
        ending.stop_reason.clone().into(),
        code.into(),
        message.into(),
        used.map(|call| call.prompt_tokens).into(),
        used.map(|call| call.completion_tokens).into(),
        used.and_then(|call| call.cost_micros).into(),
        used.is_some_and(|call| call.is_estimated).into(),
        ending.first_token_ms.into(),
    ]
}

fn shortened(message: &str) -> String {
    message.chars().take(LONGEST).collect()
}
