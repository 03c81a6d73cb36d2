//! Versions of agents.

use agentry_db::entity::agent_version::Model;
use agentry_db::ids::AgentId;
use agentry_db::{Direction, Position, agent_version};
use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use rust_decimal::prelude::ToPrimitive as _;

use crate::agent::Agent;
use crate::connection::{PageArguments, SortedBy, connect, connection_type, total};
use crate::tool::{self, Tool};
use crate::{ApiError, Noun, RequestContext};

mod loaders;
mod mutation;
mod query;

pub(crate) use loaders::VersionOf;
use loaders::{VersionCount, VersionsOf};
pub use mutation::*;
pub use query::*;

/// What an agent was made of, from when it was made so until its next version. Versions are never changed, and go with their agent.
/// Whoever sees the agent sees all of them.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct AgentVersion {
    /// The version's id.
    pub id: ID,
    /// The id of the agent.
    pub agent_id: ID,
    /// Its number: 1, 2, 3, without gaps.
    pub version: i32,
    /// The prompt that every conversation began with.
    pub system_prompt: String,
    /// The provider's name of the model that answered.
    pub model: String,
    /// How freely it answered, 0 to 2.
    pub temperature: f64,
    /// The longest answer, in tokens; null left it to the provider.
    pub max_tokens: Option<i32>,
    /// What its model might ask the client to do.
    pub tools: Vec<Tool>,
    /// SHA-256 of all that, in hexadecimal: versions with the same are alike.
    pub checksum: String,
    /// The id of the user who made the agent so; null where that was not noted. Of an installed agent, who first talked to it so.
    pub created_by_id: Option<ID>,
    /// When the agent was made so.
    pub created_at: DateTime<Utc>,
}

/// Something that an agent is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AgentSetting {
    /// `systemPrompt`.
    SystemPrompt,
    /// `model`.
    Model,
    /// `temperature`.
    Temperature,
    /// `maxTokens`.
    MaxTokens,
    /// `tools`.
    Tools,
}

impl From<Model> for AgentVersion {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            agent_id,
            agent_user_id: _,
            agent_visibility: _,
            version,
            system_prompt,
            model,
            temperature,
            max_tokens,
            tools,
            checksum,
            created_by_user_id,
            created_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            agent_id: ID(agent_id.into_string()),
            version,
            system_prompt,
            model,
            // At most one digit before the point and four behind it: an f64 holds every such number.
            temperature: temperature.to_f64().unwrap_or_default(),
            max_tokens,
            tools: tool::tools(tools.as_ref()),
            checksum,
            created_by_id: created_by_user_id.map(|id| ID(id.into_string())),
            created_at,
        }
    }
}

#[ComplexObject]
impl AgentVersion {
    /// The agent, as it is now.
    #[graphql(complexity = "2 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> Option<async_graphql::Result<Agent>> {
        let find = async {
            let id = AgentId::from(self.agent_id.as_str());
            let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The version before it; null for the first.
    #[graphql(complexity = "2 + child_complexity")]
    async fn previous(&self, context: &Context<'_>) -> Option<async_graphql::Result<Self>> {
        self.before(context).await.transpose()
    }

    /// In what it differs from the version before it; nothing for the first.
    #[graphql(complexity = 2)]
    async fn changed(&self, context: &Context<'_>) -> async_graphql::Result<Vec<AgentSetting>> {
        let before = self.before(context).await?;
        Ok(before.map_or_else(Vec::new, |before| self.differing(&before)))
    }
}

impl AgentVersion {
    async fn before(&self, context: &Context<'_>) -> async_graphql::Result<Option<Self>> {
        if self.version <= 1 {
            return Ok(None);
        }
        find_one(context, &self.agent_id, self.version - 1).await
    }

    fn differing(&self, other: &Self) -> Vec<AgentSetting> {
        let same = |a: f64, b: f64| a.total_cmp(&b).is_eq();
        [
            (
                AgentSetting::SystemPrompt,
                self.system_prompt == other.system_prompt,
            ),
            (AgentSetting::Model, self.model == other.model),
            (
                AgentSetting::Temperature,
                same(self.temperature, other.temperature),
            ),
            (AgentSetting::MaxTokens, self.max_tokens == other.max_tokens),
            (AgentSetting::Tools, self.tools == other.tools),
        ]
        .into_iter()
        .filter_map(|(setting, same)| (!same).then_some(setting))
        .collect()
    }
}

/// The version of an agent, read with all others that the request asks for.
pub(crate) async fn find_one(
    context: &Context<'_>,
    agent: &ID,
    version: i32,
) -> async_graphql::Result<Option<AgentVersion>> {
    let key = VersionOf((AgentId::from(agent.as_str()), version));
    let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
    loader.load_one(key).await.map_err(ApiError::loaded)
}

/// How many versions an agent has.
#[derive(Debug)]
pub struct AgentVersionTotal(AgentId);

impl AgentVersionTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
        let count = loader.load_one(VersionCount(self.0.clone())).await;
        let count = count.map_err(ApiError::loaded)?;
        total(async { Ok(count.unwrap_or_default()) }).await
    }
}

connection_type! {
    /// A list of versions of an agent.
    AgentVersionConnection, AgentVersionEdge of AgentVersion, counted by AgentVersionTotal
}

/// The versions of an agent, oldest first: one statement for all agents that want the same end of theirs.
pub(crate) async fn list(
    context: &Context<'_>,
    agent: AgentId,
    page: PageArguments,
) -> async_graphql::Result<AgentVersionConnection> {
    let sorted = SortedBy::Version;
    let request = page.request(sorted, Direction::Ascending)?;
    let context = RequestContext::of(context)?;
    let found = if request.is_at_an_end() {
        let key = VersionsOf {
            agent: agent.clone(),
            slice: request.slice,
        };
        let found = context.loader(Noun::Agents)?.load_one(key).await;
        found.map_err(ApiError::loaded)?
    } else {
        let scope = context.read(Noun::Agents).await?;
        let these = std::slice::from_ref(&agent);
        let found = agent_version::list_many(&scope, these, &request).await;
        found.map_err(ApiError::from)?.remove(&agent)
    };
    let found = found.unwrap_or_else(|| request.empty());
    Ok(connect(
        found,
        sorted,
        AgentVersionTotal(agent),
        |model: Model| {
            let number = Position::Number(model.version);
            (number, model.id.to_string(), model.into())
        },
    ))
}
