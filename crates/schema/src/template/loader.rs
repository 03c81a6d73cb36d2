use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use agentry_db::ids::TemplateId;
use agentry_db::template;
use async_graphql::dataloader::Loader as BatchLoader;
use serde_json::Value;

use super::TemplateVersion;
use crate::ApiError;
use crate::loader::Loader;

/// The first so many versions of a template below a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct VersionsOf {
    pub(super) template: TemplateId,
    pub(super) before: Option<i32>,
    pub(super) count: u32,
}

/// The definition of a version of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DefinitionOf(pub(super) TemplateId, pub(super) i32);

/// In how many organisations a template is installed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct InstallCountOf(pub(super) TemplateId);

type Loaded<K, V> = Result<HashMap<K, V>, Arc<ApiError>>;

impl BatchLoader<VersionsOf> for Loader {
    type Value = Vec<TemplateVersion>;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[VersionsOf]) -> Loaded<VersionsOf, Vec<TemplateVersion>> {
        let scope = self.scope().await?;
        // One statement for each way to ask, of which a document has few.
        let mut ways: HashMap<(Option<i32>, u32), Vec<TemplateId>> = HashMap::new();
        for key in keys {
            let way = ways.entry((key.before, key.count)).or_default();
            way.push(key.template.clone());
        }
        let mut found: HashMap<VersionsOf, Vec<TemplateVersion>> = HashMap::new();
        for ((before, count), templates) in ways {
            let rows = template::versions(&scope, &templates, before, count.into()).await;
            for row in rows.map_err(|error| Arc::new(error.into()))? {
                let key = VersionsOf {
                    template: row.template_id.clone(),
                    before,
                    count,
                };
                found.entry(key).or_default().push(row.into());
            }
        }
        Ok(found)
    }
}

impl BatchLoader<DefinitionOf> for Loader {
    type Value = Value;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[DefinitionOf]) -> Loaded<DefinitionOf, Value> {
        let scope = self.scope().await?;
        let versions: Vec<_> = keys.iter().map(|key| (key.0.clone(), key.1)).collect();
        let rows = template::definitions(&scope, &versions).await;
        let rows = rows.map_err(|error| Arc::new(error.into()))?;
        Ok(rows
            .into_iter()
            .map(|(template, version, definition)| (DefinitionOf(template, version), definition))
            .collect())
    }
}

impl BatchLoader<InstallCountOf> for Loader {
    type Value = i32;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[InstallCountOf]) -> Loaded<InstallCountOf, i32> {
        let scope = self.scope().await?;
        let templates: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = template::install_counts(&scope, &templates).await;
        let rows = rows.map_err(|error| Arc::new(error.into()))?;
        let shown = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(rows
            .into_iter()
            .map(|(template, count)| (InstallCountOf(template), shown(count)))
            .collect())
    }
}
