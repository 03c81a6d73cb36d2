use agentry_db::agent_message::{self, NewMessage};
use agentry_db::entity::agent_message::Model;
use agentry_db::ids::MessageId;
use agentry_db::new_id;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;
use serde_json::Value;

use super::{Message, MessageRole};
use crate::check::{Checks, id_of};
use crate::conversation;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::{Action, RequestContext};

/// What to add to a conversation.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct AppendMessageInput {
    /// The conversation: one of yours that is not archived.
    conversation_id: ID,
    /// Who speaks.
    role: MessageRole,
    /// What was said: at least 1 character, and no more than the server's limit (100,000 unless it was set otherwise). It is
    /// kept exactly as it is.
    content: String,
    /// Notes of your own: a JSON object of at most 16,384 bytes, nested at most 16 deep.
    metadata: Option<Value>,
    /// A key of yours, 1 to 255 characters: the same key with the same input adds one message however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The message was added.
#[derive(Debug, SimpleObject)]
pub struct AppendMessageSuccess {
    /// The new message.
    appended_message: Message,
}

mutation_result! {
    /// How adding a message ended.
    AppendMessageResult = AppendMessageSuccess | ValidationFailed | NotFound | Forbidden | Conflict
}

/// Mutations of messages.
#[derive(Debug, Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Adds a message to a conversation of yours, as it is given; the agent does not answer.
    async fn append_message(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation, and what was said.")] input: AppendMessageInput,
    ) -> async_graphql::Result<AppendMessageResult> {
        let added = append(RequestContext::of(context)?, input).await;
        AppendMessageResult::from_outcome(
            added.map(|appended_message| AppendMessageSuccess { appended_message }),
        )
    }
}

async fn append(context: &RequestContext, input: AppendMessageInput) -> Result<Message, Failure> {
    context.may(Action::AppendMessage)?;
    let services = context.services();
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "appendMessage", &input, &mut checks)?;
    checks.text(
        "content",
        &input.content,
        services.limits.message_characters,
    );
    let new = NewMessage {
        conversation: id_of(input.conversation_id),
        role: input.role.into(),
        metadata: checks.metadata("metadata", input.metadata),
        content: input.content,
    };
    checks.finish()?;
    let (new, idempotency) = (&new, &idempotency);
    let (message, is_new): (Model, bool) = context
        .write(Action::AppendMessage, |scope| async move {
            let id: MessageId = new_id();
            if let Some(earlier) = idempotency.claim(&scope, id.as_str()).await? {
                let earlier = agent_message::find(&scope, &MessageId::from(earlier)).await?;
                let gone = || Failure::conflict("What this key made is gone by now.");
                return Ok((earlier.ok_or_else(gone)?, false));
            }
            match agent_message::append(&scope, &id, new).await? {
                Some(message) => Ok((message, true)),
                None => Err(conversation::refused(&scope, &new.conversation).await),
            }
        })
        .await?;
    if is_new {
        services.live.announce(
            &message.organization_id,
            &message.conversation_id,
            &message.id,
        );
    }
    Ok(message.into())
}
