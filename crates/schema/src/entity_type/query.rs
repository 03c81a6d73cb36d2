use agentry_db::entity_type::{self, Resolution, TypeFilter};
use agentry_db::ids::EntityTypeId;
use agentry_db::{Direction, Position};
use async_graphql::{Context, ID, Object};

use super::{EntityType, TypeKind};
use crate::check::{filter_text, id_of};
use crate::connection::{PageArguments, SortedBy, connect, connection_type, page_size, total};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// How many types of a list can be used.
#[derive(Debug)]
pub struct TypeTotal(TypeFilter);

impl TypeTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Types).await?;
        total(entity_type::count(&scope, &self.0)).await
    }
}

connection_type! {
    /// A list of types.
    EntityTypeConnection, EntityTypeEdge of EntityType, counted by TypeTotal
}

/// Queries of types.
#[derive(Debug, Default)]
pub struct EntityTypeQuery;

#[Object]
impl EntityTypeQuery {
    /// One type, by exactly one of id and slug; null when there is none. A plain slug means the organisation's own type, else the one
    /// that an installed template brings; where several bring one, the answer is `AMBIGUOUS_TYPE`, and `catalog/slug` says which is
    /// meant.
    async fn entity_type(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<ID>,
        #[graphql(desc = "Its slug, or `catalog/slug`.")] slug: Option<String>,
        #[graphql(desc = "Of what the type of this slug is; of things when left out.")]
        kind: Option<TypeKind>,
    ) -> Option<async_graphql::Result<EntityType>> {
        nullable(find(context, kind, id, slug).await)
    }

    /// The types that can be used in the organisation: its own by slug, then by slug those that installed templates bring.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn entity_types(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what they are; of things when left out.")] kind: Option<TypeKind>,
        #[graphql(
            desc = "Part of the slug or the name, upper or lower case; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(default, desc = "Whether only the organisation's own are wanted.")] own: bool,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<EntityTypeConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        filter_text("search", search.as_deref())?;
        let filter = TypeFilter {
            kind: kind.unwrap_or(TypeKind::Entity).into(),
            search: search.filter(|text| !text.is_empty()),
            own,
        };
        Ok(list(context, filter, page).await?)
    }
}

async fn list(
    context: &Context<'_>,
    filter: TypeFilter,
    page: PageArguments,
) -> Result<EntityTypeConnection, ApiError> {
    let request = page.request(SortedBy::Name, Direction::Ascending)?;
    let scope = RequestContext::of(context)?.read(Noun::Types).await?;
    let page = entity_type::list(&scope, &filter, &request).await?;
    Ok(connect(page, SortedBy::Name, TypeTotal(filter), |row| {
        let position = Position::Text(row.place());
        (position, row.id.to_string(), row.into())
    }))
}

async fn find(
    context: &Context<'_>,
    kind: Option<TypeKind>,
    id: Option<ID>,
    slug: Option<String>,
) -> Result<Option<EntityType>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Types).await?;
    let name = match (id, slug) {
        (Some(id), None) => {
            let id: EntityTypeId = id_of(id);
            let found = entity_type::find(&scope, &id).await?;
            return Ok(found.map(EntityType::from));
        }
        (None, Some(slug)) => slug,
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::bad_input(
                "id",
                "Give exactly one of id and slug.",
            ));
        }
    };
    let Some((catalog, slug)) = split(&name) else {
        return Ok(None);
    };
    let kind = kind.unwrap_or(TypeKind::Entity).into();
    match entity_type::resolve(&scope, kind, slug, catalog).await? {
        Resolution::Missing => Ok(None),
        Resolution::One(row) => Ok(Some((*row).into())),
        Resolution::Ambiguous(catalogs) => Err(ApiError::ambiguous(&catalogs, slug)),
    }
}

/// The catalog, if one is named, and the slug of a type. `None`: what can be no slug is the slug of nothing.
pub(super) fn split(name: &str) -> Option<(Option<&str>, &str)> {
    let (catalog, slug) = match name.split_once('/') {
        Some((catalog, slug)) => (Some(catalog), slug),
        None => (None, name),
    };
    let nothing = catalog.is_some_and(|catalog| catalog.contains('\0'));
    (agentry_template::is_type_slug(slug) && !nothing).then_some((catalog, slug))
}
