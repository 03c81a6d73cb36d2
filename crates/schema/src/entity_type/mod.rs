//! Types of things and of relationships between them: the organisation's own, and those that installed templates bring.

use agentry_db::entity_type::{EntityType as Row, TypeKind as Kind};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

mod mutation;
mod query;

pub use mutation::*;
pub use query::*;

/// Of what a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::entity_type::TypeKind")]
pub enum TypeKind {
    /// Of things.
    Entity,
    /// Of relationships between things.
    Relationship,
}

/// A type of things, or of relationships between them.
#[derive(Debug, Clone, SimpleObject)]
pub struct EntityType {
    /// Its id: one for everyone who uses it.
    pub id: ID,
    /// Of what it is.
    pub kind: TypeKind,
    /// Its short name.
    pub slug: String,
    /// The slug of the template that brings it; null is the organisation's own.
    pub catalog: Option<String>,
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub description: Option<String>,
    /// Its picture; of things only.
    pub icon: Option<String>,
    /// Its colour, `#rrggbb`; of things only.
    pub color: Option<String>,
    /// The JSON Schema (2020-12) of what is kept with one.
    pub metadata_schema: Value,
    /// Whether it reads the same from both ends; of relationships only.
    pub symmetric: Option<bool>,
    /// When it was archived; only an own one can be.
    pub archived_at: Option<DateTime<Utc>>,
}

impl EntityType {
    fn of(kind: Kind, row: Row) -> Self {
        let Row {
            id,
            slug,
            catalog,
            body,
            archived_at,
        } = row;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            id: ID(id.into_string()),
            kind: kind.into(),
            catalog,
            name: text("name").unwrap_or_else(|| slug.clone()),
            slug,
            description: text("description"),
            icon: text("icon"),
            color: text("color"),
            metadata_schema: body
                .get("metadataSchema")
                .cloned()
                .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            symmetric: match kind {
                Kind::Entity => None,
                Kind::Relationship => Some(
                    body.get("symmetric")
                        .and_then(Value::as_bool)
                        .unwrap_or_default(),
                ),
            },
            archived_at,
        }
    }
}
