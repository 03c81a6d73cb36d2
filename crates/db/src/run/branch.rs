//! Branches. The messages of a conversation are a tree; the current ones among them are one way through it, from the first
//! message to `head_id`.

use agentry_entity::agent_message::Model;
use agentry_entity::conversation;
use agentry_entity::id::{ConversationId, MessageId, RunId};
use chrono::{DateTime, Utc};
use sea_orm::Value;

use crate::sql;
use crate::{DbError, WriteScope};

/// A reply that takes its place.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// Its id: the run's `reply_id`.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The message it follows: the one the run answers, or the last result of a tool that it called.
    pub after: MessageId,
    /// The run that wrote it.
    pub run: RunId,
    /// When the run was asked for: its `created_at`.
    pub asked: DateTime<Utc>,
    /// What it says: not empty, unless it calls tools.
    pub content: String,
    /// Which version of the agent wrote it.
    pub agent_version: Option<i32>,
    /// The model that wrote it.
    pub model: String,
    /// The tools it calls: a JSON array.
    pub tool_calls: Option<serde_json::Value>,
}

/// Shows the branch that goes through a message of a conversation that this transaction holds: all before it, and after it the
/// newest at each fork. `None`: the conversation is not the caller's, or has no such message.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn select(
    scope: &WriteScope,
    conversation: &ConversationId,
    message: &MessageId,
) -> Result<Option<conversation::Model>, DbError> {
    let values = [who(scope, conversation), vec![message.as_str().into()]].concat();
    sql::first(scope, SELECT, values).await
}

// Messages are found by their ids alone, and by the ids of those they follow, in the very words of the index: asked for the
// conversation too, PostgreSQL, which takes conversations for short, would walk all of it at each step.
const SELECT: &str = "
WITH RECURSIVE up AS (
  SELECT m.id, m.parent_id FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $4
  UNION
  SELECT m.id, m.parent_id FROM up JOIN agent_messages m ON m.organization_id = $1 AND m.id = up.parent_id
), down AS (
  SELECT id, 1 AS depth FROM up WHERE id = $4
  UNION ALL
  SELECT n.id, down.depth + 1 FROM down CROSS JOIN LATERAL (
    SELECT m.id FROM agent_messages m
    WHERE m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = down.id
    ORDER BY m.created_at DESC, m.id DESC LIMIT 1) n
), way AS (
  SELECT id FROM up UNION SELECT id FROM down
), turned AS (
  UPDATE agent_messages m SET is_current = NOT m.is_current
  WHERE m.organization_id = $1 AND m.conversation_id = $2 AND EXISTS (SELECT FROM up)
    AND m.is_current <> (m.id IN (SELECT id FROM way))
)
UPDATE conversations c SET head_id = (SELECT id FROM down ORDER BY depth DESC LIMIT 1)
WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3 AND EXISTS (SELECT FROM up)
RETURNING c.*";

/// Adds a user's message beside another one, in a conversation of the caller's that this transaction holds, and shows its
/// branch. `None`: there is no such message there.
///
/// # Errors
/// As [`select`]; [`DbError::Constraint`] when a value is outside what its column takes.
pub async fn edit(
    scope: &WriteScope,
    id: &MessageId,
    beside: &Model,
    content: &str,
) -> Result<Option<Model>, DbError> {
    let own = [
        id.as_str().into(),
        beside.id.as_str().into(),
        content.into(),
    ];
    let values = [who(scope, &beside.conversation_id), own.to_vec()].concat();
    let made: Option<Model> = sql::first(scope, EDIT, values).await?;
    if made.is_some() {
        select(scope, &beside.conversation_id, id).await?;
    }
    Ok(made)
}

const EDIT: &str = "
WITH conversation AS (
  UPDATE conversations c
  SET last_message_at = GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond')
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3
  RETURNING c.*
)
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata,
                            parent_id, created_at, updated_at)
