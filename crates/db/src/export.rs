//! A conversation, read from its first message to its last in short transactions.

use std::collections::HashMap;

use agentry_entity::agent_feedback::Model as Feedback;
use agentry_entity::agent_message::Model;
use agentry_entity::conversation;
use agentry_entity::id::MessageId;
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};

use crate::agent_message::Branch;
use crate::{DbError, Scope, sql};

/// Messages read at once.
const AT_ONCE: i64 = 200;
/// No more bytes of them are read at once, but one message always is.
const BYTES: i64 = 1_024 * 1_024;

/// The next messages of a conversation as it was when it was `found`, oldest first: those after `after`. Nothing said since is among them;
/// none are left when there are none. `None`: it is no longer what it was: it is gone, or another branch is shown.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn batch(
    scope: &Scope,
    found: &conversation::Model,
    branch: Branch,
    after: Option<DateTime<Utc>>,
) -> Result<Option<Vec<Model>>, DbError> {
    let (Some(head), Some(until)) = (&found.head_id, found.last_message_at) else {
        return Ok(Some(Vec::new()));
    };
    let of = || -> [Value; 3] {
        [
            scope.tenant().organization().as_str().into(),
            found.id.as_str().into(),
            (branch == Branch::All).into(),
        ]
    };
    let [organization, _, all] = of();
    let same: Option<Same> =
        sql::first(scope, SAME, [organization, head.as_str().into(), all]).await?;
    if same.is_none() {
        return Ok(None);
    }
    let own: [Value; 4] = [after.into(), until.into(), AT_ONCE.into(), BYTES.into()];
    let rows = sql::all(scope, BATCH, [of().to_vec(), own.to_vec()].concat()).await?;
    Ok(Some(rows))
}

#[derive(FromQueryResult)]
struct Same {}

const SAME: &str = "
SELECT 1 FROM agent_messages m
WHERE m.organization_id = $1 AND m.id = $2 AND ($3 OR m.is_current)";

// Within a conversation no two messages are of one time.
const BATCH: &str = "
SELECT m.* FROM (
  SELECT m.*, sum(m.bytes) OVER (ORDER BY m.created_at, m.id) - m.bytes AS bytes_before
  FROM (SELECT m.*, octet_length(m.content) + coalesce(octet_length(m.tool_calls::text), 0) AS bytes FROM agent_messages m
        WHERE m.organization_id = $1 AND m.conversation_id = $2 AND ($3 OR m.is_current)
          AND m.created_at > coalesce($4, '-infinity'::timestamptz) AND m.created_at <= $5
        ORDER BY m.created_at, m.id LIMIT $6) m
) m WHERE m.bytes_before < $7 ORDER BY m.created_at, m.id";

/// The caller's own feedback on these messages of a conversation.
///
/// # Errors
/// As [`batch`].
pub async fn feedback(
    scope: &Scope,
    found: &conversation::Model,
    messages: &[Model],
) -> Result<HashMap<MessageId, Feedback>, DbError> {
    let ids: Vec<String> = messages.iter().map(|m| m.id.to_string()).collect();
    let rows: Vec<Feedback> = sql::all(
        scope,
        "SELECT f.* FROM agent_feedback f
         WHERE f.organization_id = $1 AND f.conversation_id = $2 AND f.message_id = ANY ($3) AND f.user_id = $4",
        [
            scope.tenant().organization().as_str().into(),
            found.id.as_str().into(),
            ids.into(),
            scope.tenant().user().as_str().into(),
        ],
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.message_id.clone(), row))
        .collect())
}
