//! Runs: an agent's work on a reply.

use agentry_db::entity::run::Model;
use agentry_db::ids::{AgentId, ApiConnectionId, ConversationId, MessageId, RunId};
use agentry_db::run::{self, RunFilter};
use agentry_db::{Direction, Page, Position};
use async_graphql::{ComplexObject, Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use crate::agent::Agent;
use crate::api_connection::ApiConnection;
use crate::check::id_of;
use crate::connection::{PageArguments, SortedBy, connect, connection_type, total};
use crate::conversation::Conversation;
use crate::message::Message;
use crate::safe_int::SafeInt;
use crate::{ApiError, Noun, RequestContext};

mod asked;
mod branch;
mod cancel;
mod loaders;
mod query;
mod send;
mod state;
mod stream;
mod talk;
mod tools;

pub use asked::OnBusy;
pub use branch::*;
pub use cancel::*;
pub(crate) use loaders::ActiveIn;
use loaders::{RunCount, RunsIn, TextOf};
pub use query::*;
pub use send::*;
pub use state::*;
pub use stream::*;
pub use talk::*;
pub use tools::*;

/// An agent's work on one reply. Whoever sees the conversation sees it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Run {
    /// The run's id.
    pub id: ID,
    /// The id of the conversation it answers in.
    pub conversation_id: ID,
    /// The id of the agent that answers.
    pub agent_id: ID,
    /// The id of the user who asked.
    pub user_id: ID,
    /// The id of the message it answers.
    pub message_id: ID,
    /// The id that its reply has, or will have once there is one.
    pub reply_id: ID,
    /// How far it has come.
    pub status: RunStatus,
    /// The service that serves the model.
    pub service: Option<String>,
    /// The model that is asked, as the agent names it.
    pub model: String,
    /// Which version of the agent answers; null until it has begun.
    pub agent_version: Option<i32>,
    /// Why the model stopped, in the provider's own word.
    pub stop_reason: Option<String>,
    /// Why it failed; null when it did not.
    pub error_code: Option<RunErrorCode>,
    /// Why it failed, for a person to read.
    pub error_message: Option<String>,
    /// How many tokens the model read; an estimate until the run has ended.
    pub prompt_tokens: Option<i32>,
    /// How many tokens the model wrote.
    pub completion_tokens: Option<i32>,
    /// What it cost, in millionths of a US dollar; null where the price is not known.
    pub cost_micros: Option<SafeInt>,
    /// Whether the tokens, and with them the cost, are an estimate: while the run is under way, and where the provider did not say what
    /// it counted, as of a reply that was cancelled or broke off.
    pub tokens_estimated: bool,
    /// Milliseconds from being taken up to the first token.
    pub time_to_first_token_ms: Option<i32>,
    /// When somebody asked for its end.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was first taken up.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    #[graphql(skip)]
    api_connection_id: Option<ApiConnectionId>,
}

impl From<Model> for Run {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            conversation_id,
            agent_id,
            agent_user_id: _,
            user_id,
            withheld: _,
            message_id,
            reply_id,
            status,
            service,
            model,
            agent_version,
            api_connection_id,
            stop_reason,
            error_code,
            error_message,
            prompt_tokens,
            completion_tokens,
            cost_micros,
            tokens_estimated,
            first_token_ms,
            attempts: _,
            asked_at: _,
            cancel_requested_at,
            started_at,
            finished_at,
            created_at,
            updated_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            conversation_id: ID(conversation_id.into_string()),
            agent_id: ID(agent_id.into_string()),
            user_id: ID(user_id.into_string()),
            message_id: ID(message_id.into_string()),
            reply_id: ID(reply_id.into_string()),
            status: status.into(),
            service,
            model,
            agent_version,
            stop_reason,
            error_code: error_code.map(|word| run::ErrorCode::of(&word).into()),
            error_message,
            prompt_tokens,
            completion_tokens,
            // GraphQL's Int ends at 2,147 dollars.
            cost_micros: cost_micros.map(SafeInt::clamped),
            tokens_estimated,
            time_to_first_token_ms: first_token_ms,
            cancel_requested_at,
            created_at,
            started_at,
            finished_at,
            updated_at,
            api_connection_id,
        }
    }
}

#[ComplexObject]
impl Run {
    /// What it has said so far; empty when it has said nothing.
    #[graphql(complexity = 5)]
    async fn text(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        let key = TextOf(RunId::from(self.id.as_str()));
        let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
        let text = loader.load_one(key).await.map_err(ApiError::loaded)?;
        Ok(text.unwrap_or_default())
    }

