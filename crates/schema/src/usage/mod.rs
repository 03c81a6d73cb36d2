//! What agents used, and what an organisation may spend.

use agentry_db::ids::{AgentId, ApiConnectionId};
use agentry_db::usage::{Group, Sums};
use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use chrono::{DateTime, Utc};

use crate::agent::Agent;
use crate::api_connection::ApiConnection;
use crate::safe_int::SafeInt;
use crate::{ApiError, Noun, RequestContext};

mod budget;
mod query;

pub(crate) use budget::of_organization;
pub use budget::{
    Budget, BudgetExceeded, BudgetKind, BudgetMutation, SetBudgetInput, SetBudgetResult,
    SetBudgetSuccess,
};
pub use query::{UsageFilterInput, UsageGrouping, UsageQuery};

/// What was used, in groups and in all.
#[derive(Debug, Clone, SimpleObject)]
pub struct UsageReport {
    /// A row for each group that there is usage of: by period, agent, user, connection, service and model; at most 1,000.
    pub rows: Vec<Usage>,
    /// All rows together.
    pub total: UsageTotal,
}

/// What was used.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct UsageTotal {
    /// How many runs ended.
    pub runs: i32,
    /// How many of them completed.
    pub completed_runs: i32,
    /// How many of them failed.
    pub failed_runs: i32,
    /// How many of them were cancelled.
    pub cancelled_runs: i32,
    /// How many times a title was asked for beside them.
    pub titles: i32,
    /// How many tokens models read.
    pub prompt_tokens: SafeInt,
    /// How many tokens models wrote.
    pub completion_tokens: SafeInt,
    /// What it cost, in millionths of a US dollar, as far as prices are known.
    pub cost_micros: SafeInt,
    /// Of how many runs and titles the tokens, and so the cost, are an estimate, because the provider did not say: cancelled ones, and
    /// others that broke off.
    pub estimated_calls: i32,
    /// Of how many runs and titles no price is known: their tokens are in it, and no cost.
    pub unpriced_calls: i32,
}

/// What a group used. What it is not told apart by is null.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Usage {
    /// The id of the agent. It may be gone.
    pub agent_id: Option<ID>,
    /// The model, as the agent names it.
    pub model: Option<String>,
    /// The service that served the model; null too where a run ended before one was chosen.
    pub service: Option<String>,
    /// The id of the API connection, which may be gone; null too where none was used, and where the agent is somebody else's, unless
    /// you are an owner or admin of the organisation.
    pub connection_id: Option<ID>,
    /// The id of the user who asked. They may be gone.
    pub user_id: Option<ID>,
    /// When the day, week or month begins.
    pub period: Option<DateTime<Utc>>,
    #[graphql(flatten)]
    total: UsageTotal,
}

#[ComplexObject]
impl Usage {
    /// The agent; null too when it is gone, or not yours to see.
    #[graphql(complexity = "2 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> Option<async_graphql::Result<Agent>> {
        let id = AgentId::from(self.agent_id.as_ref()?.as_str());
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// The connection; null too when it is gone, or not yours to see.
    #[graphql(complexity = "2 + child_complexity")]
    async fn connection(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<ApiConnection>> {
        let id = ApiConnectionId::from(self.connection_id.as_ref()?.as_str());
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Connections)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }
}

impl From<Group> for Usage {
    fn from(group: Group) -> Self {
        let Group {
            agent,
            model,
            service,
            connection,
            user,
            period,
            sums,
        } = group;
        Self {
            agent_id: agent.map(|id| ID(id.into_string())),
            model,
            service,
            connection_id: connection.map(|id| ID(id.into_string())),
            user_id: user.map(|id| ID(id.into_string())),
            period,
            total: sums.into(),
        }
    }
}

impl From<Sums> for UsageTotal {
    fn from(sums: Sums) -> Self {
        let Sums {
            completed,
            failed,
            cancelled,
            titles,
            prompt_tokens,
            completion_tokens,
            cost_micros,
            estimated,
            unpriced,
        } = sums;
        let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            runs: count(completed.saturating_add(failed).saturating_add(cancelled)),
            completed_runs: count(completed),
            failed_runs: count(failed),
            cancelled_runs: count(cancelled),
            titles: count(titles),
            prompt_tokens: SafeInt::clamped(prompt_tokens),
            completion_tokens: SafeInt::clamped(completion_tokens),
            cost_micros: SafeInt::clamped(cost_micros),
            estimated_calls: count(estimated),
            unpriced_calls: count(unpriced),
        }
    }
}

fn all(groups: &[Group]) -> Sums {
    let mut sum = Sums::default();
    for Group { sums, .. } in groups {
        let add = |to: &mut i64, more: i64| *to = to.saturating_add(more);
        add(&mut sum.completed, sums.completed);
        add(&mut sum.failed, sums.failed);
        add(&mut sum.cancelled, sums.cancelled);
        add(&mut sum.titles, sums.titles);
        add(&mut sum.prompt_tokens, sums.prompt_tokens);
        add(&mut sum.completion_tokens, sums.completion_tokens);
        add(&mut sum.cost_micros, sums.cost_micros);
        add(&mut sum.estimated, sums.estimated);
        add(&mut sum.unpriced, sums.unpriced);
    }
    sum
}
