use std::sync::Arc;
use std::time::Duration;

use agentry_db::{ReadScope, Scope};
use async_graphql::dataloader::DataLoader;

use crate::ApiError;

/// Reads what many fields of one request ask for in one statement. It lives as long as the request and reads in the
/// request's own transaction; each noun implements [`async_graphql::dataloader::Loader`] on it for its keys.
#[derive(Debug)]
pub struct Loader {
    read: Arc<ReadScope>,
}

impl Loader {
    /// Fields of one level ask within one turn of the executor, so there is nothing to wait for beyond that.
    pub(crate) fn batching(read: Arc<ReadScope>) -> DataLoader<Self> {
        DataLoader::new(Self { read }, tokio::spawn).delay(Duration::ZERO)
    }

    pub(crate) async fn scope(&self) -> Result<Scope, Arc<ApiError>> {
        self.read
            .scope()
            .await
            .map_err(|error| Arc::new(error.into()))
    }
}
