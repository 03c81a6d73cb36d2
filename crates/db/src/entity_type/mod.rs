//! Types of things, and of relationships between them: the organisation's own, and those that its installed templates bring.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use crate::ids::EntityTypeId;
use crate::keyset::{Page, PageRequest};
use crate::{DbError, Scope, WriteScope, sql};

mod write;

pub use write::*;

/// Of what a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Of things.
    Entity,
    /// Of relationships between things.
    Relationship,
}

/// A type.
#[derive(Debug, Clone)]
pub struct EntityType {
    /// Of what it is.
    pub kind: TypeKind,
    /// Its id, one for everyone who uses it.
    pub id: EntityTypeId,
    /// Its short name.
    pub slug: String,
    /// The slug of the template that brings it; `None` is the organisation's own.
    pub catalog: Option<String>,
    /// What it says: `name`, `description`, `metadataSchema`, … as in a definition, with `fromTypeIds`, `toTypeIds` and `inverseTypeId`.
    pub body: Json,
    /// When it was archived; only an own one can be.
    pub archived_at: Option<DateTime<Utc>>,
}

/// What a slug means.
#[derive(Debug, Clone)]
pub enum Resolution {
    /// Nothing.
    Missing,
    /// This type.
    One(Box<EntityType>),
    /// A type of each of these catalogs.
    Ambiguous(Vec<String>),
}

/// Which types are wanted.
#[derive(Debug, Clone)]
pub struct TypeFilter {
    /// Of what they are.
    pub kind: TypeKind,
    /// Part of the slug or the name, upper or lower case.
    pub search: Option<String>,
    /// Only the organisation's own.
    pub own: bool,
}

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    id: EntityTypeId,
    slug: String,
    catalog: Option<String>,
    body: Json,
    archived_at: Option<DateTime<Utc>>,
}

impl From<Row> for EntityType {
    fn from(row: Row) -> Self {
        Self {
            kind: match row.kind.as_str() {
                "relationship" => TypeKind::Relationship,
                _ => TypeKind::Entity,
            },
            id: row.id,
            slug: row.slug,
            catalog: row.catalog,
            body: row.body,
            archived_at: row.archived_at,
        }
    }
}

impl TypeKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Relationship => "relationship",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Entity => "entity_types",
            Self::Relationship => "entity_relationship_types",
        }
    }

    /// The organisation's own types in the form of those that templates bring.
    const fn own(self) -> &'static str {
        match self {
            Self::Entity => {
                "SELECT 'entity' AS kind, id, slug, NULL::text AS catalog,
                   jsonb_strip_nulls(jsonb_build_object('name', name, 'description', description, 'icon', icon, 'color', color))
                   || jsonb_build_object('metadataSchema', metadata_schema, 'eventKinds', event_kinds) AS body, archived_at
                 FROM entity_types WHERE organization_id = $1"
            }
            Self::Relationship => {
                "SELECT 'relationship' AS kind, id, slug, NULL::text AS catalog,
                   jsonb_strip_nulls(jsonb_build_object('name', name, 'description', description,
                     'fromTypeIds', from_type_ids, 'toTypeIds', to_type_ids, 'inverseTypeId', inverse_type_id))
                   || jsonb_build_object('metadataSchema', metadata_schema, 'symmetric', is_symmetric) AS body, archived_at
                 FROM entity_relationship_types WHERE organization_id = $1"
            }
        }
    }
}

/// What a slug means here: the organisation's own type of it, else the one that installed templates bring. With `catalog`, only
/// what the template of that slug brings.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn resolve(
    scope: &Scope,
    kind: TypeKind,
    slug: &str,
    catalog: Option<&str>,
) -> Result<Resolution, DbError> {
    resolve_with(scope, kind, slug, catalog, "").await
}

/// As [`resolve`]; an own type is held as it is until the transaction ends, so that it can be referred to.
///
/// # Errors
/// As [`resolve`].
pub async fn resolve_held(
    scope: &WriteScope,
    kind: TypeKind,
    slug: &str,
    catalog: Option<&str>,
) -> Result<Resolution, DbError> {
    resolve_with(scope, kind, slug, catalog, " FOR SHARE").await
}

