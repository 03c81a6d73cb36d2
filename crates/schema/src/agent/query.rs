use agentry_db::agent;
use agentry_db::ids::AgentId;
use async_graphql::{Context, ID, Object};

use super::{Agent, AgentConnection, AgentFilterInput, AgentOrder};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Queries about agents.
#[derive(Debug, Default)]
pub struct AgentQuery;

#[Object]
impl AgentQuery {
    /// One agent; null when there is none with this id that you may see.
    async fn agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent's id.")] id: ID,
    ) -> Option<async_graphql::Result<Agent>> {
        nullable(find(context, id_of(id)).await)
    }

    /// The agents you may see: your own, those shared with your organisation and, for its owners and admins, all.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn agents(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which agents.")] filter: Option<AgentFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            AgentOrder,
        >,
    ) -> async_graphql::Result<AgentConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(super::list(context, page, filter, order_by).await?)
    }
}

async fn find(context: &Context<'_>, id: AgentId) -> Result<Option<Agent>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Agents).await?;
    Ok(agent::find(&scope, &id).await?.map(Agent::from))
}
