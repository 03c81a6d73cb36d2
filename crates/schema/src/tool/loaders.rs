use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::ids::MessageId;
use agentry_db::run::{self, Behind};
use async_graphql::dataloader::Loader as BatchLoader;

use crate::ApiError;
use crate::loader::Loader;

/// What stands behind a message that calls tools.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct BehindOf(pub(super) MessageId);

impl BatchLoader<BehindOf> for Loader {
    type Value = Behind;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[BehindOf]) -> Result<HashMap<BehindOf, Behind>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<MessageId> = keys.iter().map(|key| key.0.clone()).collect();
        let behind = run::behind_many(&scope, &ids)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(behind
            .into_iter()
            .map(|(message, behind)| (BehindOf(message), behind))
            .collect())
    }
}
