use agentry_db::template::{self, By, Card, CatalogueFilter, Part};
use agentry_db::{Direction, Position};
use async_graphql::{Context, Object};

use super::Template;
use crate::check::filter_text;
use crate::connection::{PageArguments, SortedBy, connect, connection_type, page_size, total};
use crate::error::nullable;
use crate::{ApiError, RequestContext};

/// How many templates a list of the catalogue has in all.
#[derive(Debug)]
pub struct TemplateTotal(CatalogueFilter);

impl TemplateTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let through = RequestContext::of(context)?.through().await?;
        total(template::count_published(&through, &self.0)).await
    }
}

connection_type! {
    /// A list of templates.
    TemplateConnection, TemplateEdge of Template, counted by TemplateTotal
}

/// Queries of templates. They need no credential.
#[derive(Debug, Default)]
pub struct TemplateQuery;

#[Object]
impl TemplateQuery {
    /// The published templates by name. Needs no credential.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn templates(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Part of the name or the description, upper or lower case; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(desc = "Exactly this category.")] category: Option<String>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<TemplateConnection> {
        filter_text("search", search.as_deref())?;
        filter_text("category", category.as_deref())?;
        let filter = CatalogueFilter {
            search: search.filter(|text| !text.is_empty()),
            category,
        };
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(catalogue(RequestContext::of(context)?, filter, page).await?)
    }

    /// One template by its slug: published or unlisted ones to everyone, all others to members of their publisher alone; null when
    /// there is none. Needs no credential.
    async fn template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its short name.")] slug: String,
    ) -> Option<async_graphql::Result<Template>> {
        nullable(find(context, &slug).await)
    }
}

async fn find(context: &Context<'_>, slug: &str) -> Result<Option<Template>, ApiError> {
    let found = card(RequestContext::of(context)?, slug).await?;
    Ok(found.map(Template::from))
}

/// The template of this slug, to whoever the request is of: for pages and routes that need no credential.
///
/// # Errors
/// [`ApiError::Db`] as the database answers.
pub async fn card(context: &RequestContext, slug: &str) -> Result<Option<Card>, ApiError> {
    // A text that PostgreSQL cannot take is the slug of nothing.
    if slug.contains('\0') {
        return Ok(None);
    }
    let through = context.through().await?;
    Ok(template::find(&through, By::Slug(slug)).await?)
}

/// What the version on this card brings, by name: at most so many of each kind.
///
/// # Errors
/// As [`card`].
pub async fn parts(
    context: &RequestContext,
    card: &Card,
    most: i32,
) -> Result<Vec<Part>, ApiError> {
    let Some(version) = card.version else {
        return Ok(Vec::new());
    };
    let through = context.through().await?;
    Ok(template::parts(&through, &card.id, version, most).await?)
}

async fn catalogue(
    context: &RequestContext,
    filter: CatalogueFilter,
    page: PageArguments,
) -> Result<TemplateConnection, ApiError> {
    let request = page.request(SortedBy::Name, Direction::Ascending)?;
    let through = context.through().await?;
    let page = template::catalogue(&through, &filter, &request).await?;
    Ok(connect(
        page,
        SortedBy::Name,
        TemplateTotal(filter),
        |card| {
            let position = Position::Text(card.name.clone());
            (position, card.id.to_string(), card.into())
        },
    ))
}
