use agentry_db::ids::TemplateId;
use agentry_db::template::Version;
use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::loader::DefinitionOf;
use super::{Capabilities, Provides};
use crate::{ApiError, Noun, RequestContext};

/// A version of a template, as its publisher sees it. It never changes, but for being yanked.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct TemplateVersion {
    /// The template's id.
    pub template_id: ID,
    /// Its number, from 1 on.
    pub version: i32,
    /// SHA-256 of the definition as JSON without white space and with the keys of every object in order, in hex.
    pub checksum: String,
    /// What it asks for.
    pub capabilities: Capabilities,
    /// How much of each kind it brings.
    pub provides: Provides,
    /// What was said of it.
    pub notes: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was yanked.
    pub yanked_at: Option<DateTime<Utc>>,
}

impl From<Version> for TemplateVersion {
    fn from(row: Version) -> Self {
        let Version {
            template_id,
            version,
            capabilities,
            provides,
            checksum,
            notes,
            published_at,
            yanked_at,
        } = row;
        Self {
            template_id: ID(template_id.into_string()),
            version,
            checksum,
            capabilities: Capabilities::read(&capabilities),
            provides: Provides::read(&provides),
            notes,
            published_at,
            yanked_at,
        }
    }
}

#[ComplexObject]
impl TemplateVersion {
    /// The definition.
    #[graphql(complexity = "20")]
    async fn definition(&self, context: &Context<'_>) -> async_graphql::Result<Option<Value>> {
        let loader = RequestContext::of(context)?.loader(Noun::Templates)?;
        let key = DefinitionOf(TemplateId::from(self.template_id.as_str()), self.version);
        loader.load_one(key).await.map_err(ApiError::loaded)
    }
}
