use sea_orm::Value;
use serde_json::Value as Json;

use super::{TypeKind, organization};
use crate::ids::EntityTypeId;
use crate::{DbError, WriteScope, sql};

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
    /// What can happen to one, by name, each with the JSON Schema of what is told of it; of things only.
    pub event_kinds: Option<Json>,
    /// Whether it reads the same from both ends; of relationships only.
    pub symmetric: Option<bool>,
    /// The types of things it leads from, `Some(None)` any; of relationships only.
    pub from: Option<Option<Vec<EntityTypeId>>>,
    /// The types of things it leads to, `Some(None)` any; of relationships only.
    pub to: Option<Option<Vec<EntityTypeId>>>,
    /// The type it is seen as from the other end; of relationships only.
    pub inverse: Option<Option<EntityTypeId>>,
}

/// Whether the acting organisation may have one more type. Holds the answer until the transaction ends.
///
/// # Errors
/// As [`super::resolve`]; this holds for every function of this module.
pub async fn has_room(scope: &WriteScope, limit: u32) -> Result<bool, DbError> {
    let key = format!("types:{}", scope.tenant().organization());
    let wait = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    sql::run(scope, wait, [key.into()]).await?;
    // A statement of its own, so that its snapshot holds what was waited for.
    let statement = "SELECT (SELECT count(*) FROM entity_types WHERE organization_id = $1 AND archived_at IS NULL)
        + (SELECT count(*) FROM entity_relationship_types WHERE organization_id = $1 AND archived_at IS NULL)";
    let count: i64 = sql::scalar(scope, statement, [organization(scope)]).await?;
    Ok(count < i64::from(limit))
}

/// Stores a new type of the organisation's own. `false`: a live one has the slug.
///
/// # Errors
/// As [`has_room`]; [`DbError::Refused`] when the caller is neither owner nor admin.
pub async fn insert(
    scope: &WriteScope,
    kind: TypeKind,
    id: &EntityTypeId,
    slug: &str,
    new: &TypeChanges,
) -> Result<bool, DbError> {
    let empty = || Json::Object(serde_json::Map::new());
    let mut values: Vec<Value> = vec![
        organization(scope),
        id.as_str().into(),
        slug.into(),
        new.name.clone().unwrap_or_default().into(),
        new.description.clone().flatten().into(),
        new.metadata_schema.clone().unwrap_or_else(empty).into(),
    ];
    let statement = match kind {
        TypeKind::Entity => {
            values.push(new.icon.clone().flatten().into());
            values.push(new.color.clone().flatten().into());
            values.push(new.event_kinds.clone().unwrap_or_else(empty).into());
            "INSERT INTO entity_types (organization_id, id, slug, name, description, metadata_schema, icon, color, event_kinds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (organization_id, slug) WHERE archived_at IS NULL DO NOTHING"
        }
        TypeKind::Relationship => {
            values.push(new.symmetric.unwrap_or_default().into());
            values.push(texts(new.from.as_ref()));
            values.push(texts(new.to.as_ref()));
            values.push(text(new.inverse.as_ref()));
            "INSERT INTO entity_relationship_types (organization_id, id, slug, name, description, metadata_schema, is_symmetric,
               from_type_ids, to_type_ids, inverse_type_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (organization_id, slug) WHERE archived_at IS NULL DO NOTHING"
        }
    };
    Ok(sql::affected(scope, statement, values).await? > 0)
}

/// Changes a live type of the organisation's own. Whether there was one that the caller may change.
///
/// # Errors
/// As [`has_room`].
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
            values.push(changes.event_kinds.clone().into());
            "UPDATE entity_types SET name = coalesce($3, name), description = CASE WHEN $4 THEN $5 ELSE description END,
               metadata_schema = coalesce($6, metadata_schema), icon = CASE WHEN $7 THEN $8 ELSE icon END,
               color = CASE WHEN $9 THEN $10 ELSE color END, event_kinds = coalesce($11, event_kinds)
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
        TypeKind::Relationship => {
            values.push(changes.symmetric.into());
            values.push(changes.from.is_some().into());
            values.push(texts(changes.from.as_ref()));
            values.push(changes.to.is_some().into());
            values.push(texts(changes.to.as_ref()));
            values.push(changes.inverse.is_some().into());
            values.push(text(changes.inverse.as_ref()));
            "UPDATE entity_relationship_types SET name = coalesce($3, name),
               description = CASE WHEN $4 THEN $5 ELSE description END,
               metadata_schema = coalesce($6, metadata_schema), is_symmetric = coalesce($7, is_symmetric),
               from_type_ids = CASE WHEN $8 THEN $9 ELSE from_type_ids END, to_type_ids = CASE WHEN $10 THEN $11 ELSE to_type_ids END,
               inverse_type_id = CASE WHEN $12 THEN $13 ELSE inverse_type_id END
             WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL"
        }
    };
    Ok(sql::affected(scope, statement, values).await? > 0)
}

fn texts(ids: Option<&Option<Vec<EntityTypeId>>>) -> Value {
    let texts = ids
        .and_then(Option::as_ref)
        .map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<String>>());
    texts.into()
}

fn text(id: Option<&Option<EntityTypeId>>) -> Value {
    id.and_then(Option::as_ref).map(ToString::to_string).into()
}

/// Holds a live type of the organisation's own as it is until the transaction ends, against whoever would refer to it. Of what it
/// is; `None` when there is none that the caller may change.
///
/// # Errors
/// As [`has_room`].
pub async fn lock(scope: &WriteScope, id: &EntityTypeId) -> Result<Option<TypeKind>, DbError> {
    for kind in [TypeKind::Entity, TypeKind::Relationship] {
        let statement = format!(
            "SELECT id FROM {} WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL FOR NO KEY UPDATE",
            kind.table()
        );
        let values = [organization(scope), id.as_str().into()];
        let found: Option<Held> = sql::first(scope, statement, values).await?;
        if found.is_some() {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

#[derive(sea_orm::FromQueryResult)]
struct Held {
    #[expect(dead_code, reason = "that there is one is all that is asked")]
    id: EntityTypeId,
}

/// The slugs of live types of relationships that name a type: those that lead from it or to it, or are its inverse.
///
/// # Errors
/// As [`has_room`].
pub async fn named_by(scope: &WriteScope, id: &EntityTypeId) -> Result<Vec<String>, DbError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Naming {
        slug: String,
    }
    let statement = "SELECT slug FROM entity_relationship_types
        WHERE organization_id = $1 AND archived_at IS NULL AND id <> $2
          AND ($2 = ANY (from_type_ids) OR $2 = ANY (to_type_ids) OR inverse_type_id = $2) ORDER BY slug LIMIT 20";
    let rows: Vec<Naming> =
        sql::all(scope, statement, [organization(scope), id.as_str().into()]).await?;
    Ok(rows.into_iter().map(|row| row.slug).collect())
}

/// Archives a live type of the organisation's own: its slug is free again, and what names its id still finds it. Whether there was
/// one that the caller may change.
///
/// # Errors
/// As [`has_room`].
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