SELECT c.organization_id, c.id, $4, c.agent_id, c.agent_user_id, c.user_id, c.withheld, m.role, $6, m.metadata,
       m.parent_id, c.last_message_at, c.last_message_at
FROM conversation c JOIN agent_messages m ON m.organization_id = $1 AND m.id = $5
RETURNING *";

/// Stores a run's reply in a conversation of the caller's, under the message it follows. `None`: there is no such conversation or
/// message any more.
///
/// Where that message is shown, so is the reply: what followed it there when the run was asked for, and replies that came since,
/// are shown no more (they are kept beside it), and what was said since follows the reply. Where another branch has been
/// selected meanwhile, it stays selected.
///
/// # Errors
/// As [`edit`].
pub async fn place_reply(scope: &WriteScope, new: &NewReply) -> Result<Option<Model>, DbError> {
    // A statement of its own: the next one then sees what it waited for.
    let held = "SELECT 1 FROM conversations WHERE organization_id = $1 AND id = $2 AND user_id = $3 FOR NO KEY UPDATE";
    sql::run(scope, held, who(scope, &new.conversation)).await?;
    let own = [
        new.id.as_str().into(),
        new.after.as_str().into(),
        new.asked.into(),
        new.content.as_str().into(),
        new.run.as_str().into(),
        new.agent_version.into(),
        new.model.as_str().into(),
        new.tool_calls.clone().into(),
    ];
    let values = [who(scope, &new.conversation), own.to_vec()].concat();
    sql::first(scope, PLACE, values).await
}

// `chain` is what is shown behind the message that is answered. Of it, `later` is the first that was said after the run was asked for and
// is no reply, nor what came of a reply's tool calls: it waits in line behind this reply. All before that is what the reply takes the
// place of.
const PLACE: &str = "
WITH RECURSIVE answered AS (
  SELECT m.id, m.is_current FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $5
), chain AS (
  SELECT m.id, m.run_id, m.tool_call_id, m.created_at, 1 AS depth FROM answered a
  JOIN agent_messages m ON m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = a.id
  WHERE a.is_current AND m.is_current
  UNION ALL
  SELECT m.id, m.run_id, m.tool_call_id, m.created_at, chain.depth + 1 FROM chain
  JOIN agent_messages m ON m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = chain.id
  WHERE m.is_current
), later AS (
  SELECT id, depth FROM chain WHERE run_id IS NULL AND tool_call_id IS NULL AND created_at >= $6 ORDER BY depth LIMIT 1
), replaced AS (
  UPDATE agent_messages m SET is_current = false FROM chain
  WHERE m.organization_id = $1 AND m.id = chain.id
    AND chain.depth < coalesce((SELECT depth FROM later), chain.depth + 1)
), moved AS (
  UPDATE agent_messages m SET parent_id = $4 FROM later WHERE m.organization_id = $1 AND m.id = later.id
), conversation AS (
  UPDATE conversations c
  SET last_message_at = GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond'),
      head_id = CASE WHEN a.is_current AND NOT EXISTS (SELECT FROM later) THEN $4 ELSE c.head_id END
  FROM answered a
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3
  RETURNING c.*
)
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata,
                            parent_id, is_current, run_id, agent_version, model, tool_calls, created_at, updated_at)
SELECT c.organization_id, c.id, $4, c.agent_id, c.agent_user_id, c.user_id, c.withheld, 'assistant', $7, '{}',
       a.id, a.is_current, $8, $9, $10, $11, c.last_message_at, c.last_message_at
FROM conversation c CROSS JOIN answered a
RETURNING *";

/// `$1` to `$3`: the organisation, the conversation and the user acting.
fn who(scope: &WriteScope, conversation: &ConversationId) -> Vec<Value> {
    let tenant = scope.tenant();
    vec![
        tenant.organization().as_str().into(),
        conversation.as_str().into(),
        tenant.user().as_str().into(),
    ]
}
