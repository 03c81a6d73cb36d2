use agentry_db::agent_message::Parent;
use agentry_db::conversation::OfAgent;
use agentry_db::ids::AgentId;
use async_graphql::{ComplexObject, Context};
use chrono::{DateTime, Utc};

use super::Agent;
use crate::agent_version::{self, AgentVersionConnection};
use crate::api_connection::{ApiConnection, ConnectionsOf};
use crate::connection::{PageArguments, page_size};
use crate::conversation::{self, ConversationConnection};
use crate::feedback::{self, FeedbackGrouping, FeedbackStatistics, FeedbackSummary, TallyOf};
use crate::message::{self, MessageConnection};
use crate::template::{InstallOf, TemplateInstall};
use crate::{ApiError, Noun, RequestContext};

#[ComplexObject]
impl Agent {
    /// The install of a template that it is; null for an agent of its own.
    #[graphql(complexity = "5 + child_complexity")]
    async fn install(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Option<TemplateInstall>> {
        let Some(id) = &self.install_id else {
            return Ok(None);
        };
        let loader = RequestContext::of(context)?.loader(Noun::Templates)?;
        let install = loader.load_one(InstallOf(id.clone())).await;
        install.map_err(ApiError::loaded)
    }

    /// The API connections that it may use, as far as you may see them, in the order they were linked.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn api_connections(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Vec<ApiConnection>> {
        let loader = RequestContext::of(context)?.loader(Noun::Connections)?;
        let agent = ConnectionsOf(AgentId::from(self.id.as_str()));
        let found = loader.load_one(agent).await.map_err(ApiError::loaded)?;
        Ok(found.unwrap_or_default())
    }

    /// The conversations with it that you may see, oldest first: your own and, when it is your agent, everyone's.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn conversations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<ConversationConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        conversation::list_with(context, self.key(context)?, page).await
    }

    /// The messages of all conversations with it that you may see, in the order they were added. The newest are `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn messages(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<MessageConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        message::list(context, Parent::Agent(self.key(context)?), page).await
    }

    /// What the feedback on its messages that you may see amounts to.
    #[graphql(complexity = "5 + child_complexity")]
    async fn feedback_summary(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<FeedbackSummary> {
        let loader = RequestContext::of(context)?.loader(Noun::Feedback)?;
        let key = TallyOf(AgentId::from(self.id.as_str()));
        let tally = loader.load_one(key).await.map_err(ApiError::loaded)?;
        Ok(tally.unwrap_or_default().into())
    }

    /// What the feedback on its messages that you may see amounts to, told apart: a row for each group that there is feedback of, by
    /// period, version and model, at most 1,000. Counted by when it was first given; as it is now.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn feedback_statistics(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "What it is told apart by: at most one of DAY, WEEK and MONTH. All of it is one row when empty.",
            default
        )]
        group_by: Vec<FeedbackGrouping>,
        #[graphql(
            desc = "Only what was first given from this moment on; 90 days before the end when left out."
        )]
        from: Option<DateTime<Utc>>,
        #[graphql(
            desc = "Only what was first given before this moment, at most 366 days after the beginning; the end of today, UTC, when left out."
        )]
        to: Option<DateTime<Utc>>,
    ) -> async_graphql::Result<Vec<FeedbackStatistics>> {
        feedback::of_agent(context, &self.id, &group_by, from, to).await
    }

    /// Its versions, oldest first. The newest are `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn versions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AgentVersionConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        agent_version::list(context, AgentId::from(self.id.as_str()), page).await
    }
}

impl Agent {
    /// The agent as its lists of conversations and messages ask for it.
    fn key(&self, context: &Context<'_>) -> Result<OfAgent, ApiError> {
        let me = RequestContext::of(context)?.tenant()?.user();
        Ok(OfAgent {
            id: AgentId::from(self.id.as_str()),
            owned: self.owner_id.as_str() == me.as_str(),
        })
    }
}