    /// The message it answers.
    #[graphql(complexity = "2 + child_complexity")]
    async fn message(&self, context: &Context<'_>) -> Option<async_graphql::Result<Message>> {
        message(context, &self.message_id).await.transpose()
    }

    /// Its reply; null until it has ended, and when it ended without having said anything.
    #[graphql(complexity = "2 + child_complexity")]
    async fn reply(&self, context: &Context<'_>) -> Option<async_graphql::Result<Message>> {
        message(context, &self.reply_id).await.transpose()
    }

    /// The conversation it answers in.
    #[graphql(complexity = "2 + child_complexity")]
    async fn conversation(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<Conversation>> {
        let find = async {
            let id = ConversationId::from(self.conversation_id.as_str());
            let loader = RequestContext::of(context)?.loader(Noun::Conversations)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The agent that answers; null when it is no longer shared with you.
    #[graphql(complexity = "2 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> Option<async_graphql::Result<Agent>> {
        let find = async {
            let id = AgentId::from(self.agent_id.as_str());
            let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The connection whose key was used; null until then, when none was needed, and when it is not yours to see.
    #[graphql(complexity = "2 + child_complexity")]
    async fn connection(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<ApiConnection>> {
        let id = self.api_connection_id.clone()?;
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Connections)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }
}

async fn message(context: &Context<'_>, id: &ID) -> async_graphql::Result<Option<Message>> {
    let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
    let id = MessageId::from(id.as_str());
    loader.load_one(id).await.map_err(ApiError::loaded)
}

/// Which runs to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct RunFilterInput {
    /// Only those in this conversation.
    conversation_id: Option<ID>,
    /// Only those of this agent.
    agent_id: Option<ID>,
    /// Only those that have come this far.
    status: Option<RunStatus>,
}

/// How many runs a list has in all.
#[derive(Debug)]
pub enum RunTotal {
    /// A list of its own.
    #[doc(hidden)]
    Filtered(RunFilter),
    /// One conversation's.
    #[doc(hidden)]
    In(ConversationId),
}

impl RunTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let context = RequestContext::of(context)?;
        match self {
            Self::Filtered(filter) => {
                let scope = context.read(Noun::Messages).await?;
                total(run::count(&scope, filter)).await
            }
            Self::In(conversation) => {
                let key = RunCount(conversation.clone());
                let count = context.loader(Noun::Messages)?.load_one(key).await;
                let count = count.map_err(ApiError::loaded)?;
                total(async { Ok(count.unwrap_or_default()) }).await
            }
        }
    }
}

connection_type! {
    /// A list of runs.
    RunConnection, RunEdge of Run, counted by RunTotal
}

/// The runs that the caller may see, oldest first.
pub(crate) async fn list(
    context: &Context<'_>,
    page: PageArguments,
    filter: Option<RunFilterInput>,
) -> Result<RunConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let filter = RunFilter {
        conversation: filter.conversation_id.map(id_of),
        agent: filter.agent_id.map(id_of),
        status: filter.status.map(Into::into),
    };
    let request = page.request(SortedBy::RunCreatedAt, Direction::Ascending)?;
    let scope = RequestContext::of(context)?.read(Noun::Messages).await?;
    let found = run::list(&scope, &filter, &request).await?;
    Ok(connected(found, RunTotal::Filtered(filter)))
}

/// The runs in a conversation, oldest first: one statement for all conversations of a request.
pub(crate) async fn list_in(
    context: &Context<'_>,
    conversation: ConversationId,
    page: PageArguments,
) -> async_graphql::Result<RunConnection> {
    let request = page.request(SortedBy::RunCreatedAt, Direction::Ascending)?;
    let context = RequestContext::of(context)?;
    let found = if request.is_at_an_end() {
        let key = RunsIn {
            conversation: conversation.clone(),
            slice: request.slice,
        };
        let found = context.loader(Noun::Messages)?.load_one(key).await;
        found.map_err(ApiError::loaded)?
    } else {
        let scope = context.read(Noun::Messages).await?;
        let these = std::slice::from_ref(&conversation);
        let found = run::list_many(&scope, these, &request).await;
        found.map_err(ApiError::from)?.remove(&conversation)
    };
    let found = found.unwrap_or_else(|| request.empty());
    Ok(connected(found, RunTotal::In(conversation)))
}

fn connected(page: Page<Model>, all: RunTotal) -> RunConnection {
    connect(page, SortedBy::RunCreatedAt, all, |model: Model| {
        let time = Position::Time(model.created_at);
        (time, model.id.to_string(), model.into())
    })
}
