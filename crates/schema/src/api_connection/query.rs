use agentry_db::api_connection;
use agentry_db::ids::ApiConnectionId;
use async_graphql::{Context, ID, Object};

use super::{ApiConnection, ApiConnectionFilterInput, ApiConnectionOrder, ConnectedApiConnection};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Queries about API connections.
#[derive(Debug, Default)]
pub struct ApiConnectionQuery;

#[Object]
impl ApiConnectionQuery {
    /// One API connection; null when there is none with this id that you may see.
    async fn api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The connection's id.")] id: ID,
    ) -> Option<async_graphql::Result<ApiConnection>> {
        nullable(find(context, id_of(id)).await)
    }

    /// The API connections you may see: your own, and those shared with your organisation.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn api_connections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which connections.")] filter: Option<ApiConnectionFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            ApiConnectionOrder,
        >,
    ) -> async_graphql::Result<ConnectedApiConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(super::list(context, page, filter, order_by).await?)
    }
}

async fn find(
    context: &Context<'_>,
    id: ApiConnectionId,
) -> Result<Option<ApiConnection>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Connections).await?;
    Ok(api_connection::find(&scope, &id)
        .await?
        .map(ApiConnection::from))
}
