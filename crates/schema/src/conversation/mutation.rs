use agentry_db::entity::conversation::Model;
use agentry_db::ids::{AgentId, ConversationId};
use agentry_db::{Scope, conversation, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use serde::Serialize;
use serde_json::json;

use super::Conversation;
use crate::check::{Checks, id_of, optional_field};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::{Action, Doing, RequestContext};

const MAX_TITLE: usize = 200;

/// With which agent to begin a conversation.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateConversationInput {
    /// The agent: any that you may see.
    agent_id: ID,
    /// The conversation's title, one line of at most 200 characters.
    title: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one conversation however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What to call a conversation.
#[derive(Debug, Clone, InputObject)]
pub struct RenameConversationInput {
    /// The conversation: one of yours.
    id: ID,
    /// Its title, one line of at most 200 characters; null takes it away, and left out it stays.
    title: MaybeUndefined<String>,
}

/// Whether a conversation is put away.
#[derive(Debug, Clone, InputObject)]
pub struct ArchiveConversationInput {
    /// The conversation: one of yours.
    id: ID,
    /// True puts it away: nothing can be added to it any more. False takes it out again.
    archived: bool,
}

/// Which conversation to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteConversationInput {
    /// The conversation: one of yours.
    id: ID,
}

/// The conversation was made.
#[derive(Debug, SimpleObject)]
pub struct CreateConversationSuccess {
    /// The new conversation.
    conversation: Conversation,
}

/// The conversation has its new title.
#[derive(Debug, SimpleObject)]
pub struct RenameConversationSuccess {
    /// The conversation as it is now.
    conversation: Conversation,
}

/// The conversation was put away or taken out, or had been before.
#[derive(Debug, SimpleObject)]
pub struct ArchiveConversationSuccess {
    /// The conversation as it is now.
    conversation: Conversation,
}

/// The conversation is gone, with its messages and their feedback.
#[derive(Debug, SimpleObject)]
pub struct DeleteConversationSuccess {
    /// The id it had.
    deleted_conversation_id: ID,
}

mutation_result! {
    /// How making a conversation ended.
    CreateConversationResult = CreateConversationSuccess | ValidationFailed | NotFound | Conflict
}
mutation_result! {
    /// How naming a conversation ended.
    RenameConversationResult = RenameConversationSuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How putting a conversation away ended.
    ArchiveConversationResult = ArchiveConversationSuccess | NotFound | Forbidden
}
mutation_result! {
    /// How deleting a conversation ended.
    DeleteConversationResult = DeleteConversationSuccess | NotFound | Forbidden
}

/// Mutations of conversations.
#[derive(Debug, Default)]
pub struct ConversationMutation;

#[Object]
impl ConversationMutation {
    /// Begins a conversation of yours with an agent that you may see.
    async fn create_conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "With which agent, and the title.")] input: CreateConversationInput,
    ) -> async_graphql::Result<CreateConversationResult> {
        let made = create(RequestContext::of(context)?, input).await;
        let success = |conversation| CreateConversationSuccess { conversation };
        CreateConversationResult::from_outcome(made.map(success))
    }

    /// Gives a conversation of yours another title, or none.
    async fn rename_conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation, and its title.")] input: RenameConversationInput,
    ) -> async_graphql::Result<RenameConversationResult> {
        let renamed = rename(RequestContext::of(context)?, input).await;
        let success = |conversation| RenameConversationSuccess { conversation };
        RenameConversationResult::from_outcome(renamed.map(success))
    }

    /// Puts a conversation of yours away, or takes it out again. Saying it twice changes nothing.
    async fn archive_conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation, and whether it is put away.")]
        input: ArchiveConversationInput,
    ) -> async_graphql::Result<ArchiveConversationResult> {
        let archived = archive(RequestContext::of(context)?, input).await;
        let success = |conversation| ArchiveConversationSuccess { conversation };
        ArchiveConversationResult::from_outcome(archived.map(success))
    }

    /// Deletes a conversation of yours, with its messages and their feedback.
    async fn delete_conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation.")] input: DeleteConversationInput,
    ) -> async_graphql::Result<DeleteConversationResult> {
        DeleteConversationResult::from_outcome(delete(RequestContext::of(context)?, input).await)
    }
}

