//! Forks: what was said up to a message, in a new conversation of its own.

use agentry_entity::conversation::Model;
use agentry_entity::id::{ConversationId, MessageId};
use sea_orm::{FromQueryResult, Value};

use crate::{DbError, WriteScope, new_id, sql};

/// The most messages that one fork copies.
pub const MAX_MESSAGES: usize = 10_000;

#[derive(FromQueryResult)]
struct Link {
    id: MessageId,
}

/// The messages from the first of a conversation up to this one, whichever branch is shown: oldest first, [`MAX_MESSAGES`] and one
/// more at the most.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn chain(scope: &WriteScope, message: &MessageId) -> Result<Vec<MessageId>, DbError> {
    let most = i64::try_from(MAX_MESSAGES + 1).unwrap_or(i64::MAX);
    let values: [Value; 3] = [
        scope.tenant().organization().as_str().into(),
        message.as_str().into(),
        most.into(),
    ];
    let links: Vec<Link> = sql::all(scope, CHAIN, values).await?;
    Ok(links.into_iter().map(|link| link.id).collect())
}

// By their ids alone: asked for the conversation too, PostgreSQL, which takes conversations for short, would walk all of it each time.
const CHAIN: &str = "
WITH RECURSIVE up AS (
  SELECT m.id, m.parent_id, 1::bigint AS height FROM agent_messages m
  WHERE m.organization_id = $1 AND m.id = $2
  UNION ALL
  SELECT m.id, m.parent_id, up.height + 1 FROM up
  JOIN agent_messages m ON m.organization_id = $1 AND m.id = up.parent_id
  WHERE up.height < $3
)
SELECT id FROM up ORDER BY height DESC";

/// Copies these messages of one conversation, in this order, into a new one of the caller's that has none yet, and notes where they
/// come from. Each copy is a millisecond later than the one before it, the last one is of now.
///
/// # Errors
/// As [`chain`]; [`DbError::Unexpected`] when the new conversation is not there.
pub async fn copy(
    scope: &WriteScope,
    from: &ConversationId,
    messages: &[MessageId],
    into: &ConversationId,
) -> Result<Model, DbError> {
    let olds: Vec<String> = messages.iter().map(ToString::to_string).collect();
    let news: Vec<String> = messages.iter().map(|_| new_id::<String>()).collect();
    let tenant = scope.tenant();
    let values: [Value; 5] = [
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
        into.as_str().into(),
        olds.into(),
        news.clone().into(),
    ];
    sql::run(scope, COPY, values).await?;
    let values: [Value; 6] = [
        tenant.organization().as_str().into(),
        into.as_str().into(),
        tenant.user().as_str().into(),
        news.last().cloned().into(),
        from.as_str().into(),
        messages.last().map(MessageId::as_str).into(),
    ];
    let made = sql::first(scope, NOTE, values).await?;
    made.ok_or_else(|| DbError::Unexpected("a fork into a conversation that is not there".into()))
}

// A run belongs to the conversation it was asked for in: copies have none, and keep the model and version that wrote them.
const COPY: &str = "
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata,
                            parent_id, agent_version, model, tool_calls, tool_call_id, tool_outcome, created_at, updated_at)
SELECT c.organization_id, c.id, w.new_id, c.agent_id, c.agent_user_id, c.user_id, c.withheld, m.role, m.content,
       m.metadata || jsonb_build_object('forkedFrom', jsonb_build_object('conversationId', m.conversation_id, 'messageId', m.id)),
       w.before_id, m.agent_version, m.model, m.tool_calls, m.tool_call_id, m.tool_outcome, w.at, w.at
FROM (
  SELECT w.old_id, w.new_id, lag(w.new_id) OVER (ORDER BY w.place) AS before_id,
         t.now - (count(*) OVER () - w.place) * interval '1 millisecond' AS at
  FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS w(old_id, new_id, place)
  CROSS JOIN (SELECT date_trunc('milliseconds', clock_timestamp()) AS now) t
) w
JOIN agent_messages m ON m.organization_id = $1 AND m.id = w.old_id
JOIN conversations c ON c.organization_id = $1 AND c.id = $3 AND c.user_id = $2";

const NOTE: &str = "
UPDATE conversations c SET head_id = $4, forked_from_id = $5, forked_at_id = $6,
  last_message_at = (SELECT m.created_at FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $4)
WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3
RETURNING *";
