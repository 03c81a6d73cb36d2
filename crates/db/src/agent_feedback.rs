//! Feedback on messages.

use std::collections::HashMap;

use agentry_entity::Rating;
use agentry_entity::agent_feedback::{Column, Entity, Model};
use agentry_entity::id::{AgentId, FeedbackId, MessageId};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _,
};

use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// How many were content, and how many were not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ratings up.
    pub up: u64,
    /// Ratings down.
    pub down: u64,
}

/// The feedback of these ids that the caller may see, in no order.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find_many(scope: &Scope, ids: &[FeedbackId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    let feedback = scope.tenant().scope::<Entity, _>(Entity::find());
    Ok(feedback.filter(Column::Id.eq_any(ids)).all(scope).await?)
}

/// The feedback on any of these messages that the caller may see, oldest first.
///
/// # Errors
/// As [`find_many`].
pub async fn list_of_messages(
    scope: &Scope,
    messages: &[MessageId],
) -> Result<Vec<Model>, DbError> {
    let ids = messages.iter().map(ToString::to_string);
    let feedback = scope.tenant().scope::<Entity, _>(Entity::find());
    Ok(feedback
        .filter(Column::MessageId.eq_any(ids))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(scope)
        .await?)
}

/// What the feedback that the caller may see amounts to, for each of these agents. An agent without any is left out.
///
/// # Errors
/// As [`find_many`].
pub async fn tally_agents(
    scope: &Scope,
    agents: &[AgentId],
) -> Result<HashMap<AgentId, Tally>, DbError> {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    let rows: Vec<Counted> = sql::all(
        scope,
        "SELECT agent_id, count(*) FILTER (WHERE rating = 1) AS up, count(*) FILTER (WHERE rating = 0) AS down
         FROM agent_feedback WHERE organization_id = $1 AND agent_id = ANY ($2) GROUP BY agent_id",
        [scope.tenant().organization().as_str().into(), ids.into()],
    )
    .await?;
    let tally = |row: Counted| Tally {
        up: row.up.unsigned_abs(),
        down: row.down.unsigned_abs(),
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.agent_id.clone(), tally(row)))
        .collect())
}

/// Gives the caller's verdict on a message they may see, in place of an earlier one of theirs; `id` is used when there was
/// none. `None`: there is no such message.
///
/// # Errors
/// As [`find_many`]; [`DbError::Constraint`] when the comment is too long.
pub async fn give(
    scope: &WriteScope,
    id: &FeedbackId,
    message: &MessageId,
    rating: Rating,
    comment: Option<&str>,
) -> Result<Option<Model>, DbError> {
    let tenant = scope.tenant();
    let given = sql::first(
        scope,
        "INSERT INTO agent_feedback (organization_id, id, conversation_id, message_id, agent_id, agent_user_id,
                                     conversation_user_id, withheld, user_id, rating, comment)
         SELECT m.organization_id, $3, m.conversation_id, m.id, m.agent_id, m.agent_user_id, m.user_id, m.withheld, $4, $5, $6
         FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $2
         ON CONFLICT (organization_id, message_id, user_id)
         DO UPDATE SET rating = EXCLUDED.rating, comment = EXCLUDED.comment
         RETURNING *",
        [
            tenant.organization().as_str().into(),
            message.as_str().into(),
            id.as_str().into(),
            tenant.user().as_str().into(),
            rating.to_value().into(),
            comment.into(),
        ],
    )
    .await;
    match given {
        // The message was deleted while this ran.
        Err(error) if error.is_constraint("agent_feedback_message_fkey") => Ok(None),
        given => given,
    }
}

/// Takes the caller's verdict on a message back. `None`: they had given none, or there is no such message.
///
/// # Errors
/// As [`find_many`].
pub async fn withdraw(
    scope: &WriteScope,
    message: &MessageId,
) -> Result<Option<FeedbackId>, DbError> {
    let tenant = scope.tenant();
    let row: Option<Withdrawn> = sql::first(
        scope,
        "DELETE FROM agent_feedback WHERE organization_id = $1 AND message_id = $2 AND user_id = $3 RETURNING id",
        [
            tenant.organization().as_str().into(),
            message.as_str().into(),
            tenant.user().as_str().into(),
        ],
    )
    .await?;
    Ok(row.map(|row| row.id))
}

#[derive(FromQueryResult)]
struct Counted {
    agent_id: AgentId,
    up: i64,
    down: i64,
}

#[derive(FromQueryResult)]
struct Withdrawn {
    id: FeedbackId,
}
