//! The form `agentry.conversation.v1`; `docs/conversations.md` describes it. What is there stays; more may come.

use agentry_db::entity::agent_feedback::Model as Feedback;
use agentry_db::entity::agent_message::Model as Message;
use agentry_db::entity::conversation::Model as Conversation;
use agentry_db::entity::{MessageRole, Rating, ToolOutcome};
use agentry_db::ids::{MessageId, RunId};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::ApiError;

const FORM: &str = "agentry.conversation.v1";

/// Behind the last message.
pub(super) const END: &str = "\n]}\n";

/// All before the first message.
pub(super) fn head(
    conversation: &Conversation,
    exported_at: DateTime<Utc>,
    branch: &str,
) -> Result<String, ApiError> {
    let about = json!({
        "id": conversation.id.as_str(),
        "title": conversation.title,
        "agentId": conversation.agent_id.as_str(),
        "userId": conversation.user_id.as_str(),
        "createdAt": time(conversation.created_at),
        "updatedAt": time(conversation.updated_at),
        "lastMessageAt": conversation.last_message_at.map(time),
        "archivedAt": conversation.archived_at.map(time),
        "forkedFrom": conversation.forked_from_id.as_ref().zip(conversation.forked_at_id.as_ref()).map(|(from, at)| {
            json!({ "conversationId": from.as_str(), "messageId": at.as_str() })
        }),
    });
    let about = serde_json::to_string(&about).map_err(ApiError::internal)?;
    let at = time(exported_at);
    Ok(format!(
        "{{\"format\":\"{FORM}\",\"exportedAt\":\"{at}\",\"branch\":\"{branch}\",\"conversation\":{about},\"messages\":["
    ))
}

/// Adds a message, on a line of its own.
pub(super) fn message(
    text: &mut String,
    message: Message,
    feedback: Option<Feedback>,
    is_first: bool,
) -> Result<(), ApiError> {
    let feedback = feedback.map(|feedback| {
        json!({
            "rating": rating(feedback.rating),
            "comment": feedback.comment,
            "createdAt": time(feedback.created_at),
            "updatedAt": time(feedback.updated_at),
        })
    });
    let message = json!({
        "id": message.id.as_str(),
        "parentId": message.parent_id.as_ref().map(MessageId::as_str),
        "isCurrent": message.is_current,
        "role": role(message.role),
        "content": message.content,
        "metadata": message.metadata,
        "model": message.model,
        "agentVersion": message.agent_version,
        "runId": message.run_id.as_ref().map(RunId::as_str),
        "toolCalls": message.tool_calls.unwrap_or(Value::Null),
        "toolCallId": message.tool_call_id,
        "toolOutcome": message.tool_outcome.map(outcome),
        "createdAt": time(message.created_at),
        "feedback": feedback,
    });
    text.push_str(if is_first { "\n" } else { ",\n" });
    text.push_str(&serde_json::to_string(&message).map_err(ApiError::internal)?);
    Ok(())
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

const fn role(role: MessageRole) -> &'static str {
    match role {
        MessageRole::User => "user",
        MessageRole::Assistant => "assistant",
        MessageRole::System => "system",
        MessageRole::Tool => "tool",
    }
}

pub(super) const fn outcome(outcome: ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Result => "result",
        ToolOutcome::Error => "error",
        ToolOutcome::Denied => "denied",
    }
}

pub(super) const fn rating(rating: Rating) -> &'static str {
    match rating {
        Rating::Up => "up",
        Rating::Down => "down",
    }
}
