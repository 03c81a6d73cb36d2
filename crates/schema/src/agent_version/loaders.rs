use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::agent_version::{self, Numbered};
use agentry_db::entity::agent_version::Model;
use agentry_db::ids::AgentId;
use agentry_db::{Direction, Page, PageRequest, Slice};
use async_graphql::dataloader::Loader as BatchLoader;

use super::AgentVersion;
use crate::ApiError;
use crate::loader::Loader;

/// One version of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct VersionOf(pub(crate) Numbered);

/// One end of the versions of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct VersionsOf {
    pub(super) agent: AgentId,
    pub(super) slice: Slice,
}

/// How many versions an agent has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct VersionCount(pub(super) AgentId);

impl BatchLoader<VersionOf> for Loader {
    type Value = AgentVersion;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[VersionOf],
    ) -> Result<HashMap<VersionOf, AgentVersion>, Self::Error> {
        let scope = self.scope().await?;
        let wanted: Vec<Numbered> = keys.iter().map(|key| key.0.clone()).collect();
        let versions = agent_version::find_numbered(&scope, &wanted)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(versions
            .into_iter()
            .map(|model| {
                let key = VersionOf((model.agent_id.clone(), model.version));
                (key, model.into())
            })
            .collect())
    }
}

impl BatchLoader<VersionsOf> for Loader {
    type Value = Page<Model>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[VersionsOf],
    ) -> Result<HashMap<VersionsOf, Page<Model>>, Self::Error> {
        let scope = self.scope().await?;
        let mut of_slice: HashMap<Slice, Vec<AgentId>> = HashMap::new();
        for key in keys {
            let agents = of_slice.entry(key.slice).or_default();
            agents.push(key.agent.clone());
        }
        let mut found = HashMap::new();
        for (slice, agents) in of_slice {
            let request = PageRequest::end(slice, Direction::Ascending);
            let pages = agent_version::list_many(&scope, &agents, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(
                pages
                    .into_iter()
                    .map(|(agent, page)| (VersionsOf { agent, slice }, page)),
            );
        }
        Ok(found)
    }
}

impl BatchLoader<VersionCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[VersionCount]) -> Result<HashMap<VersionCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let agents: Vec<AgentId> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = agent_version::count_many(&scope, &agents)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(counts
            .into_iter()
            .map(|(agent, count)| (VersionCount(agent), count))
            .collect())
    }
}
