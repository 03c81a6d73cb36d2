use agentry_auth::Access;
use agentry_db::organization::{self, Membership};
use async_graphql::{Context, ID, Object};

use crate::error::nullable;
use crate::user::Organization;
use crate::{ApiError, Noun, RequestContext};

/// Queries of organisations.
#[derive(Debug, Default)]
pub struct OrganizationQuery;

#[Object]
impl OrganizationQuery {
    /// One of your organisations, by exactly one of id and slug; null when there is none of yours.
    async fn organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<ID>,
        #[graphql(desc = "Its short name.")] slug: Option<String>,
    ) -> Option<async_graphql::Result<Organization>> {
        nullable(find(context, id, slug).await)
    }
}

async fn find(
    context: &Context<'_>,
    id: Option<ID>,
    slug: Option<String>,
) -> Result<Option<Organization>, ApiError> {
    let context = RequestContext::of(context)?;
    context.allow(Noun::Organizations, Access::Read)?;
    let wanted: Box<dyn Fn(&Membership) -> bool + Send> = match (id, slug) {
        (Some(id), None) => Box::new(move |one| one.id.as_str() == *id),
        (None, Some(slug)) => Box::new(move |one| one.slug == slug),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::bad_input(
                "id",
                "Give exactly one of id and slug.",
            ));
        }
    };
    let mine = organization::list_mine(&context.read(Noun::Organizations).await?).await?;
    Ok(mine.into_iter().find(|one| wanted(one)).map(Into::into))
}
