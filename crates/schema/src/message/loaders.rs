use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::agent_message::{self, Parent};
use agentry_db::entity::agent_message::Model;
use agentry_db::{Direction, Page, PageRequest, Slice};
use async_graphql::dataloader::Loader as BatchLoader;

use crate::ApiError;
use crate::loader::Loader;

/// One end of a list of messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Messages {
    pub(super) parent: Parent,
    pub(super) slice: Slice,
}

/// How many messages there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MessageCount(pub(super) Parent);

impl BatchLoader<Messages> for Loader {
    type Value = Page<Model>;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[Messages]) -> Result<HashMap<Messages, Page<Model>>, Self::Error> {
        let scope = self.scope().await?;
        let mut of_slice: HashMap<Slice, Vec<Parent>> = HashMap::new();
        for key in keys {
            let parents = of_slice.entry(key.slice).or_default();
            parents.push(key.parent.clone());
        }
        let mut found = HashMap::new();
        for (slice, parents) in of_slice {
            let request = PageRequest::end(slice, Direction::Ascending);
            let pages = agent_message::list_many(&scope, &parents, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(
                pages
                    .into_iter()
                    .map(|(parent, page)| (Messages { parent, slice }, page)),
            );
        }
        Ok(found)
    }
}

impl BatchLoader<MessageCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[MessageCount]) -> Result<HashMap<MessageCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let parents: Vec<Parent> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = agent_message::count_many(&scope, &parents)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(counts
            .into_iter()
            .map(|(parent, count)| (MessageCount(parent), count))
            .collect())
    }
}
