use agentry_db::ids::{ConversationId, MessageId};
use agentry_db::{Scope, agent_message, conversation, fork, new_id};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;
use serde_json::json;

use super::Conversation;
use super::mutation::title;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::message::Message;
use crate::{Action, ApiError, Noun, RequestContext};

/// Where a conversation was forked from.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct ForkOrigin {
    /// The id that the other conversation has, or had.
    conversation_id: ID,
    /// The id that the message has, or had, up to which the other conversation was copied.
    message_id: ID,
}

impl From<(ConversationId, MessageId)> for ForkOrigin {
    fn from((conversation, message): (ConversationId, MessageId)) -> Self {
        Self {
            conversation_id: ID(conversation.into_string()),
            message_id: ID(message.into_string()),
        }
    }
}

#[ComplexObject]
impl ForkOrigin {
    /// The other conversation; null when it is gone, or not yours to see.
    #[graphql(complexity = "2 + child_complexity")]
    async fn conversation(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<Conversation>> {
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Conversations)?;
            let key = ConversationId::from(self.conversation_id.as_str());
            loader.load_one(key).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The last message that was copied; null when it is gone, or not yours to see.
    #[graphql(complexity = "2 + child_complexity")]
    async fn message(&self, context: &Context<'_>) -> Option<async_graphql::Result<Message>> {
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
            let key = MessageId::from(self.message_id.as_str());
            loader.load_one(key).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }
}

/// Where to fork a conversation.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct ForkConversationInput {
    /// The last message to copy, of a conversation of yours: archived or not, on the branch that is shown or on another.
    message_id: ID,
    /// The new conversation's title, one line of at most 200 characters; that of the other one when left out.
    title: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one conversation however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The conversation was forked.
#[derive(Debug, SimpleObject)]
pub struct ForkConversationSuccess {
    /// The new conversation.
    conversation: Conversation,
}

mutation_result! {
    /// How forking a conversation ended.
    ForkConversationResult = ForkConversationSuccess | ValidationFailed | NotFound | Forbidden | Conflict | LimitReached
}

/// Forking.
#[derive(Debug, Default)]
pub struct ForkMutation;

#[Object]
impl ForkMutation {
    /// Begins a conversation of yours with the same agent that holds copies of all messages up to this one: those that lead to it,
    /// in their order, at most 10,000. The other conversation stays as it is. Each copy is of now, and says in its metadata, as
    /// `forkedFrom`, what it is a copy of. Feedback and runs stay with the originals.
    async fn fork_conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At which message, and the title.")] input: ForkConversationInput,
    ) -> async_graphql::Result<ForkConversationResult> {
        let made = make(RequestContext::of(context)?, input).await;
        let success = |conversation| ForkConversationSuccess { conversation };
        ForkConversationResult::from_outcome(made.map(success))
    }
}

async fn make(
    context: &RequestContext,
    input: ForkConversationInput,
) -> Result<Conversation, Failure> {
    context.may(Action::ForkConversation)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "forkConversation", &input, &mut checks)?;
    let title = title(&mut checks, input.title);
    checks.finish()?;
    let given: MessageId = id_of(input.message_id);
    let (given, title, idempotency) = (&given, title.as_deref(), &idempotency);
    context
        .write(Action::ForkConversation, |scope| async move {
            let id: ConversationId = new_id();
            if let Some(earlier) = idempotency.claim(&scope, id.as_str()).await? {
                let earlier = conversation::find(&scope, &ConversationId::from(earlier)).await?;
                return earlier
                    .map(Conversation::from)
                    .ok_or_else(|| Failure::conflict("What this key made is gone by now."));
            }
            let from = forked(&scope, given).await?;
            let messages = fork::chain(&scope, given).await?;
            if messages.len() > fork::MAX_MESSAGES {
                let most = u32::try_from(fork::MAX_MESSAGES).unwrap_or(u32::MAX);
                return Err(Failure::limit_reached("messages in a fork", most));
            }
            let title = title.or(from.title.as_deref());
            let made = conversation::insert(&scope, &id, &from.agent_id, title).await?;
            if made.is_none() {
                return Err(Failure::forbidden(
                    "The agent of this conversation is no longer shared with you.",
                ));
            }
            let made = fork::copy(&scope, &from.id, &messages, &id).await?;
            let metadata = json!({
                "agentId": made.agent_id.as_str(), "forkedFrom": from.id.as_str(), "messages": messages.len(),
            });
            audited(&scope, "Conversation", made.id.as_str(), metadata).await?;
            Ok(made.into())
        })
        .await
}

/// The conversation of this message, if the caller may fork it.
async fn forked(
    scope: &Scope,
    message: &MessageId,
) -> Result<agentry_db::entity::conversation::Model, Failure> {
    let missing = || Failure::not_found("message");
    let message = agent_message::find(scope, message)
        .await?
        .ok_or_else(missing)?;
    let found = conversation::find(scope, &message.conversation_id).await?;
    let found = found.ok_or_else(missing)?;
    if found.user_id != *scope.tenant().user() {
        return Err(Failure::forbidden(
            "This conversation is somebody else's with your agent: only they can fork it.",
        ));
    }
    if found.withheld {
        // A new conversation with the agent is its owner's to see.
        return Err(Failure::forbidden(
            "This conversation is kept from the agent's present owner, who would see the fork.",
        ));
    }
    Ok(found)
}
