use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::conversation::{self, OfAgent};
use agentry_db::entity::conversation::Model;
use agentry_db::ids::{AgentId, ConversationId};
use agentry_db::{Direction, Page, PageRequest, Slice};
use async_graphql::dataloader::Loader as BatchLoader;

use super::Conversation;
use crate::ApiError;
use crate::loader::Loader;

/// One end of the conversations with one agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ConversationsWith {
    pub(super) agent: OfAgent,
    pub(super) slice: Slice,
}

/// How many conversations with one agent the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ConversationCount(pub(super) AgentId);

impl BatchLoader<ConversationId> for Loader {
    type Value = Conversation;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Conversation>, Self::Error> {
        let scope = self.scope().await?;
        let conversations = conversation::find_many(&scope, keys)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(conversations
            .into_iter()
            .map(|model| (model.id.clone(), model.into()))
            .collect())
    }
}

impl BatchLoader<ConversationsWith> for Loader {
    type Value = Page<Model>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ConversationsWith],
    ) -> Result<HashMap<ConversationsWith, Page<Model>>, Self::Error> {
        let scope = self.scope().await?;
        let mut of_slice: HashMap<Slice, Vec<OfAgent>> = HashMap::new();
        for key in keys {
            let agents = of_slice.entry(key.slice).or_default();
            agents.push(key.agent.clone());
        }
        let mut found = HashMap::new();
        for (slice, agents) in of_slice {
            let request = PageRequest::end(slice, Direction::Ascending);
            let mut pages = conversation::list_many(&scope, &agents, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(agents.into_iter().filter_map(|agent| {
                let page = pages.remove(&agent.id)?;
                Some((ConversationsWith { agent, slice }, page))
            }));
        }
        Ok(found)
    }
}

impl BatchLoader<ConversationCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ConversationCount],
    ) -> Result<HashMap<ConversationCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let agents: Vec<AgentId> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = conversation::count_many(&scope, &agents)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(counts
            .into_iter()
            .map(|(agent, count)| (ConversationCount(agent), count))
            .collect())
    }
}
