//! Types of things, and of relationships between them: the organisation's own, and those that its installed templates bring.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use crate::ids::EntityTypeId;
use crate::keyset::{Page, PageRequest};
use crate::{DbError, Scope, WriteScope, sql};

/// Of what a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Of things.
    Entity,
    /// Of relationships between things.
    Relationship,
}

/// A type.
#[derive(Debug, Clone, FromQueryResult)]
pub struct EntityType {
    /// Its id, one for everyone who uses it.
    pub id: EntityTypeId,
    /// Its short name.
    pub slug: String,
    /// The slug of the template that brings it; `None` is the organisation's own.
    pub catalog: Option<String>,
    /// What it says: `name`, `description`, `metadataSchema`, … as in a definition.
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

impl TypeKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Relationship => "relationship",
        }
    }

    /// The organisation's own types in the form of those that templates bring.
    const fn own(self) -> &'static str {
        match self {
            Self::Entity => {
                "SELECT id, slug, NULL::text AS catalog,
                   jsonb_strip_nulls(jsonb_build_object('name', name, 'description', description, 'icon', icon, 'color', color))
                   || jsonb_build_object('metadataSchema', metadata_schema, 'eventKinds', event_kinds) AS body, archived_at
                 FROM entity_types WHERE organization_id = $1"
            }
            Self::Relationship => {
                "SELECT id, slug, NULL::text AS catalog,
                   jsonb_strip_nulls(jsonb_build_object('name', name, 'description', description))
                   || jsonb_build_object('metadataSchema', metadata_schema, 'symmetric', is_symmetric) AS body, archived_at
                 FROM entity_relationship_types WHERE organization_id = $1"
            }
        }
    }
}

/// What a slug means here: the organisation's own type of it, else the one that installed templates bring. With `catalog`, only
/// what the template of that slug brings. A type is held as it is until the transaction ends, so that it can be referred to.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn resolve(
    scope: &Scope,
    kind: TypeKind,
    slug: &str,
    catalog: Option<&str>,
) -> Result<Resolution, DbError> {
    if catalog.is_none() {
        let statement = format!("{} AND slug = $2 AND archived_at IS NULL", kind.own());
        let values = [organization(scope), slug.into()];
        let own: Option<EntityType> = sql::first(scope, statement, values).await?;
        if let Some(own) = own {
            return Ok(Resolution::One(Box::new(own)));
        }
    }
    let statement = "SELECT id, slug, catalog, body, NULL::timestamptz AS archived_at
        FROM template_types_seen($1, $2) WHERE $3::text IS NULL OR catalog = $3 ORDER BY catalog";
    let values: [Value; 3] = [
        kind.word().into(),
        slug.into(),
        catalog.map(str::to_owned).into(),
    ];
    let mut found: Vec<EntityType> = sql::all(scope, statement, values).await?;
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => Resolution::Missing,
        (Some(one), true) => Resolution::One(Box::new(one)),
        (Some(last), false) => {
            let all = found.into_iter().chain([last]);
            Resolution::Ambiguous(all.filter_map(|one| one.catalog).collect())
        }
    })
}

/// One window on the types that can be used here, by slug: the own ones, and those that installed templates bring.
///
/// # Errors
/// As [`resolve`].
pub async fn list(
    scope: &Scope,
    kind: TypeKind,
    request: &PageRequest,
) -> Result<Page<EntityType>, DbError> {
    let mut values: Vec<Value> = vec![organization(scope), kind.word().into()];
    let window = request.window("slug", "id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT * FROM ({} AND archived_at IS NULL
           UNION ALL SELECT id, slug, catalog, body, NULL FROM template_types_seen($2, NULL)) t
         WHERE true{condition} ORDER BY slug {order}, id {order} LIMIT {limit}",
        kind.own()
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// How many types can be used here.
///
/// # Errors
/// As [`resolve`].
pub async fn count(scope: &Scope, kind: TypeKind) -> Result<u64, DbError> {
    let statement = match kind {
        TypeKind::Entity => {
            "SELECT (SELECT count(*) FROM entity_types WHERE organization_id = $1 AND archived_at IS NULL)
                  + (SELECT count(*) FROM template_types_seen('entity', NULL))"
        }
        TypeKind::Relationship => {
            "SELECT (SELECT count(*) FROM entity_relationship_types WHERE organization_id = $1 AND archived_at IS NULL)
                  + (SELECT count(*) FROM template_types_seen('relationship', NULL))"
        }
    };
    let count: i64 = sql::scalar(scope, statement, [organization(scope)]).await?;
    Ok(count.unsigned_abs())
}

/// What an own type is made of, or changes to; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct TypeChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it stands for; `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// Its picture; of things only.
    pub icon: Option<Option<String>>,
    /// Its colour, `#rrggbb`; of things only.
    pub color: Option<Option<String>>,
    /// The JSON Schema of what is kept with one.
    pub metadata_schema: Option<Json>,
    /// Whether it reads the same from both ends; of relationships only.
    pub symmetric: Option<bool>,
}

