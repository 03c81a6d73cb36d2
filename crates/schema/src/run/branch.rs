//! Branches: other replies to a message, other messages in its place, and which of them are shown.

use agentry_db::entity::agent_message::Model;
use agentry_db::entity::{MessageRole, conversation as entity};
use agentry_db::ids::{MessageId, RunId};
use agentry_db::{WriteScope, agent_message, conversation, new_id, run};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;

use super::asked::{Asked, conversation_of, counted, earlier, enqueue, told};
use super::tools::answered_with;
use super::{OnBusy, Run};
use crate::check::{Checks, id_of};
use crate::conversation::{Conversation, refused};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::message::Message;
use crate::{Action, RequestContext};

/// What to have answered anew.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct RegenerateMessageInput {
    /// A reply, to have another beside it; or a message of yours, or what came of the last tool call of a reply, to have it answered,
    /// again or at last. In a conversation of yours that is not archived.
    message_id: ID,
    /// What to do when the conversation is waiting for a reply already.
    #[graphql(default_with = "OnBusy::Reject")]
    on_busy: OnBusy,
    /// A key of yours, 1 to 255 characters: the same key with the same input asks once however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What to say instead.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct EditMessageInput {
    /// The message of yours that another is to stand beside, in a conversation of yours that is not archived.
    message_id: ID,
    /// What to say: at least 1 character, and no more than the server's limit (100,000 unless it was set otherwise). It is kept
    /// exactly as it is.
    content: String,
    /// What to do when the conversation is waiting for a reply already.
    #[graphql(default_with = "OnBusy::Reject")]
    on_busy: OnBusy,
    /// A key of yours, 1 to 255 characters: the same key with the same input adds one message however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// Which branch to show.
#[derive(Debug, Clone, InputObject)]
pub struct SelectBranchInput {
    /// A message on the branch, in a conversation of yours that is not archived.
    message_id: ID,
}

/// The agent will answer anew.
#[derive(Debug, SimpleObject)]
pub struct RegenerateMessageSuccess {
    /// The message that is answered.
    message: Message,
    /// The agent's work on the reply.
    run: Run,
    /// The conversation.
    conversation: Conversation,
}

/// The new message was stored, and the agent will answer it.
#[derive(Debug, SimpleObject)]
pub struct EditMessageSuccess {
    /// The new message.
    message: Message,
    /// The agent's work on the reply.
    run: Run,
    /// The conversation.
    conversation: Conversation,
}

/// The branch is shown.
#[derive(Debug, SimpleObject)]
pub struct SelectBranchSuccess {
    /// The conversation.
    conversation: Conversation,
}

mutation_result! {
    /// How asking for another reply ended.
    RegenerateMessageResult = RegenerateMessageSuccess | ValidationFailed | NotFound | Forbidden | Conflict | ConversationBusy
        | ConnectionMissing | BudgetExceeded | LimitReached | TooManyRequests
}
mutation_result! {
    /// How editing a message ended.
    EditMessageResult = EditMessageSuccess | ValidationFailed | NotFound | Forbidden | Conflict | ConversationBusy
        | ConnectionMissing | BudgetExceeded | LimitReached | TooManyRequests
}
mutation_result! {
    /// How selecting a branch ended.
    SelectBranchResult = SelectBranchSuccess | NotFound | Forbidden | Conflict
}

/// Mutations of branches.
#[derive(Debug, Default)]
pub struct BranchMutation;

#[Object]
impl BranchMutation {
    /// Has the agent answer a message anew. The new reply stands beside the old one, and is shown in its place, with nothing behind
    /// it, as soon as the run has ended; the old one and what followed it are kept, and `selectBranch` shows them again. A run that
    /// ends without having said anything changes nothing.
    async fn regenerate_message(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which reply, or which message.")] input: RegenerateMessageInput,
    ) -> async_graphql::Result<RegenerateMessageResult> {
        let asked = regenerate(RequestContext::of(context)?, input).await;
        RegenerateMessageResult::from_outcome(asked.map(|asked| RegenerateMessageSuccess {
            message: asked.message.into(),
            run: asked.run.into(),
            conversation: asked.conversation.into(),
        }))
    }

    /// Says something else instead of a message of yours, and has the agent answer it. The new message stands beside the old one and
    /// is shown in its place at once; the old one and what followed it are kept, and `selectBranch` shows them again.
    async fn edit_message(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which message, and what to say instead.")] input: EditMessageInput,
    ) -> async_graphql::Result<EditMessageResult> {
        let asked = edit(RequestContext::of(context)?, input).await;
        EditMessageResult::from_outcome(asked.map(|asked| EditMessageSuccess {
            message: asked.message.into(),
            run: asked.run.into(),
            conversation: asked.conversation.into(),
        }))
    }

