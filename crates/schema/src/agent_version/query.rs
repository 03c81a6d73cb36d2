use agentry_db::agent_version;
use agentry_db::ids::AgentId;
use async_graphql::{Context, ID, Object};

use super::{AgentVersion, AgentVersionConnection};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Queries about versions of agents.
#[derive(Debug, Default)]
pub struct AgentVersionQuery;

#[Object]
impl AgentVersionQuery {
    /// One version of an agent; null when there is none that you may see.
    async fn agent_version(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent's id.")] agent_id: ID,
        #[graphql(desc = "The version's number.")] version: i32,
    ) -> Option<async_graphql::Result<AgentVersion>> {
        nullable(find(context, &id_of(agent_id), version).await)
    }

    /// The versions of an agent, oldest first; none when there is no such agent that you may see. The newest are `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn agent_versions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent's id.")] agent_id: ID,
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
        super::list(context, id_of(agent_id), page).await
    }
}

async fn find(
    context: &Context<'_>,
    agent: &AgentId,
    version: i32,
) -> Result<Option<AgentVersion>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Agents).await?;
    let found = agent_version::find(&scope, agent, version).await?;
    Ok(found.map(AgentVersion::from))
}
