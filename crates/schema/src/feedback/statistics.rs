//! What feedback amounts to, by agent, model, version and time.

use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::feedback_statistics::{self, Asked, Group, Grouping, Period};
use agentry_db::ids::AgentId;
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Datelike as _, Days, NaiveTime, TimeDelta, Utc};

use super::FeedbackSummary;
use crate::agent::Agent;
use crate::agent_version::{self, AgentVersion};
use crate::check::id_of;
use crate::loader::Loader;
use crate::{ApiError, Noun, RequestContext};

/// The longest span of time, in days.
const MAX_DAYS: i64 = 366;
/// How far back it begins when not said, in days.
const DEFAULT_DAYS: i64 = 90;
/// The most rows of one answer.
const MAX_ROWS: u32 = 1_000;
/// The most agents that can be named.
const MAX_AGENTS: usize = 100;

/// What feedback can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum FeedbackGrouping {
    /// The agent.
    Agent,
    /// The model that wrote the message.
    Model,
    /// The version of the agent that wrote the message; tells agents apart too.
    Version,
    /// The day on which it was first given, from midnight UTC.
    Day,
    /// The week, from Monday midnight UTC.
    Week,
    /// The month, from midnight UTC of its first day.
    Month,
}

/// Which feedback to count; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct FeedbackStatisticsFilterInput {
    /// Only that on messages of these agents, at most 100.
    agent_ids: Option<Vec<ID>>,
    /// Only what was first given from this moment on; 90 days before the end when left out.
    from: Option<DateTime<Utc>>,
    /// Only what was first given before this moment, at most 366 days after the beginning; the end of today, UTC, when left out.
    to: Option<DateTime<Utc>>,
}

/// What a group of feedback amounts to. What it is not told apart by is null.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct FeedbackStatistics {
    /// The id of the agent.
    pub agent_id: Option<ID>,
    /// The version of the agent that wrote the messages; null too for messages that no version is known to have written.
    pub version: Option<i32>,
    /// The model that wrote the messages; null too for messages that no model is known to have written.
    pub model: Option<String>,
    /// When the day, week or month begins.
    pub period: Option<DateTime<Utc>>,
    #[graphql(flatten)]
    summary: FeedbackSummary,
}

#[ComplexObject]
impl FeedbackStatistics {
    /// The agent; null too when it is not yours to see any more.
    #[graphql(complexity = "2 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> Option<async_graphql::Result<Agent>> {
        let id = AgentId::from(self.agent_id.as_ref()?.as_str());
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }

    /// What wrote the messages: the agent as it was at that version; null too when it is not yours to see any more.
    #[graphql(complexity = "2 + child_complexity")]
    async fn written_by(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<AgentVersion>> {
        let (agent, version) = (self.agent_id.as_ref()?, self.version?);
        let found = agent_version::find_one(context, agent, version).await;
        found.transpose()
    }
}

impl From<Group> for FeedbackStatistics {
    fn from(group: Group) -> Self {
        let Group {
            agent,
            model,
            version,
            period,
            tally,
        } = group;
        Self {
            agent_id: agent.map(|id| ID(id.into_string())),
            version,
            model,
            period,
            summary: tally.into(),
        }
    }
}

/// Queries about feedback.
#[derive(Debug, Default)]
pub struct FeedbackQuery;

#[Object]
impl FeedbackQuery {
    /// What the feedback that you may see amounts to: your own, and all on messages of your agents. A row for each group that there is
    /// feedback of, by period, agent, version and model, at most 1,000. Counted by when it was first given; as it is now.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn feedback_statistics(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which feedback.")] filter: Option<FeedbackStatisticsFilterInput>,
        #[graphql(
            desc = "What it is told apart by: at most one of DAY, WEEK and MONTH. All of it is one row when empty.",
            default
        )]
        group_by: Vec<FeedbackGrouping>,
    ) -> async_graphql::Result<Vec<FeedbackStatistics>> {
        Ok(of_all(context, filter.unwrap_or_default(), &group_by).await?)
    }
}

async fn of_all(
    context: &Context<'_>,
    filter: FeedbackStatisticsFilterInput,
    group_by: &[FeedbackGrouping],
) -> Result<Vec<FeedbackStatistics>, ApiError> {
    let context = RequestContext::of(context)?;
    context.allow(Noun::Feedback, agentry_auth::Access::Read)?;
    let FeedbackStatisticsFilterInput {
        agent_ids,
        from,
        to,
    } = filter;
    if agent_ids.as_ref().is_some_and(|ids| ids.len() > MAX_AGENTS) {
        return Err(refused(
            &["filter", "agentIds"],
            format!("There may be at most {MAX_AGENTS} agents."),
        ));
    }
    let asked = asked(group_by, from, to, &["filter"])?;
    let agents = agent_ids.map(|ids| ids.into_iter().map(id_of).collect::<Vec<AgentId>>());
    let scope = context.read(Noun::Feedback).await?;
    let limit = MAX_ROWS + 1;
    let groups = feedback_statistics::groups(&scope, agents.as_deref(), &asked, limit).await?;
    rows(groups)
}

