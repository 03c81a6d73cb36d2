//! What a conversation still has to do.

use std::collections::HashMap;

use agentry_entity::id::ConversationId;
use agentry_entity::run::Model;
use sea_orm::{FromQueryResult, QueryResult};

use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// Runs of one conversation that have not ended.
#[derive(Debug, Clone)]
pub struct Queue {
    /// The one that is running, or else the first in line.
    pub first: Model,
    /// How many there are, that one included.
    pub length: u64,
}

/// For each of these conversations, the run that is running there, or else the first in line. One that has nothing to do is left
/// out.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn active_many(
    scope: &Scope,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Model>, DbError> {
    let ids: Vec<String> = conversations.iter().map(ToString::to_string).collect();
    let rows: Vec<Model> = sql::all(
        scope,
        "SELECT r.* FROM unnest($2::text[]) AS p(id) CROSS JOIN LATERAL (
           SELECT r.* FROM runs r
           WHERE r.organization_id = $1 AND r.conversation_id = p.id AND r.status IN ('queued', 'running')
           ORDER BY (r.status = 'running') DESC, r.created_at, r.id LIMIT 1) r",
        [scope.tenant().organization().as_str().into(), ids.into()],
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.conversation_id.clone(), row))
        .collect())
}

/// What a conversation still has to do. It stays so until the transaction ends for whoever holds the conversation, but for runs
/// that end meanwhile. `None`: nothing.
///
/// # Errors
/// As [`active_many`].
pub async fn queue(
    scope: &WriteScope,
    conversation: &ConversationId,
) -> Result<Option<Queue>, DbError> {
    let first: Option<First> = sql::first(
        scope,
        "SELECT r.*, count(*) OVER () AS length FROM runs r
         WHERE r.organization_id = $1 AND r.conversation_id = $2 AND r.status IN ('queued', 'running')
         ORDER BY (r.status = 'running') DESC, r.created_at, r.id LIMIT 1",
        [
            scope.tenant().organization().as_str().into(),
            conversation.as_str().into(),
        ],
    )
    .await?;
    Ok(first.map(|First(queue)| queue))
}

struct First(Queue);

impl FromQueryResult for First {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let length: i64 = row.try_get(prefix, "length")?;
        Ok(Self(Queue {
            first: Model::from_query_result(row, prefix)?,
            length: length.unsigned_abs(),
        }))
    }
}
