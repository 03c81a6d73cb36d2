//! What a worker reads and notes before it asks.

use agentry_entity::id::{ApiConnectionId, MessageId, OrganizationId, RunId};
use agentry_entity::run::Model;
use agentry_entity::{MessageRole, SealedColumn, ToolOutcome};
use sea_orm::{DbErr, FromQueryResult};

use super::Worker;
use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// A message of the conversation so far.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Said {
    /// Its id.
    pub id: MessageId,
    /// Who said it.
    pub role: MessageRole,
    /// What was said.
    pub content: String,
    /// The tools it calls: a JSON array.
    pub tool_calls: Option<serde_json::Value>,
    /// The call that it is the result of.
    pub tool_call_id: Option<String>,
    /// What came of that call.
    pub tool_outcome: Option<ToolOutcome>,
}

/// The connection that a run is asked by.
#[derive(Debug, Clone, FromQueryResult)]
pub struct RunConnection {
    /// The connection.
    pub id: ApiConnectionId,
    /// What it connects to.
    pub service: String,
    /// Its key, sealed for [`crate::sealed::api_key_place`] of this very connection.
    pub api_key: SealedColumn,
    /// Where the service is reached, when not at its usual place.
    pub base_url: Option<String>,
    /// Its owner's notes: a JSON object.
    pub metadata: serde_json::Value,
}

/// By what a run is asked.
#[derive(Debug, Clone)]
pub struct Asking<'a> {
    /// The agent's model.
    pub model: &'a str,
    /// The agent's version.
    pub version: i32,
    /// The service.
    pub service: &'a str,
    /// The connection; `None` for the built-in service.
    pub connection: Option<&'a ApiConnectionId>,
    /// The tokens of what is sent, by estimate.
    pub prompt_tokens: i32,
    /// What these cost, in millionths of a US dollar, where the price is known.
    pub cost_micros: Option<i64>,
}

/// How much of a conversation is read.
#[derive(Debug, Clone, Copy)]
pub struct HistoryLimits {
    /// Messages.
    pub messages: u32,
    /// Bytes of their content and tool calls. The message that passes it is the last.
    pub bytes: u64,
}

/// The branch that ends in the message a run answers, oldest first, as far as the limits reach: from the message back along what each
/// follows. Empty: the message is gone.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn history(
    scope: &Scope,
    run: &Model,
    limits: HistoryLimits,
) -> Result<Vec<Said>, DbError> {
    let values = [
        run.organization_id.as_str().into(),
        run.conversation_id.as_str().into(),
        run.message_id.as_str().into(),
        i32::try_from(limits.messages).unwrap_or(i32::MAX).into(),
        i64::try_from(limits.bytes).unwrap_or(i64::MAX).into(),
    ];
    sql::all(scope, HISTORY, values).await
}

// Messages are found by their ids alone: asked for the conversation too, PostgreSQL, which takes conversations for short, would walk
// all of it at each step.
const HISTORY: &str = "
WITH RECURSIVE chain AS (
  SELECT m.conversation_id, m.id, m.parent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_outcome,
         1 AS place, octet_length(m.content)::bigint + coalesce(octet_length(m.tool_calls::text), 0) AS bytes
  FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $3
  UNION ALL
  SELECT m.conversation_id, m.id, m.parent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.tool_outcome,
         c.place + 1, c.bytes + octet_length(m.content) + coalesce(octet_length(m.tool_calls::text), 0)
  FROM chain c JOIN agent_messages m ON m.organization_id = $1 AND m.id = c.parent_id
  WHERE c.place < $4 AND c.bytes < $5
)
SELECT id, role, content, tool_calls, tool_call_id, tool_outcome FROM chain WHERE conversation_id = $2 ORDER BY place DESC";

/// A connection that is linked to the agent of a run that the worker holds, whoever owns it. `None`: it is linked no more.
///
/// # Errors
/// As [`history`].
pub async fn connection(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
    id: &ApiConnectionId,
) -> Result<Option<RunConnection>, DbError> {
    sql::first(
        scope,
        "SELECT id, service, api_key, base_url, metadata FROM run_connection($1, $2, $3)",
        [
            worker.name().into(),
            run.as_str().into(),
            id.as_str().into(),
        ],
    )
    .await
}

/// Notes that a worker, which holds the run, asks for the answer when this transaction is committed: from then on somebody may have
/// billed it. What its prompt uses is noted by estimate until it ends, so that a budget knows of it.
///
/// # Errors
/// As [`history`].
pub async fn begin(scope: &WriteScope, run: &Model, asking: &Asking<'_>) -> Result<Model, DbError> {
    let values = [
        organization(&run.organization_id),
        run.id.as_str().into(),
        asking.service.into(),
        asking.connection.map(ApiConnectionId::as_str).into(),
        asking.model.into(),
        asking.version.into(),
        asking.prompt_tokens.into(),
        asking.cost_micros.into(),
    ];
    let begun = sql::first(scope, BEGIN, values).await?;
    begun.ok_or_else(|| DbErr::RecordNotUpdated.into())
}

const BEGIN: &str = "
UPDATE runs SET status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now_ms()), asked_at = now_ms(),
                service = $3, api_connection_id = $4, model = $5, agent_version = $6, prompt_tokens = $7, completion_tokens = 0,
                cost_micros = $8, tokens_estimated = true
WHERE organization_id = $1 AND id = $2 RETURNING *";

/// Whether somebody asked for the run's end.
///
/// # Errors
/// As [`history`].
pub async fn is_cancelled(scope: &Scope, run: &RunId) -> Result<bool, DbError> {
    sql::scalar(
        scope,
        "SELECT EXISTS (SELECT FROM runs WHERE organization_id = $1 AND id = $2 AND cancel_requested_at IS NOT NULL)",
        [organization(scope.tenant().organization()), run.as_str().into()],
    )
    .await
}

fn organization(id: &OrganizationId) -> sea_orm::Value {
    id.as_str().into()
}
