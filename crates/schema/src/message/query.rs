use agentry_db::agent_message;
use agentry_db::ids::MessageId;
use async_graphql::{Context, ID, Object};

use super::Message;
use crate::check::id_of;
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

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
    ) -> Option<async_graphql::Result<Message>> {
        nullable(find(context, &id_of(id)).await)
    }
}

async fn find(context: &Context<'_>, id: &MessageId) -> Result<Option<Message>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Messages).await?;
    let found = agent_message::find(&scope, id).await?;
    Ok(found.map(Message::from))
}
