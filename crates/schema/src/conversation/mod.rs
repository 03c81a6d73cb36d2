//! Conversations.

use agentry_db::agent_message::Parent;
use agentry_db::conversation::{self, ConversationFilter, OfAgent};
use agentry_db::entity::conversation::Model;
use agentry_db::ids::{AgentId, ConversationId, MessageId};
use agentry_db::{Direction, Page, Position};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use crate::agent::Agent;
use crate::check::{filter_text, id_of};
use crate::connection::{
    OrderDirection, PageArguments, SortedBy, connect, connection_type, page_size, total,
};
use crate::export::ConversationExportFormat;
use crate::message::{self, MessageBranch, MessageConnection};
use crate::run::{self, ActiveIn, Run, RunConnection};
use crate::{ApiError, Noun, RequestContext};

mod fork;
mod loaders;
mod mutation;
mod query;

pub use fork::*;
use loaders::{ConversationCount, ConversationsWith};
pub use mutation::*;
pub use query::*;

/// One user's conversation with one agent. Its user sees it, and so does the agent's owner.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Conversation {
    /// The conversation's id.
    pub id: ID,
    /// The id of the agent it is with.
    pub agent_id: ID,
    /// The id of the user whose conversation it is: only they can change it and add to it.
    pub user_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// When its newest message was added.
    pub last_message_at: Option<DateTime<Utc>>,
    /// When it was put away; nothing can be added to it then.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed: each new message changes it.
    pub updated_at: DateTime<Utc>,
    #[graphql(skip)]
    forked: Option<(ConversationId, MessageId)>,
}

impl From<Model> for Conversation {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            agent_id,
            agent_user_id: _,
            withheld: _,
            head_id: _,
            forked_from_id,
            forked_at_id,
            user_id,
            title,
            last_message_at,
            archived_at,
            created_at,
            updated_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            agent_id: ID(agent_id.into_string()),
            user_id: ID(user_id.into_string()),
            title,
            last_message_at,
            archived_at,
            created_at,
            updated_at,
            forked: forked_from_id.zip(forked_at_id),
        }
    }
}

#[ComplexObject]
impl Conversation {
    /// The agent it is with; null when the agent is no longer shared with you.
    #[graphql(complexity = "2 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> Option<async_graphql::Result<Agent>> {
        self.find_agent(context).await.transpose()
    }

    /// Its messages in the order they were added: those of the branch that is shown, unless all are asked for. The newest are
    /// `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn messages(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Those of the branch that is shown, or of every branch.",
            default_with = "MessageBranch::Current"
        )]
        branch: MessageBranch,
    ) -> async_graphql::Result<MessageConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        let parent = Parent::Conversation(self.key(), branch.into());
        message::list(context, parent, page).await
    }

    /// The runs in it, in the order they were asked for. The newest are `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn runs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<RunConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        run::list_in(context, self.key(), page).await
    }

    /// The run that is going on in it, or else the first that waits; null when there is nothing to do.
    #[graphql(complexity = "2 + child_complexity")]
    async fn active_run(&self, context: &Context<'_>) -> Option<async_graphql::Result<Run>> {
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
            let found = loader.load_one(ActiveIn(self.key())).await;
            found.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// What it was forked from; null for a conversation that began by itself.
    async fn forked_from(&self) -> Option<ForkOrigin> {
        self.forked.clone().map(ForkOrigin::from)
    }

    /// Where it can be downloaded, by GET with the same credential: an address on this server, from its root on.
    async fn export_url(
        &self,
        #[graphql(desc = "As what.", default_with = "ConversationExportFormat::Json")]
        format: ConversationExportFormat,
        #[graphql(
            desc = "The messages of the branch that is shown, or of every branch.",
            default_with = "MessageBranch::Current"
        )]
        branch: MessageBranch,
    ) -> String {
        format.address(self.id.as_str(), branch.into())
    }
}

impl Conversation {
    fn key(&self) -> ConversationId {
        ConversationId::from(self.id.as_str())
    }

    async fn find_agent(&self, context: &Context<'_>) -> async_graphql::Result<Option<Agent>> {
        let agent = AgentId::from(self.agent_id.as_str());
        let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
        loader.load_one(agent).await.map_err(ApiError::loaded)
    }
}

