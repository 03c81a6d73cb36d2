use agentry_db::ids::AgentId;
use async_graphql::{ComplexObject, Context};

use super::Agent;
use crate::api_connection::{ApiConnection, ConnectionsOf};
use crate::{ApiError, RequestContext};

#[ComplexObject]
impl Agent {
    /// The API connections that it may use, as far as you may see them, in the order they were linked.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn api_connections(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Vec<ApiConnection>> {
        let loader = RequestContext::of(context)?.loader()?;
        let agent = ConnectionsOf(AgentId::from(self.id.as_str()));
        let found = loader.load_one(agent).await.map_err(ApiError::loaded)?;
        Ok(found.unwrap_or_default())
    }
}
