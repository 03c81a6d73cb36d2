use agentry_entity::id::{ConversationId, MessageId, RunId};
use agentry_entity::run::Model;

use crate::sql;
use crate::{DbError, WriteScope};

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The conversation it answers in: one of the caller's, held by this transaction.
    pub conversation: ConversationId,
    /// The message it answers.
    pub message: MessageId,
    /// The id that its reply will have.
    pub reply: MessageId,
    /// Which service serves the model as things stand; what is asked is decided again when its turn comes.
    pub service: String,
    /// The agent's model.
    pub model: String,
}

/// Stores a run and puts it in line, behind whatever its conversation has to do before it. Whoever calls has added to the
/// conversation in this transaction, or holds it by [`crate::conversation::hold`]: so runs of one conversation wait in the order
/// in which they were asked for, and each is newer than every message there was.
///
/// # Errors
/// [`DbError`] as the database answers; [`DbError::Unexpected`] when the conversation is not the caller's.
pub async fn create(scope: &WriteScope, new: &NewRun) -> Result<Model, DbError> {
    let NewRun {
        id,
        conversation,
        message,
        reply,
        service,
        model,
    } = new;
    let tenant = scope.tenant();
    let values = [
        tenant.organization().as_str().into(),
        conversation.as_str().into(),
        tenant.user().as_str().into(),
        id.as_str().into(),
        message.as_str().into(),
        reply.as_str().into(),
        service.as_str().into(),
        model.as_str().into(),
    ];
    let made = sql::first(scope, CREATE, values).await?;
    made.ok_or_else(|| DbError::Unexpected("a run of a conversation that is not theirs".to_owned()))
}

// Later than each message but the one it answers, by a millisecond at least: what is newer than it came after it.
const CREATE: &str = "
WITH made AS (
  INSERT INTO runs (organization_id, id, conversation_id, agent_id, agent_user_id, user_id, withheld, message_id, reply_id, service, model,
                    created_at, updated_at)
  SELECT c.organization_id, $4, c.id, c.agent_id, c.agent_user_id, c.user_id, c.withheld, $5, $6, $7, $8, t.at, t.at
  FROM conversations c
  CROSS JOIN LATERAL (SELECT GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond') AS at) t
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3
  RETURNING *
)
SELECT made.*, run_enqueue(made.id, made.conversation_id) FROM made";
