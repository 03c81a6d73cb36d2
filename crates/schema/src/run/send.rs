use agentry_db::agent_message::{self, NewMessage};
use agentry_db::entity::MessageRole;
use agentry_db::ids::{AgentId, ConversationId, MessageId, RunId};
use agentry_db::{conversation, new_id};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;
use serde_json::Value;

use super::asked::{Asked, conversation_of, counted, earlier, enqueue, told};
use super::{OnBusy, Run};
use crate::check::{Checks, id_of};
use crate::conversation::{Conversation, begun, refused};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::message::Message;
use crate::{Action, Doing, RequestContext};

/// What to say to an agent.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct SendMessageInput {
    /// The agent: any that you may see. A conversation with it begins when none is given; with one, it is the one it is with.
    agent_id: Option<ID>,
    /// The conversation: one of yours that is not archived. Left out, one begins.
    conversation_id: Option<ID>,
    /// What to say: at least 1 character, and no more than the server's limit (100,000 unless it was set otherwise). It is kept
    /// exactly as it is.
    content: String,
    /// Notes of your own: a JSON object of at most 16,384 bytes, nested at most 16 deep.
    metadata: Option<Value>,
    /// What to do when the conversation is waiting for a reply already.
    #[graphql(default_with = "OnBusy::Reject")]
    on_busy: OnBusy,
    /// A key of yours, 1 to 255 characters: the same key with the same input sends one message however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The message was stored, and the agent will answer it.
#[derive(Debug, SimpleObject)]
pub struct SendMessageSuccess {
    /// The new message.
    message: Message,
    /// The agent's work on the reply.
    run: Run,
    /// The conversation.
    conversation: Conversation,
}

mutation_result! {
    /// How sending a message ended.
    SendMessageResult = SendMessageSuccess | ValidationFailed | NotFound | Forbidden | Conflict | ConversationBusy
        | ConnectionMissing | BudgetExceeded | LimitReached | TooManyRequests
}

/// Mutations that send messages to agents.
#[derive(Debug, Default)]
pub struct SendMutation;

#[Object]
impl SendMutation {
    /// Adds a message of yours to a conversation of yours, or to a new one, and has the agent answer it. It does not wait for the
    /// reply: read it from the run.
    async fn send_message(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "To whom, and what.")] input: SendMessageInput,
    ) -> async_graphql::Result<SendMessageResult> {
        let sent = send(RequestContext::of(context)?, input).await;
        SendMessageResult::from_outcome(sent.map(|asked| SendMessageSuccess {
            message: asked.message.into(),
            run: asked.run.into(),
            conversation: asked.conversation.into(),
        }))
    }
}

/// Where a message goes.
enum To {
    /// Into this conversation, which must be with this agent when one is named.
    Conversation(ConversationId, Option<AgentId>),
    /// Into a new one with this agent.
    Agent(AgentId),
}

async fn send(context: &RequestContext, input: SendMessageInput) -> Result<Asked, Failure> {
    context.may(Action::SendMessage)?;
    let limits = &context.services().limits;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "sendMessage", &input, &mut checks)?;
    checks.text("content", &input.content, limits.message_characters);
    let metadata = checks.metadata("metadata", input.metadata);
    let to = match (input.conversation_id.map(id_of), input.agent_id.map(id_of)) {
        (Some(conversation), agent) => Some(To::Conversation(conversation, agent)),
        (None, Some(agent)) => Some(To::Agent(agent)),
        (None, None) => {
            checks.refuse(
                "agentId",
                "Give the agent to begin a conversation with, or a conversation.",
            );
            None
        }
    };
    checks.finish()?;
    let Some(to) = to else {
        return Err(Checks::refused("agentId", "It must be given."));
    };
    if matches!(to, To::Agent(_)) {
        context.may(Action::CreateConversation)?;
    }
    counted(context, Action::SendMessage).await?;
    let (to, content, metadata, on_busy) = (&to, &input.content, &metadata, input.on_busy);
    let idempotency = &idempotency;
    let asked = context
        .write(Action::SendMessage, |scope| async move {
            let id: RunId = new_id();
            if let Some(made) = idempotency.claim(&scope, id.as_str()).await? {
                return earlier(&scope, &RunId::from(made)).await;
            }
            let (scope, conversation) = match to {
                To::Conversation(id, _) => (scope, id.clone()),
                To::Agent(agent) => begin(scope, agent).await?,
            };
            let new = NewMessage {
                conversation,
                role: MessageRole::User,
                content: content.clone(),
                metadata: metadata.clone(),
            };
            let message = agent_message::append(&scope, &new_id::<MessageId>(), &new).await?;
            let Some(message) = message else {
                return Err(refused(&scope, &new.conversation).await);
            };
            if let To::Conversation(_, Some(agent)) = to
                && *agent != message.agent_id
            {
                return Err(Checks::refused(
                    "agentId",
                    "The conversation is with another agent.",
                ));
            }
            let run = enqueue(&scope, &id, &message, on_busy, limits).await?;
            Ok(Asked {
                conversation: conversation_of(&scope, &new.conversation).await?,
                run,
                message,
                is_new: true,
            })
        })
        .await?;
    told(context, &asked, true);
    Ok(asked)
}

/// Begins a conversation with this agent.
async fn begin(scope: Doing, agent: &AgentId) -> Result<(Doing, ConversationId), Failure> {
    let scope = scope.turn_to(Action::CreateConversation)?;
    let id: ConversationId = new_id();
    let made = conversation::insert(&scope, &id, agent, None).await?;
    let made = made.ok_or_else(|| Failure::not_found("agent"))?;
    begun(&scope, &made).await?;
    Ok((scope.turn_to(Action::SendMessage)?, id))
}
