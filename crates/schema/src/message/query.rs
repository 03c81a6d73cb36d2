use agentry_db::agent_message;
use async_graphql::{Context, ID, Object};

use super::Message;
use crate::check::id_of;
use crate::{ApiError, RequestContext};

/// Queries about messages.
#[derive(Debug, Default)]
pub struct MessageQuery;

#[Object]
impl MessageQuery {
    /// One message; null when there is none with this id that you may see.
    async fn message(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The message's id.")] id: ID,
    ) -> async_graphql::Result<Option<Message>> {
        let scope = RequestContext::of(context)?.read().await?;
        let found = agent_message::find(&scope, &id_of(id))
            .await
            .map_err(ApiError::from)?;
        Ok(found.map(Message::from))
    }
}