/// Stores a new type of the organisation's own. `false`: a live one has the slug.
///
/// # Errors
/// As [`resolve`]; [`DbError::Refused`] when the caller is neither owner nor admin.
pub async fn insert(
    scope: &WriteScope,
    kind: TypeKind,
    id: &EntityTypeId,
    slug: &str,
    new: &TypeChanges,
) -> Result<bool, DbError> {
    let name = new.name.clone().unwrap_or_default();
    let description = new.description.clone().flatten();
    let schema = new.metadata_schema.clone();
    let schema = schema.unwrap_or_else(|| Json::Object(serde_json::Map::new()));
    let mut values: Vec<Value> = vec![
        organization(scope),
        id.as_str().into(),
        slug.into(),
        name.into(),
        description.into(),
        schema.into(),
    ];
    let statement = match kind {
        TypeKind::Entity => {
            values.push(new.icon.clone().flatten().into());
            values.push(new.color.clone().flatten().into());
            "INSERT INTO entity_types (organization_id, id, slug, name, description, metadata_schema, icon, color)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (organization_id, slug) WHERE archived_at IS NULL DO NOTHING"
        }
        TypeKind::Relationship => {
            values.push(new.symmetric.unwrap_or_default().into());
            "INSERT INTO entity_relationship_types (organization_id, id, slug, name, description, metadata_schema, is_symmetric)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (organization_id, slug) WHERE archived_at IS NULL DO NOTHING"
        }
    };
    Ok(sql::affected(scope, statement, values).await? > 0)
}

/// Changes a live type of the organisation's own. Whether there was one that the caller may change.
///
/// # Errors
/// As [`resolve`].
pub async fn update(
    scope: &WriteScope,
    kind: TypeKind,
    id: &EntityTypeId,
    changes: &TypeChanges,
) -> Result<bool, DbError> {
    let mut values: Vec<Value> = vec![
        organization(scope),
        id.as_str().into(),
        changes.name.clone().into(),
        changes.description.is_some().into(),
        changes.description.clone().flatten().into(),
        changes.metadata_schema.clone().into(),
    ];
    let statement = match kind {
        TypeKind::Entity => {
            values.push(changes.icon.is_some().into());
            values.push(changes.icon.clone().flatten().into());
            values.push(changes.color.is_some().into());
            values.push(changes.color.clone().flatten().into());
            "UPDATE entity_types SET name = coalesce($3, name), description = CASE WHEN $4 THEN $5 ELSE description END,
               metadata_schema = coalesce($6, metadata_schema), icon = CASE WHEN $7 THEN $8 ELSE icon END,
               color = CASE WHEN $9 THEN $10 ELSE color END
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
        TypeKind::Relationship => {
            values.push(changes.symmetric.into());
            "UPDATE entity_relationship_types SET name = coalesce($3, name),
               description = CASE WHEN $4 THEN $5 ELSE description END,
               metadata_schema = coalesce($6, metadata_schema), is_symmetric = coalesce($7, is_symmetric)
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
    };
    Ok(sql::affected(scope, statement, values).await? > 0)
}

/// Archives a live type of the organisation's own: its slug is free again, and what names its id still finds it. Whether there was
/// one that the caller may change.
///
/// # Errors
/// As [`resolve`].
pub async fn archive(
    scope: &WriteScope,
    kind: TypeKind,
    id: &EntityTypeId,
) -> Result<bool, DbError> {
    let statement = match kind {
        TypeKind::Entity => {
            "UPDATE entity_types SET archived_at = now_ms()
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
        TypeKind::Relationship => {
            "UPDATE entity_relationship_types SET archived_at = now_ms()
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
    };
    let values = [organization(scope), id.as_str().into()];
    Ok(sql::affected(scope, statement, values).await? > 0)
}

/// A type by its id: an own one, archived ones included, or one that an installed template brings.
///
/// # Errors
/// As [`resolve`].
pub async fn find(
    scope: &Scope,
    kind: TypeKind,
    id: &EntityTypeId,
) -> Result<Option<EntityType>, DbError> {
    let statement = format!(
        "SELECT * FROM ({} AND id = $2
           UNION ALL SELECT id, slug, catalog, body, NULL FROM template_types_seen($3, NULL) WHERE id = $2) t",
        kind.own()
    );
    let values = [organization(scope), id.as_str().into(), kind.word().into()];
    sql::first(scope, statement, values).await
}

fn organization(scope: &Scope) -> Value {
    scope.tenant().organization().as_str().into()
}