    /// Shows the branch of a conversation that goes through a message: all before it, and after it the newest at each fork.
    async fn select_branch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "A message on the branch.")] input: SelectBranchInput,
    ) -> async_graphql::Result<SelectBranchResult> {
        let selected = select(RequestContext::of(context)?, input).await;
        SelectBranchResult::from_outcome(selected.map(|conversation| SelectBranchSuccess {
            conversation: conversation.into(),
        }))
    }
}

async fn regenerate(
    context: &RequestContext,
    input: RegenerateMessageInput,
) -> Result<Asked, Failure> {
    context.may(Action::RegenerateMessage)?;
    let limits = &context.services().limits;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "regenerateMessage", &input, &mut checks)?;
    checks.finish()?;
    counted(context, Action::RegenerateMessage).await?;
    let given: MessageId = id_of(input.message_id);
    let (given, on_busy, idempotency) = (&given, input.on_busy, &idempotency);
    let asked = context
        .write(Action::RegenerateMessage, |scope| async move {
            let id: RunId = new_id();
            if let Some(made) = idempotency.claim(&scope, id.as_str()).await? {
                return earlier(&scope, &RunId::from(made)).await;
            }
            let pointed = held(&scope, given).await?;
            let answered = answered(&scope, &pointed).await?;
            if !pointed.is_current {
                run::select(&scope, &pointed.conversation_id, &pointed.id).await?;
            }
            let run = enqueue(&scope, &id, &answered, on_busy, limits).await?;
            Ok(Asked {
                conversation: conversation_of(&scope, &answered.conversation_id).await?,
                message: agent_message::find(&scope, &answered.id)
                    .await?
                    .unwrap_or(answered),
                run,
                is_new: true,
            })
        })
        .await?;
    told(context, &asked, false);
    Ok(asked)
}

/// The message that would be answered anew.
async fn answered(scope: &WriteScope, pointed: &Model) -> Result<Model, Failure> {
    match pointed.role {
        MessageRole::User => Ok(pointed.clone()),
        MessageRole::Assistant => {
            let nothing = || Failure::conflict("There is no message that this one answers.");
            let before = pointed.parent_id.as_ref().ok_or_else(nothing)?;
            let before = agent_message::find(scope, before).await?;
            before.ok_or_else(nothing)
        }
        MessageRole::Tool if pointed.tool_call_id.is_some() => answered_with(scope, pointed).await,
        MessageRole::System | MessageRole::Tool => Err(Checks::refused(
            "messageId",
            "It must be a reply, a user's message, or what came of a tool call.",
        )),
    }
}

async fn edit(context: &RequestContext, input: EditMessageInput) -> Result<Asked, Failure> {
    context.may(Action::EditMessage)?;
    let limits = &context.services().limits;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "editMessage", &input, &mut checks)?;
    checks.text("content", &input.content, limits.message_characters);
    checks.finish()?;
    counted(context, Action::EditMessage).await?;
    let given: MessageId = id_of(input.message_id);
    let (given, content) = (&given, &input.content);
    let (on_busy, idempotency) = (input.on_busy, &idempotency);
    let asked = context
        .write(Action::EditMessage, |scope| async move {
            let id: RunId = new_id();
            if let Some(made) = idempotency.claim(&scope, id.as_str()).await? {
                return earlier(&scope, &RunId::from(made)).await;
            }
            let beside = held(&scope, given).await?;
            if beside.role != MessageRole::User {
                return Err(Checks::refused("messageId", "It must be a user's message."));
            }
            let made = run::edit(&scope, &new_id(), &beside, content).await?;
            let message = made.ok_or_else(|| Failure::not_found("message"))?;
            let run = enqueue(&scope, &id, &message, on_busy, limits).await?;
            Ok(Asked {
                conversation: conversation_of(&scope, &message.conversation_id).await?,
                run,
                message,
                is_new: true,
            })
        })
        .await?;
    told(context, &asked, true);
    Ok(asked)
}

async fn select(
    context: &RequestContext,
    input: SelectBranchInput,
) -> Result<entity::Model, Failure> {
    let given: MessageId = id_of(input.message_id);
    let given = &given;
    context
        .write(Action::SelectBranch, |scope| async move {
            let message = held(&scope, given).await?;
            let shown = run::select(&scope, &message.conversation_id, &message.id).await?;
            shown.ok_or_else(|| Failure::not_found("message"))
        })
        .await
}

/// A message in a conversation that the caller may add to, which is held until the transaction ends: the message as it is then.
pub(super) async fn held(scope: &WriteScope, id: &MessageId) -> Result<Model, Failure> {
    let missing = || Failure::not_found("message");
    let message = agent_message::find(scope, id).await?.ok_or_else(missing)?;
    let conversation = &message.conversation_id;
    if conversation::hold(scope, conversation).await?.is_none() {
        return Err(refused(scope, conversation).await);
    }
    agent_message::find(scope, id).await?.ok_or_else(missing)
}
