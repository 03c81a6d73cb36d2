use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::ids::TemplateInstallId;
use agentry_db::template_install::{self, Parts};
use async_graphql::dataloader::Loader as BatchLoader;
use serde_json::Value;

use super::{TemplateInstall, complete};
use crate::ApiError;
use crate::loader::Loader;

/// The install of this id, as the agents of a list ask for theirs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InstallOf(pub(crate) TemplateInstallId);

/// The whole definition of an install.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EffectiveOf(pub(super) TemplateInstallId);

/// The watchers and classifiers of an install.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PartsOf(pub(super) TemplateInstallId);

impl BatchLoader<InstallOf> for Loader {
    type Value = TemplateInstall;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[InstallOf],
    ) -> Result<HashMap<InstallOf, TemplateInstall>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = template_install::find_many(&scope, &ids).await;
        let rows = rows.map_err(|error| Arc::new(error.into()))?;
        let installs = complete(&scope, rows).await.map_err(Arc::new)?;
        Ok(installs
            .into_iter()
            .map(|one| (InstallOf(TemplateInstallId::from(one.id.as_str())), one))
            .collect())
    }
}

impl BatchLoader<EffectiveOf> for Loader {
    type Value = Value;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[EffectiveOf]) -> Result<HashMap<EffectiveOf, Value>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = template_install::definitions(&scope, &ids).await;
        let rows = rows.map_err(|error| Arc::new(error.into()))?;
        Ok(rows
            .into_iter()
            .map(|row| (EffectiveOf(row.id), row.definition))
            .collect())
    }
}

impl BatchLoader<PartsOf> for Loader {
    type Value = Parts;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[PartsOf]) -> Result<HashMap<PartsOf, Parts>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = template_install::parts(&scope, &ids).await;
        let rows = rows.map_err(|error| Arc::new(error.into()))?;
        Ok(rows
            .into_iter()
            .map(|row| (PartsOf(row.id.clone()), row))
            .collect())
    }
}
