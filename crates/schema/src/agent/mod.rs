//! Agents.

use agentry_db::agent::AgentFilter;
use agentry_db::entity::agent::Model;
use agentry_db::ids::{AgentId, TemplateInstallId};
use agentry_db::{Position, agent};
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::HashMap;
use std::sync::Arc;

use crate::check::filter_text;
use crate::connection::{OrderDirection, PageArguments, SortedBy, connect, connection_type, total};
use crate::loader::Loader;
use crate::tool::{self, Tool};
use crate::visibility::Visibility;
use crate::{ApiError, Noun, RequestContext};

mod fields;
mod hand_over;
mod mutation;
mod query;

pub use hand_over::*;
pub use mutation::*;
pub(crate) use mutation::{not_written, told};
pub use query::*;

/// An agent: a prompt, a model and its settings. Those of one that is installed are its template's, with what you changed of them.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Agent {
    /// The agent's id.
    pub id: ID,
    /// The id of the user it belongs to.
    pub owner_id: ID,
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The prompt that every conversation begins with.
    pub system_prompt: String,
    /// The provider's name of the model that answers.
    pub model: String,
    /// How freely it answers, 0 to 2.
    pub temperature: f64,
    /// The longest answer, in tokens; null leaves it to the provider.
    pub max_tokens: Option<i32>,
    /// Who in the organisation may see and use it.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The number of its newest version; 0 for an installed one that has not answered yet.
    pub version: i32,
    /// When the template it was made of was uninstalled. An archived agent is in no list.
    pub archived_at: Option<DateTime<Utc>>,
    /// What its model may ask the client to do.
    pub tools: Vec<Tool>,
    #[graphql(skip)]
    install_id: Option<TemplateInstallId>,
}

impl From<Model> for Agent {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            user_id,
            name,
            description,
            system_prompt,
            model,
            temperature,
            max_tokens,
            visibility,
            created_at,
            updated_at,
            install_id,
            archived_at,
            version,
            tools,
        } = model;
        Self {
            id: ID(id.into_string()),
            owner_id: ID(user_id.into_string()),
            name,
            description,
            system_prompt,
            model,
            // At most one digit before the point and four behind it: an f64 holds every such number.
            temperature: temperature.to_f64().unwrap_or_default(),
            max_tokens,
            visibility: visibility.into(),
            created_at,
            updated_at,
            archived_at,
            tools: tool::tools(tools.as_ref()),
            install_id,
            version,
        }
    }
}

/// Which agents to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct AgentFilterInput {
    /// Part of the name or the description, upper or lower case; at most 200 characters.
    search: Option<String>,
    /// Exactly this model.
    model: Option<String>,
    /// Exactly this visibility.
    visibility: Option<Visibility>,
    /// Only those whose owner is no member of the organisation any more (`true`), or only those whose owner is (`false`).
    owner_left: Option<bool>,
}

/// The order of a list of agents.
#[derive(Debug, InputObject)]
pub struct AgentOrder {
    /// What to sort by.
    field: AgentOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// What agents can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::agent::AgentSort")]
pub enum AgentOrderField {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// Their name.
    Name,
}

/// How many agents a list has in all.
#[derive(Debug)]
pub struct AgentTotal(AgentFilter);

impl AgentTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Agents).await?;
        total(agent::count(&scope, &self.0)).await
    }
}

connection_type! {
    /// A list of agents.
    AgentConnection, AgentEdge of Agent, counted by AgentTotal
}

/// The agents that the caller may see, as a connection.
pub(crate) async fn list(
    context: &Context<'_>,
    page: PageArguments,
    filter: Option<AgentFilterInput>,
    order: Option<AgentOrder>,
) -> Result<AgentConnection, ApiError> {
    let order = order.unwrap_or(AgentOrder {
        field: AgentOrderField::CreatedAt,
        direction: OrderDirection::Asc,
    });
    let filter = filter.unwrap_or_default().checked()?;
    let sorted = match order.field {
        AgentOrderField::CreatedAt => SortedBy::CreatedAt,
        AgentOrderField::UpdatedAt => SortedBy::UpdatedAt,
        AgentOrderField::Name => SortedBy::Name,
    };
    let request = page.request(sorted, order.direction.into())?;
    let scope = RequestContext::of(context)?.read(Noun::Agents).await?;
    let agents = agent::list(&scope, &filter, order.field.into(), &request).await?;
    Ok(connect(agents, sorted, AgentTotal(filter), |model| {
        let position = match order.field {
            AgentOrderField::CreatedAt => Position::Time(model.created_at),
            AgentOrderField::UpdatedAt => Position::Time(model.updated_at),
            AgentOrderField::Name => Position::Text(model.name.clone()),
        };
        (position, model.id.to_string(), model.into())
    }))
}

impl AgentFilterInput {
    fn checked(self) -> Result<AgentFilter, ApiError> {
        let Self {
            search,
            model,
            visibility,
            owner_left,
        } = self;
        filter_text("search", search.as_deref())?;
        filter_text("model", model.as_deref())?;
        Ok(AgentFilter {
            search: search.filter(|text| !text.is_empty()),
            model,
            visibility: visibility.map(Into::into),
            owner_left,
        })
    }
}

impl BatchLoader<AgentId> for Loader {
    type Value = Agent;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[AgentId]) -> Result<HashMap<AgentId, Agent>, Self::Error> {
        let scope = self.scope().await?;
        let agents = agent::find_many(&scope, keys)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(agents
            .into_iter()
            .map(|model| (model.id.clone(), model.into()))
            .collect())
    }
}