async fn resolve_with(
    scope: &Scope,
    kind: TypeKind,
    slug: &str,
    catalog: Option<&str>,
    hold: &str,
) -> Result<Resolution, DbError> {
    if catalog.is_none() {
        let statement = format!("{} AND slug = $2 AND archived_at IS NULL{hold}", kind.own());
        let values = [organization(scope), slug.into()];
        let own: Option<Row> = sql::first(scope, statement, values).await?;
        if let Some(own) = own {
            return Ok(Resolution::One(Box::new(own.into())));
        }
    }
    let statement = "SELECT $1 AS kind, id, slug, catalog, body, NULL::timestamptz AS archived_at
        FROM template_types_seen($1, $2) WHERE $3::text IS NULL OR catalog = $3 ORDER BY catalog";
    let values: [Value; 3] = [
        kind.word().into(),
        slug.into(),
        catalog.map(str::to_owned).into(),
    ];
    let mut found: Vec<Row> = sql::all(scope, statement, values).await?;
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => Resolution::Missing,
        (Some(one), true) => Resolution::One(Box::new(one.into())),
        (Some(last), false) => {
            let all = found.into_iter().chain([last]);
            Resolution::Ambiguous(all.filter_map(|one| one.catalog).collect())
        }
    })
}

/// The types of these ids, in no order: own ones, archived ones included, and those that installed templates bring or brought.
///
/// # Errors
/// As [`resolve`].
pub async fn find_many(scope: &Scope, ids: &[EntityTypeId]) -> Result<Vec<EntityType>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement = format!(
        "{} AND id = ANY ($2) UNION ALL {} AND id = ANY ($2)
         UNION ALL SELECT kind, id, slug, catalog, body, NULL FROM template_types_by_id($2)",
        TypeKind::Entity.own(),
        TypeKind::Relationship.own()
    );
    let rows: Vec<Row> = sql::all(scope, statement, [organization(scope), ids.into()]).await?;
    Ok(rows.into_iter().map(EntityType::from).collect())
}

/// A type by its id.
///
/// # Errors
/// As [`resolve`].
pub async fn find(scope: &Scope, id: &EntityTypeId) -> Result<Option<EntityType>, DbError> {
    let found = find_many(scope, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().next())
}

/// One window on the types that can be used here: the own ones by slug, then by slug those that installed templates bring.
///
/// # Errors
/// As [`resolve`].
pub async fn list(
    scope: &Scope,
    filter: &TypeFilter,
    request: &PageRequest,
) -> Result<Page<EntityType>, DbError> {
    let (usable, mut values) = usable(scope, filter);
    let window = request.window("place", "id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT * FROM (
           SELECT u.*, CASE WHEN catalog IS NULL THEN '0' ELSE '1' END || slug AS place FROM ({usable}) u) t
         WHERE true{condition} ORDER BY place {order}, id {order} LIMIT {limit}"
    );
    let page: Page<Row> = request.page(sql::all(scope, statement, values).await?);
    Ok(Page {
        items: page.items.into_iter().map(EntityType::from).collect(),
        has_next: page.has_next,
        has_previous: page.has_previous,
    })
}

impl EntityType {
    /// Where it stands in [`list`].
    #[must_use]
    pub fn place(&self) -> String {
        let group = if self.catalog.is_none() { '0' } else { '1' };
        format!("{group}{}", self.slug)
    }
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many types can be used here.
///
/// # Errors
/// As [`resolve`].
pub async fn count(scope: &Scope, filter: &TypeFilter) -> Result<u64, DbError> {
    let (usable, values) = usable(scope, filter);
    let statement = format!("SELECT count(*) AS count FROM ({usable}) u");
    let counted: Option<Count> = sql::first(scope, statement, values).await?;
    Ok(counted.map_or(0, |row| row.count.unsigned_abs()))
}

fn usable(scope: &Scope, filter: &TypeFilter) -> (String, Vec<Value>) {
    let values = vec![
        organization(scope),
        filter.search.as_deref().map(sql::containing).into(),
        filter.kind.word().into(),
    ];
    let own = filter.kind.own();
    let brought = if filter.own {
        "SELECT NULL, NULL, NULL, NULL, NULL::jsonb, NULL::timestamptz WHERE $3::text IS NULL"
    } else {
        "SELECT $3::text, id, slug, catalog, body, NULL FROM template_types_seen($3, NULL)"
    };
    let usable = format!(
        "SELECT * FROM ({own} AND archived_at IS NULL UNION ALL {brought}) a
         WHERE $2::text IS NULL OR slug ILIKE $2 OR body ->> 'name' ILIKE $2"
    );
    (usable, values)
}

fn organization(scope: &Scope) -> Value {
    scope.tenant().organization().as_str().into()
}