/// Why a conversation could not be written to: there is none, it is somebody else's, it is archived, or its agent is no
/// longer the caller's to see.
pub(crate) async fn refused(scope: &Scope, id: &ConversationId) -> Failure {
    match conversation::find(scope, id).await {
        Err(error) => error.into(),
        Ok(None) => Failure::not_found("conversation"),
        Ok(Some(found)) if found.user_id != *scope.tenant().user() => Failure::forbidden(
            "This conversation is somebody else's with your agent: only they can change it.",
        ),
        Ok(Some(found)) if found.archived_at.is_some() => {
            Failure::conflict("This conversation is archived. Take it out of the archive first.")
        }
        Ok(Some(_)) => {
            Failure::forbidden("The agent of this conversation is no longer shared with you.")
        }
    }
}

async fn create(
    context: &RequestContext,
    input: CreateConversationInput,
) -> Result<Conversation, Failure> {
    context.may(Action::CreateConversation)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "createConversation", &input, &mut checks)?;
    let title = title(&mut checks, input.title);
    checks.finish()?;
    let agent: AgentId = id_of(input.agent_id);
    let (agent, title, idempotency) = (&agent, title.as_deref(), &idempotency);
    context
        .write(Action::CreateConversation, |scope| async move {
            let id: ConversationId = new_id();
            if let Some(earlier) = idempotency.claim(&scope, id.as_str()).await? {
                let earlier = conversation::find(&scope, &ConversationId::from(earlier)).await?;
                return earlier
                    .map(Conversation::from)
                    .ok_or_else(|| Failure::conflict("What this key made is gone by now."));
            }
            let made = conversation::insert(&scope, &id, agent, title).await?;
            let made = made.ok_or_else(|| Failure::not_found("agent"))?;
            noted(&scope, made).await
        })
        .await
}

async fn rename(
    context: &RequestContext,
    input: RenameConversationInput,
) -> Result<Conversation, Failure> {
    context.may(Action::RenameConversation)?;
    let mut checks = Checks::default();
    let title = optional_field(input.title).map(|given| title(&mut checks, given));
    checks.finish()?;
    let id: ConversationId = id_of(input.id);
    let (id, title) = (&id, title.as_ref().map(Option::as_deref));
    context
        .write(Action::RenameConversation, |scope| async move {
            match conversation::rename(&scope, id, title).await? {
                Some(renamed) => noted(&scope, renamed).await,
                None => Err(refused(&scope, id).await),
            }
        })
        .await
}

async fn archive(
    context: &RequestContext,
    input: ArchiveConversationInput,
) -> Result<Conversation, Failure> {
    let id: ConversationId = id_of(input.id);
    let id = &id;
    let action = if input.archived {
        Action::ArchiveConversation
    } else {
        Action::UnarchiveConversation
    };
    context
        .write(action, |scope| async move {
            match conversation::archive(&scope, id, input.archived).await? {
                Some(archived) => noted(&scope, archived).await,
                None => Err(refused(&scope, id).await),
            }
        })
        .await
}

async fn delete(
    context: &RequestContext,
    input: DeleteConversationInput,
) -> Result<DeleteConversationSuccess, Failure> {
    let id: ConversationId = id_of(input.id);
    let given = &id;
    context
        .write(Action::DeleteConversation, |scope| async move {
            if !conversation::delete(&scope, given).await? {
                return Err(refused(&scope, given).await);
            }
            audited(&scope, "Conversation", given.as_str(), json!({})).await
        })
        .await?;
    Ok(DeleteConversationSuccess {
        deleted_conversation_id: ID(id.into_string()),
    })
}

/// Notes what was done. Titles stay out of the trail: administrators read it, and conversations are not theirs to read.
async fn noted(scope: &Doing, conversation: Model) -> Result<Conversation, Failure> {
    begun(scope, &conversation).await?;
    Ok(conversation.into())
}

/// As [`noted`].
pub(crate) async fn begun(scope: &Doing, conversation: &Model) -> Result<(), Failure> {
    let id = conversation.id.as_str();
    let metadata = json!({ "agentId": conversation.agent_id.as_str() });
    audited(scope, "Conversation", id, metadata).await
}

/// A title; an empty one counts as none.
pub(super) fn title(checks: &mut Checks, title: Option<String>) -> Option<String> {
    let title = title.filter(|title| !title.trim().is_empty())?;
    Some(checks.name("title", &title, MAX_TITLE))
}
