use agentry_db::entity_type::{self, Resolution, TypeKind as Kind};
use agentry_db::ids::EntityTypeId;
use agentry_db::{Direction, Position};
use async_graphql::{Context, ID, Object};

use super::{EntityType, TypeKind};
use crate::check::id_of;
use crate::connection::{PageArguments, SortedBy, connect, connection_type, page_size, total};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// How many types of a kind can be used.
#[derive(Debug)]
pub struct TypeTotal(Kind);

impl TypeTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Types).await?;
        total(entity_type::count(&scope, self.0)).await
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
        #[graphql(desc = "Of what it is; of things when left out.")] kind: Option<TypeKind>,
    ) -> Option<async_graphql::Result<EntityType>> {
        let kind = kind.unwrap_or(TypeKind::Entity).into();
        nullable(find(context, kind, id, slug).await)
    }

    /// The types that can be used in the organisation, by slug: its own, and those that installed templates bring.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn entity_types(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what they are; of things when left out.")] kind: Option<TypeKind>,
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
        let kind = kind.unwrap_or(TypeKind::Entity).into();
        Ok(list(context, kind, page).await?)
    }
}

async fn list(
    context: &Context<'_>,
    kind: Kind,
    page: PageArguments,
) -> Result<EntityTypeConnection, ApiError> {
    let request = page.request(SortedBy::Name, Direction::Ascending)?;
    let scope = RequestContext::of(context)?.read(Noun::Types).await?;
    let page = entity_type::list(&scope, kind, &request).await?;
    Ok(connect(page, SortedBy::Name, TypeTotal(kind), |row| {
        let position = Position::Text(row.slug.clone());
        (position, row.id.to_string(), EntityType::of(kind, row))
    }))
}

async fn find(
    context: &Context<'_>,
    kind: Kind,
    id: Option<ID>,
    slug: Option<String>,
) -> Result<Option<EntityType>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Types).await?;
    let slug = match (id, slug) {
        (Some(id), None) => {
            let id: EntityTypeId = id_of(id);
            let found = entity_type::find(&scope, kind, &id).await?;
            return Ok(found.map(|row| EntityType::of(kind, row)));
        }
        (None, Some(slug)) => slug,
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::bad_input(
                "id",
                "Give exactly one of id and slug.",
            ));
        }
    };
    let (catalog, slug) = match slug.split_once('/') {
        Some((catalog, slug)) => (Some(catalog), slug),
        None => (None, slug.as_str()),
    };
    // What can be no slug is the slug of nothing.
    if !agentry_template::is_type_slug(slug) || catalog.is_some_and(|it| it.contains('\0')) {
        return Ok(None);
    }
    match entity_type::resolve(&scope, kind, slug, catalog).await? {
        Resolution::Missing => Ok(None),
        Resolution::One(row) => Ok(Some(EntityType::of(kind, *row))),
        Resolution::Ambiguous(catalogs) => Err(ApiError::AmbiguousType(
            catalogs
                .into_iter()
                .map(|catalog| format!("{catalog}/{slug}"))
                .collect(),
        )),
    }
}