/// What the feedback on one agent's messages amounts to: one statement for all agents of which the same is asked.
pub(crate) async fn of_agent(
    context: &Context<'_>,
    agent: &ID,
    group_by: &[FeedbackGrouping],
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> async_graphql::Result<Vec<FeedbackStatistics>> {
    let mut asked = asked(group_by, from, to, &[])?;
    asked.grouping.agent = true;
    let agent = AgentId::from(agent.as_str());
    let loader = RequestContext::of(context)?.loader(Noun::Feedback)?;
    let groups = loader.load_one(StatisticsOf { agent, asked }).await;
    Ok(rows(groups.map_err(ApiError::loaded)?.unwrap_or_default())?)
}

fn rows(groups: Vec<Group>) -> Result<Vec<FeedbackStatistics>, ApiError> {
    if groups.len() > MAX_ROWS as usize {
        return Err(too_many());
    }
    Ok(groups.into_iter().map(FeedbackStatistics::from).collect())
}

fn too_many() -> ApiError {
    refused(
        &["groupBy"],
        format!(
            "That makes more than {MAX_ROWS} rows. Choose fewer or longer groups, or less time."
        ),
    )
}

/// Checks what is asked; `under` is where `from` and `to` stand.
fn asked(
    group_by: &[FeedbackGrouping],
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    under: &[&str],
) -> Result<Asked, ApiError> {
    let mut grouping = Grouping::default();
    for by in group_by {
        let period = match by {
            FeedbackGrouping::Agent => {
                grouping.agent = true;
                continue;
            }
            FeedbackGrouping::Model => {
                grouping.model = true;
                continue;
            }
            FeedbackGrouping::Version => {
                (grouping.agent, grouping.version) = (true, true);
                continue;
            }
            FeedbackGrouping::Day => Period::Day,
            FeedbackGrouping::Week => Period::Week,
            FeedbackGrouping::Month => Period::Month,
        };
        if grouping.period.is_some_and(|other| other != period) {
            return Err(refused(&["groupBy"], "Give one of DAY, WEEK and MONTH."));
        }
        grouping.period = Some(period);
    }
    let at = |argument| [under, &[argument]].concat();
    let known = |time: &DateTime<Utc>| (1..=9_999).contains(&time.year());
    // The same for every field of a request, so that they are read together.
    let to = to.unwrap_or_else(end_of_today);
    let from = from
        .or_else(|| to.checked_sub_signed(TimeDelta::days(DEFAULT_DAYS)))
        .filter(known)
        .ok_or_else(|| refused(&at("from"), "That is too long ago."))?;
    if !known(&to) || to <= from || to - from > TimeDelta::days(MAX_DAYS) {
        let message = format!(
            "It must be later than the beginning, by at most {MAX_DAYS} days; left out, it is the end of today."
        );
        return Err(refused(&at("to"), message));
    }
    Ok(Asked { from, to, grouping })
}

fn end_of_today() -> DateTime<Utc> {
    let today = Utc::now().date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    tomorrow.and_time(NaiveTime::MIN).and_utc()
}

fn refused(path: &[&str], message: impl Into<String>) -> ApiError {
    ApiError::BadInput {
        message: message.into(),
        path: path.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// What the feedback on one agent's messages amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StatisticsOf {
    agent: AgentId,
    asked: Asked,
}

impl BatchLoader<StatisticsOf> for Loader {
    type Value = Vec<Group>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[StatisticsOf],
    ) -> Result<HashMap<StatisticsOf, Vec<Group>>, Self::Error> {
        let scope = self.scope().await?;
        let mut alike: HashMap<Asked, Vec<AgentId>> = HashMap::new();
        for key in keys {
            alike.entry(key.asked).or_default().push(key.agent.clone());
        }
        let mut found: HashMap<StatisticsOf, Vec<Group>> = HashMap::new();
        for (asked, agents) in alike {
            let most = MAX_ROWS.saturating_mul(u32::try_from(agents.len()).unwrap_or(u32::MAX));
            let limit = most.saturating_add(1);
            let groups = feedback_statistics::groups(&scope, Some(&agents), &asked, limit)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            // With one row more, one agent at least has too many, and of another some may be missing.
            if u32::try_from(groups.len()).is_ok_and(|rows| rows > most) {
                return Err(Arc::new(too_many()));
            }
            for group in groups {
                if let Some(agent) = group.agent.clone() {
                    let key = StatisticsOf { agent, asked };
                    found.entry(key).or_default().push(group);
                }
            }
        }
        Ok(found)
    }
}
