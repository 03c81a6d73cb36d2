//! What somebody and an agent say to each other, as a page shows it.

use agentry_db::agent_message::{self, Branch};
use agentry_db::entity::{agent_message as message, conversation as entity, run as work};
use agentry_db::ids::{AgentId, ConversationId};
use agentry_db::run::{self, Missing, Serving};
use agentry_db::{Direction, PageRequest, Scope, Slice, conversation};

use crate::{ApiError, Noun, RequestContext};

/// A conversation of the caller's with an agent.
#[derive(Debug, Clone)]
pub struct Talk {
    /// The conversation.
    pub conversation: entity::Model,
    /// The newest messages of the branch that is shown, oldest first.
    pub messages: Vec<message::Model>,
    /// Whether there are messages before these.
    pub is_cut: bool,
    /// The run that is going on, or else the first that waits.
    pub active: Option<work::Model>,
    /// The run that was asked for last.
    pub last: Option<work::Model>,
}

/// The caller's own conversation of this id with this agent; where there is none, or it was put away, the one in which something
/// happened last. Its newest `most` messages.
///
/// # Errors
/// [`ApiError::Unauthenticated`]; [`ApiError::Db`] as the database answers.
pub async fn talk(
    context: &RequestContext,
    agent: &AgentId,
    id: Option<&ConversationId>,
    most: u64,
) -> Result<Option<Talk>, ApiError> {
    context.allow(Noun::Messages, agentry_auth::Access::Read)?;
    let scope = context.read(Noun::Conversations).await?;
    let Some(conversation) = find(&scope, agent, id).await? else {
        return Ok(None);
    };
    let these = std::slice::from_ref(&conversation.id);
    // Before the messages: of a reply that ends in between there are both, and not neither.
    let active = run::active_many(&scope, these).await?;
    let last = run::list_many(&scope, these, &newest(1)).await?;
    let id = &conversation.id;
    let said = agent_message::list(&scope, id, Branch::Current, &newest(most)).await?;
    Ok(Some(Talk {
        active: active.into_values().next(),
        last: last.into_values().flat_map(|page| page.items).next(),
        messages: said.items,
        is_cut: said.has_previous,
        conversation,
    }))
}

/// What an agent that the caller may see lacks to be able to answer, if anything; nothing helps one that is archived.
///
/// # Errors
/// As [`talk`].
pub async fn missing(
    context: &RequestContext,
    agent: &AgentId,
) -> Result<Option<Missing>, ApiError> {
    let scope = context.read(Noun::Agents).await?;
    let serving = run::serving(&scope, agent).await?;
    let serving = serving.filter(|serving| !serving.is_archived);
    Ok(serving.and_then(|Serving { model, links, .. }| run::service_of(&model, &links).err()))
}

async fn find(
    scope: &Scope,
    agent: &AgentId,
    id: Option<&ConversationId>,
) -> Result<Option<entity::Model>, ApiError> {
    let named = match id {
        Some(id) => conversation::find(scope, id).await?,
        None => None,
    };
    let open = named.filter(|one| {
        one.agent_id == *agent && one.user_id == *scope.tenant().user() && one.archived_at.is_none()
    });
    match open {
        Some(open) => Ok(Some(open)),
        None => Ok(conversation::latest_with(scope, agent).await?),
    }
}

const fn newest(most: u64) -> PageRequest {
    PageRequest::end(Slice::Last(most), Direction::Ascending)
}
