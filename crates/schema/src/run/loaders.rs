use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::entity::run::Model;
use agentry_db::ids::{ConversationId, RunId};
use agentry_db::{Direction, Page, PageRequest, Slice, run};
use async_graphql::dataloader::Loader as BatchLoader;

use super::Run;
use crate::ApiError;
use crate::loader::Loader;

/// What a run has said so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TextOf(pub(super) RunId);

/// What a conversation still has to do: the run that is running there, or else the first in line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ActiveIn(pub(crate) ConversationId);

/// One end of the runs in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RunsIn {
    pub(super) conversation: ConversationId,
    pub(super) slice: Slice,
}

/// How many runs a conversation has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RunCount(pub(super) ConversationId);

impl BatchLoader<RunId> for Loader {
    type Value = Run;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[RunId]) -> Result<HashMap<RunId, Run>, Self::Error> {
        let scope = self.scope().await?;
        let runs = run::find_many(&scope, keys)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(runs
            .into_iter()
            .map(|model| (model.id.clone(), model.into()))
            .collect())
    }
}

impl BatchLoader<TextOf> for Loader {
    type Value = String;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[TextOf]) -> Result<HashMap<TextOf, String>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<RunId> = keys.iter().map(|key| key.0.clone()).collect();
        let texts = run::text_many(&scope, &ids)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(texts
            .into_iter()
            .map(|(run, text)| (TextOf(run), text))
            .collect())
    }
}

impl BatchLoader<ActiveIn> for Loader {
    type Value = Run;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[ActiveIn]) -> Result<HashMap<ActiveIn, Run>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<ConversationId> = keys.iter().map(|key| key.0.clone()).collect();
        let runs = run::active_many(&scope, &ids)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(runs
            .into_iter()
            .map(|(conversation, model)| (ActiveIn(conversation), model.into()))
            .collect())
    }
}

impl BatchLoader<RunsIn> for Loader {
    type Value = Page<Model>;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[RunsIn]) -> Result<HashMap<RunsIn, Page<Model>>, Self::Error> {
        let scope = self.scope().await?;
        let mut of_slice: HashMap<Slice, Vec<ConversationId>> = HashMap::new();
        for key in keys {
            let conversations = of_slice.entry(key.slice).or_default();
            conversations.push(key.conversation.clone());
        }
        let mut found = HashMap::new();
        for (slice, conversations) in of_slice {
            let request = PageRequest::end(slice, Direction::Ascending);
            let pages = run::list_many(&scope, &conversations, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(pages.into_iter().map(|(conversation, page)| {
                let key = RunsIn {
                    conversation,
                    slice,
                };
                (key, page)
            }));
        }
        Ok(found)
    }
}

impl BatchLoader<RunCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[RunCount]) -> Result<HashMap<RunCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<ConversationId> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = run::count_many(&scope, &ids)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(counts
            .into_iter()
            .map(|(conversation, count)| (RunCount(conversation), count))
            .collect())
    }
}
