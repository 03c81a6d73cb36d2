use agentry_db::organization::{self, Membership};
use async_graphql::{Context, ID, Object, OneofObject};

use crate::error::nullable;
use crate::user::Organization;
use crate::{ApiError, Noun, RequestContext};

/// Which organisation: exactly one of these.
#[derive(Debug, Clone, OneofObject)]
pub enum OrganizationBy {
    /// The one with this id.
    Id(ID),
    /// The one with this short name.
    Slug(String),
}

/// Queries of organisations.
#[derive(Debug, Default)]
pub struct OrganizationQuery;

#[Object]
impl OrganizationQuery {
    /// One of your organisations; null when there is none of yours.
    async fn organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] by: OrganizationBy,
    ) -> Option<async_graphql::Result<Organization>> {
        nullable(find(context, by).await)
    }
}

async fn find(context: &Context<'_>, by: OrganizationBy) -> Result<Option<Organization>, ApiError> {
    let context = RequestContext::of(context)?;
    let is_meant = |one: &Membership| match &by {
        OrganizationBy::Id(id) => one.id.as_str() == id.as_str(),
        OrganizationBy::Slug(slug) => one.slug == *slug,
    };
    let mine = organization::list_mine(&context.read(Noun::Organizations).await?).await?;
    Ok(mine.into_iter().find(is_meant).map(Into::into))
}
