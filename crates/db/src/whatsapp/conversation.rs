//! Into which conversation a sender's messages to an agent go.

use std::time::Duration;

use agentry_entity::id::{AgentId, ConversationId};
use sea_orm::{FromQueryResult, Value};

use super::seconds;
use crate::{DbError, Scope, WriteScope, sql};

#[derive(FromQueryResult)]
struct Found {
    conversation_id: ConversationId,
}

/// The conversation of the acting user's with this agent that goes on: one that is not archived, and in which something was said within
/// `idle`. `None`: another one begins.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn current(
    scope: &Scope,
    agent: &AgentId,
    sender: &str,
    idle: Duration,
) -> Result<Option<ConversationId>, DbError> {
    let mut values = who(scope, agent, sender);
    values.push(seconds(idle).into());
    let found: Option<Found> = sql::first(
        scope,
        "SELECT w.conversation_id FROM whatsapp_conversations w
         JOIN conversations c ON c.organization_id = w.organization_id AND c.id = w.conversation_id
         WHERE w.organization_id = $1 AND w.agent_id = $2 AND w.user_id = $3 AND w.sender = $4 AND c.archived_at IS NULL
           AND coalesce(c.last_message_at, c.created_at) > clock_timestamp() - make_interval(secs => $5)",
        values,
    )
    .await?;
    Ok(found.map(|found| found.conversation_id))
}

/// From now on they go into this conversation of the acting user's with the agent.
///
/// # Errors
/// As [`current`].
pub async fn keep(
    scope: &WriteScope,
    agent: &AgentId,
    sender: &str,
    conversation: &ConversationId,
) -> Result<(), DbError> {
    let mut values = who(scope, agent, sender);
    values.push(conversation.as_str().into());
    sql::run(
        scope,
        "INSERT INTO whatsapp_conversations (organization_id, agent_id, user_id, sender, agent_user_id, withheld, conversation_id)
         SELECT c.organization_id, c.agent_id, c.user_id, $4, c.agent_user_id, c.withheld, c.id
         FROM conversations c WHERE c.organization_id = $1 AND c.id = $5 AND c.agent_id = $2 AND c.user_id = $3
         ON CONFLICT (organization_id, agent_id, user_id, sender) DO UPDATE
         SET agent_user_id = EXCLUDED.agent_user_id, withheld = EXCLUDED.withheld, conversation_id = EXCLUDED.conversation_id",
        values,
    )
    .await
}

fn who(scope: &Scope, agent: &AgentId, sender: &str) -> Vec<Value> {
    let tenant = scope.tenant();
    vec![
        tenant.organization().as_str().into(),
        agent.as_str().into(),
        tenant.user().as_str().into(),
        sender.into(),
    ]
}
