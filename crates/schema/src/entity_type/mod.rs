//! Types of things and of relationships between them: the organisation's own, and those that installed templates bring.

use agentry_db::entity_type::{EntityType as Row, TypeKind as Kind};
use async_graphql::{ComplexObject, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use crate::ApiError;
use crate::template::DefinitionProblem;

mod input;
mod mutation;
mod query;

pub use input::*;
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
#[graphql(complex)]
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
    /// What can happen to one, by name, each with the JSON Schema of what is told of it; of things only.
    pub event_kinds: Option<Value>,
    /// Whether it reads the same from both ends; of relationships only.
    pub symmetric: Option<bool>,
    /// The types of things that it leads from, by id; null is any. Of relationships only.
    pub from_type_ids: Option<Vec<ID>>,
    /// The types of things that it leads to, by id; null is any. Of relationships only.
    pub to_type_ids: Option<Vec<ID>>,
    /// The type that it is as seen from the other end, by id. Of relationships only.
    pub inverse_type_id: Option<ID>,
    /// When it was archived; only an own one can be.
    pub archived_at: Option<DateTime<Utc>>,
}

impl From<Row> for EntityType {
    fn from(row: Row) -> Self {
        let Row {
            kind,
            id,
            slug,
            catalog,
            body,
            archived_at,
        } = row;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let object = |name: &str| {
            let value = body.get(name).cloned();
            value.unwrap_or_else(|| Value::Object(Map::new()))
        };
        let ids = |name: &str| {
            let ids = body.get(name)?.as_array()?;
            let ids = ids.iter().filter_map(Value::as_str);
            Some(ids.map(|id| ID(id.to_owned())).collect())
        };
        Self {
            id: ID(id.into_string()),
            kind: kind.into(),
            catalog,
            name: text("name").unwrap_or_else(|| slug.clone()),
            slug,
            description: text("description"),
            icon: text("icon"),
            color: text("color"),
            metadata_schema: object("metadataSchema"),
            event_kinds: match kind {
                Kind::Entity => Some(object("eventKinds")),
                Kind::Relationship => None,
            },
            symmetric: match kind {
                Kind::Entity => None,
                Kind::Relationship => Some(
                    body.get("symmetric")
                        .and_then(Value::as_bool)
                        .unwrap_or_default(),
                ),
            },
            from_type_ids: ids("fromTypeIds"),
            to_type_ids: ids("toTypeIds"),
            inverse_type_id: text("inverseTypeId").map(ID),
            archived_at,
        }
    }
}

#[ComplexObject]
impl EntityType {
    /// What keeps this from being kept with one, as the JSON Schema says, at most twenty things; empty when nothing does. A type that a
    /// template brings goes by the template's schema.
    #[graphql(complexity = "200 + child_complexity")]
    async fn problems(
        &self,
        #[graphql(desc = "What is to be kept with one: at most 16,384 bytes as JSON.")]
        metadata: Value,
    ) -> async_graphql::Result<Vec<DefinitionProblem>> {
        let schema = self.metadata_schema.clone();
        // Work of the processor alone: on a thread of its own, others are served meanwhile.
        let checked = spawn_blocking(move || agentry_template::check_value(&schema, &metadata));
        let problems = checked
            .await
            .map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok(problems.into_iter().map(DefinitionProblem::from).collect())
    }
}
