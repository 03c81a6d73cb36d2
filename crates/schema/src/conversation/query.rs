use agentry_db::conversation;
use agentry_db::ids::ConversationId;
use async_graphql::{Context, ID, Object};

use super::{Conversation, ConversationConnection, ConversationFilterInput, ConversationOrder};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Queries about conversations.
#[derive(Debug, Default)]
pub struct ConversationQuery;

#[Object]
impl ConversationQuery {
    /// One conversation; null when there is none with this id that you may see.
    async fn conversation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] id: ID,
    ) -> Option<async_graphql::Result<Conversation>> {
        nullable(find(context, &id_of(id)).await)
    }

    /// The conversations you may see: your own, and those of others with your agents.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn conversations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which conversations.")] filter: Option<ConversationFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            ConversationOrder,
        >,
    ) -> async_graphql::Result<ConversationConnection> {
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
    id: &ConversationId,
) -> Result<Option<Conversation>, ApiError> {
    let scope = RequestContext::of(context)?
        .read(Noun::Conversations)
        .await?;
    let found = conversation::find(&scope, id).await?;
    Ok(found.map(Conversation::from))
}