/// Which conversations to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct ConversationFilterInput {
    /// Only those with this agent.
    agent_id: Option<ID>,
    /// Only those that are archived (`true`), or only those that are not (`false`).
    archived: Option<bool>,
    /// Only those whose title contains this, upper and lower case alike; at most 200 characters.
    search: Option<String>,
}

/// The order of a list of conversations.
#[derive(Debug, InputObject)]
pub struct ConversationOrder {
    /// What to sort by.
    field: ConversationOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// What conversations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::conversation::ConversationSort")]
pub enum ConversationOrderField {
    /// When they were made.
    CreatedAt,
    /// When they last changed: each new message changes its conversation.
    UpdatedAt,
}

/// How many conversations a list has in all.
#[derive(Debug)]
pub enum ConversationTotal {
    /// A list of its own.
    #[doc(hidden)]
    Filtered(ConversationFilter),
    /// One agent's.
    #[doc(hidden)]
    With(AgentId),
}

impl ConversationTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let context = RequestContext::of(context)?;
        match self {
            Self::Filtered(filter) => {
                let scope = context.read(Noun::Conversations).await?;
                total(conversation::count(&scope, filter)).await
            }
            Self::With(agent) => {
                let key = ConversationCount(agent.clone());
                let count = context.loader(Noun::Conversations)?.load_one(key).await;
                let count = count.map_err(ApiError::loaded)?;
                total(async { Ok(count.unwrap_or_default()) }).await
            }
        }
    }
}

connection_type! {
    /// A list of conversations.
    ConversationConnection, ConversationEdge of Conversation, counted by ConversationTotal
}

/// The conversations that the caller may see, as a connection.
pub(crate) async fn list(
    context: &Context<'_>,
    page: PageArguments,
    filter: Option<ConversationFilterInput>,
    order: Option<ConversationOrder>,
) -> Result<ConversationConnection, ApiError> {
    let order = order.unwrap_or(ConversationOrder {
        field: ConversationOrderField::CreatedAt,
        direction: OrderDirection::Asc,
    });
    let filter = filter.unwrap_or_default();
    filter_text("search", filter.search.as_deref())?;
    let filter = ConversationFilter {
        agent: filter.agent_id.map(id_of),
        archived: filter.archived,
        search: filter.search.filter(|text| !text.is_empty()),
    };
    let sorted = match order.field {
        ConversationOrderField::CreatedAt => SortedBy::ConversationCreatedAt,
        ConversationOrderField::UpdatedAt => SortedBy::ConversationUpdatedAt,
    };
    let request = page.request(sorted, order.direction.into())?;
    let scope = RequestContext::of(context)?
        .read(Noun::Conversations)
        .await?;
    let found = conversation::list(&scope, &filter, order.field.into(), &request).await?;
    Ok(connected(
        found,
        sorted,
        ConversationTotal::Filtered(filter),
    ))
}

/// The conversations with an agent that the caller may see, oldest first: one statement for all agents of a request.
pub(crate) async fn list_with(
    context: &Context<'_>,
    agent: OfAgent,
    page: PageArguments,
) -> async_graphql::Result<ConversationConnection> {
    let sorted = SortedBy::ConversationCreatedAt;
    let request = page.request(sorted, Direction::Ascending)?;
    let context = RequestContext::of(context)?;
    let all = ConversationTotal::With(agent.id.clone());
    let found = if request.is_at_an_end() {
        let key = ConversationsWith {
            agent,
            slice: request.slice,
        };
        let found = context.loader(Noun::Conversations)?.load_one(key).await;
        found.map_err(ApiError::loaded)?
    } else {
        let scope = context.read(Noun::Conversations).await?;
        let mut found = conversation::list_many(&scope, std::slice::from_ref(&agent), &request)
            .await
            .map_err(ApiError::from)?;
        found.remove(&agent.id)
    };
    let found = found.unwrap_or_else(|| request.empty());
    Ok(connected(found, sorted, all))
}

fn connected(
    page: Page<Model>,
    sorted: SortedBy,
    all: ConversationTotal,
) -> ConversationConnection {
    connect(page, sorted, all, move |model: Model| {
        let time = if sorted == SortedBy::ConversationUpdatedAt {
            model.updated_at
        } else {
            model.created_at
        };
        (Position::Time(time), model.id.to_string(), model.into())
    })
}
