//! Messages.

use agentry_db::agent_message::{self, Parent};
use agentry_db::entity;
use agentry_db::entity::agent_message::Model;
use agentry_db::ids::{ConversationId, MessageId, RunId};
use agentry_db::{Direction, Position, run};
use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::agent_version::{self, AgentVersion};
use crate::connection::{PageArguments, SortedBy, connect, connection_type, total};
use crate::feedback::{Feedback, FeedbackOn, FeedbackSummary};
use crate::run::Run;
use crate::tool::{self, ToolCall, ToolOutcome};
use crate::{ApiError, Noun, RequestContext};

mod loaders;
mod mutation;
mod query;
mod subscription;

use loaders::{After, MessageCount, Messages};
pub use mutation::*;
pub use query::*;
pub use subscription::*;

/// One message of a conversation. Whoever sees the conversation sees it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Message {
    /// The message's id.
    pub id: ID,
    /// The id of its conversation.
    pub conversation_id: ID,
    /// The id of the agent the conversation is with.
    pub agent_id: ID,
    /// The id of the user whose conversation it is.
    pub user_id: ID,
    /// Who speaks.
    pub role: MessageRole,
    /// What was said, exactly as it was given. Empty where nothing was: of a reply that only calls tools, and of a tool without an answer.
    pub content: String,
    /// Notes of whoever added it: a JSON object.
    pub metadata: Value,
    /// The id of the message it follows; null for the first of a conversation. Several that follow one message are siblings, each
    /// the beginning of a branch.
    pub parent_id: Option<ID>,
    /// Whether it is on the branch that is shown.
    pub is_current: bool,
    /// Which version of its agent wrote it; null for what no agent wrote.
    pub agent_version: Option<i32>,
    /// The model that wrote it; null for what none wrote.
    pub model: Option<String>,
    /// With the role `TOOL`, the call that it is the result of: one of those of the reply before it.
    pub tool_call_id: Option<ID>,
    /// What came of that call.
    pub tool_outcome: Option<ToolOutcome>,
    /// When it was added: later than every message before it in its conversation.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    #[graphql(skip)]
    run_id: Option<RunId>,
    #[graphql(skip)]
    calls: Vec<run::ToolCall>,
}

/// Which of a conversation's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agent_message::Branch")]
pub enum MessageBranch {
    /// Those on the branch that is shown.
    Current,
    /// Those on every branch.
    All,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[graphql(remote = "entity::MessageRole")]
pub enum MessageRole {
    /// The person.
    User,
    /// The agent.
    Assistant,
    /// An instruction that is neither's.
    System,
    /// The result of a tool.
    Tool,
}

impl From<Model> for Message {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            conversation_id,
            id,
            agent_id,
            agent_user_id: _,
            withheld: _,
            parent_id,
            is_current,
            run_id,
            agent_version,
            model: by_model,
            tool_calls,
            tool_call_id,
            tool_outcome,
            user_id,
            role,
            content,
            metadata,
            created_at,
            updated_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            conversation_id: ID(conversation_id.into_string()),
            agent_id: ID(agent_id.into_string()),
            user_id: ID(user_id.into_string()),
            role: role.into(),
            content,
            metadata,
            parent_id: parent_id.map(|id| ID(id.into_string())),
            is_current,
            agent_version,
            model: by_model,
            tool_call_id: tool_call_id.map(ID),
            tool_outcome: tool_outcome.map(Into::into),
            created_at,
            updated_at,
            run_id,
            calls: run::read_calls(tool_calls.as_ref()),
        }
    }
}

