use agentry_db::ids::WhatsAppNumberId;
use async_graphql::{Context, ID, Object};

use super::{WhatsAppNumber, WhatsAppNumberConnection};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::{ApiError, Noun, RequestContext};

/// Queries about numbers on `WhatsApp`.
#[derive(Debug, Default)]
pub struct WhatsAppNumberQuery;

#[Object]
impl WhatsAppNumberQuery {
    /// One number on WhatsApp of the organisation that the request acts in; null when it has none of this id.
    #[graphql(name = "whatsAppNumber")]
    async fn whatsapp_number(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The number's id.")] id: ID,
    ) -> Option<async_graphql::Result<WhatsAppNumber>> {
        find(context, id_of(id)).await.transpose()
    }

    /// The numbers on WhatsApp of the organisation that the request acts in, oldest first.
    #[graphql(
        name = "whatsAppNumbers",
        complexity = "5 + page_size(first, last) * child_complexity"
    )]
    async fn whatsapp_numbers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<WhatsAppNumberConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(super::list(context, page).await?)
    }
}

async fn find(
    context: &Context<'_>,
    id: WhatsAppNumberId,
) -> async_graphql::Result<Option<WhatsAppNumber>> {
    let loader = RequestContext::of(context)?.loader(Noun::Templates)?;
    let found = loader.load_one(id).await;
    found.map_err(ApiError::loaded)
}