#[ComplexObject]
impl Message {
    /// The feedback on it that you may see, oldest first: your own and, when the agent is yours, everyone's.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn feedback(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Feedback>> {
        self.all_feedback(context).await
    }

    /// Your own feedback on it.
    async fn viewer_feedback(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<Feedback>> {
        self.own_feedback(context).await.transpose()
    }

    /// The run that wrote it; null for what no run wrote.
    #[graphql(complexity = "2 + child_complexity")]
    async fn run(&self, context: &Context<'_>) -> Option<async_graphql::Result<Run>> {
        let id = self.run_id.clone()?;
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The tools that it asks the client to use, in the order in which the model wrote them. While one is open, the agent waits.
    #[graphql(complexity = "2 + 5 * child_complexity")]
    async fn tool_calls(&self, context: &Context<'_>) -> async_graphql::Result<Vec<ToolCall>> {
        tool::calls_of(context, &self.id, self.calls.clone()).await
    }

    /// What wrote it: its agent as it was at that version; null for what no version wrote, and when the agent is no longer shared with
    /// you.
    #[graphql(complexity = "2 + child_complexity")]
    async fn written_by(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<AgentVersion>> {
        let version = self.agent_version?;
        let found = agent_version::find_one(context, &self.agent_id, version).await;
        found.transpose()
    }

    /// The messages that follow the same one, itself among them, oldest first: what it was edited from and to, or the other
    /// replies to one message. Of more than a hundred, the newest.
    #[graphql(complexity = "2 + 5 * child_complexity")]
    async fn siblings(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Self>> {
        let place = (
            ConversationId::from(self.conversation_id.as_str()),
            self.parent_id.as_ref().map(|id| id.as_str().into()),
        );
        let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
        let found = loader.load_one(After(place)).await;
        Ok(found.map_err(ApiError::loaded)?.unwrap_or_default())
    }

    /// What the feedback on it that you may see amounts to.
    async fn feedback_summary(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<FeedbackSummary> {
        Ok(FeedbackSummary::of(&self.all_feedback(context).await?))
    }
}

impl Message {
    async fn own_feedback(&self, context: &Context<'_>) -> async_graphql::Result<Option<Feedback>> {
        let me = RequestContext::of(context)?.tenant()?.user();
        let all = self.all_feedback(context).await?;
        Ok(all
            .into_iter()
            .find(|feedback| feedback.user_id.as_str() == me.as_str()))
    }

    async fn all_feedback(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Feedback>> {
        let key = FeedbackOn(MessageId::from(self.id.as_str()));
        let loader = RequestContext::of(context)?.loader(Noun::Feedback)?;
        let found = loader.load_one(key).await.map_err(ApiError::loaded)?;
        Ok(found.unwrap_or_default())
    }
}

/// How many messages a list has in all.
#[derive(Debug)]
pub struct MessageTotal(Parent);

impl MessageTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
        let count = loader.load_one(MessageCount(self.0.clone())).await;
        let count = count.map_err(ApiError::loaded)?;
        total(async { Ok(count.unwrap_or_default()) }).await
    }
}

connection_type! {
    /// A list of messages.
    MessageConnection, MessageEdge of Message, counted by MessageTotal
}

/// The messages of a conversation or of an agent, oldest first: one statement for all that want the same end of theirs.
pub(crate) async fn list(
    context: &Context<'_>,
    parent: Parent,
    page: PageArguments,
) -> async_graphql::Result<MessageConnection> {
    let sorted = SortedBy::MessageCreatedAt;
    let request = page.request(sorted, Direction::Ascending)?;
    let context = RequestContext::of(context)?;
    let found = if request.is_at_an_end() {
        let key = Messages {
            parent: parent.clone(),
            slice: request.slice,
        };
        let found = context.loader(Noun::Messages)?.load_one(key).await;
        found
            .map_err(ApiError::loaded)?
            .unwrap_or_else(|| request.empty())
    } else {
        let scope = context.read(Noun::Messages).await?;
        let found = match &parent {
            Parent::Conversation(id, branch) => {
                agent_message::list(&scope, id, *branch, &request).await
            }
            Parent::Agent(_) => {
                let parents = std::slice::from_ref(&parent);
                let found = agent_message::list_many(&scope, parents, &request).await;
                found.map(|mut pages| pages.remove(&parent).unwrap_or_else(|| request.empty()))
            }
        };
        found.map_err(ApiError::from)?
    };
    Ok(connect(
        found,
        sorted,
        MessageTotal(parent),
        |model: Model| {
            let time = Position::Time(model.created_at);
            (time, model.id.to_string(), model.into())
        },
    ))
}
