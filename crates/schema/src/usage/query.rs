use agentry_auth::Access;
use agentry_db::feedback_statistics::Period;
use agentry_db::usage::{self, Asked, Grouping};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Usage, UsageReport, all};
use crate::check::id_of;
use crate::{ApiError, Noun, RequestContext};

/// The longest span of time, in days.
const MAX_DAYS: i64 = 366;
/// How far back it begins when not said, in days.
const DEFAULT_DAYS: i64 = 90;
/// The most rows of one answer.
const MAX_ROWS: u32 = 1_000;
/// The most ids that one list of a filter names.
const MAX_IDS: usize = 100;

/// What usage can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UsageGrouping {
    /// The agent.
    Agent,
    /// The model, and the service that served it.
    Model,
    /// The API connection.
    Connection,
    /// The user who asked.
    User,
    /// The day on which the run ended, from midnight UTC.
    Day,
    /// The week, from Monday midnight UTC.
    Week,
    /// The month, from midnight UTC of its first day.
    Month,
}

/// Which usage to count; what is left out does not narrow. It is kept by days, from midnight UTC, and counted by whole days.
#[derive(Debug, Default, InputObject)]
pub struct UsageFilterInput {
    /// Only from the day of this moment on; 90 days before the end when left out.
    from: Option<DateTime<Utc>>,
    /// Only until this moment, at most 366 days after the beginning; a day of which it is a part counts in full. The end of today when
    /// left out.
    to: Option<DateTime<Utc>>,
    /// Only of these agents, at most 100.
    agent_ids: Option<Vec<ID>>,
    /// Only what these users asked for, at most 100.
    user_ids: Option<Vec<ID>>,
    /// Only over these API connections, at most 100.
    connection_ids: Option<Vec<ID>>,
}

/// Queries about usage.
#[derive(Debug, Default)]
pub struct UsageQuery;

#[Object]
impl UsageQuery {
    /// What agents used, by when each run ended: what you asked for and what others asked of your agents, and the whole organisation's for
    /// its owners and admins. It stays when the conversation, the agent or the connection is deleted. An API key needs `messages:read`.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn usage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which usage.")] filter: Option<UsageFilterInput>,
        #[graphql(
            desc = "What it is told apart by: at most one of DAY, WEEK and MONTH. All of it is one row when empty.",
            default
        )]
        group_by: Vec<UsageGrouping>,
    ) -> async_graphql::Result<UsageReport> {
        let context = RequestContext::of(context)?;
        Ok(report(context, filter.unwrap_or_default(), &group_by).await?)
    }
}

async fn report(
    context: &RequestContext,
    filter: UsageFilterInput,
    group_by: &[UsageGrouping],
) -> Result<UsageReport, ApiError> {
    context.allow(Noun::Messages, Access::Read)?;
    let asked = asked(filter, group_by)?;
    let scope = context.read(Noun::Messages).await?;
    let groups = usage::groups(&scope, &asked, MAX_ROWS + 1).await?;
    if groups.len() > MAX_ROWS as usize {
        return Err(refused(
            &["groupBy"],
            format!(
                "That makes more than {MAX_ROWS} rows. Choose fewer or longer groups, or less time."
            ),
        ));
    }
    Ok(UsageReport {
        total: all(&groups).into(),
        rows: groups.into_iter().map(Usage::from).collect(),
    })
}

fn asked(filter: UsageFilterInput, group_by: &[UsageGrouping]) -> Result<Asked, ApiError> {
    let UsageFilterInput {
        from,
        to,
        agent_ids,
        user_ids,
        connection_ids,
    } = filter;
    let grouping = grouping(group_by)?;
    let known = |time: &DateTime<Utc>| (1..=9_999).contains(&time.year());
    let to = to.unwrap_or_else(Utc::now);
    let late = || refused(&["filter", "to"], "That is too late.");
    let end = Some(to)
        .filter(known)
        .and_then(day_after)
        .ok_or_else(late)?;
    let from = from.or_else(|| to.checked_sub_signed(TimeDelta::days(DEFAULT_DAYS)));
    let from = from.filter(known).map(|from| from.date_naive());
    let early = || refused(&["filter", "from"], "That is too long ago.");
    let begin = from.ok_or_else(early)?;
    if end <= begin || end - begin > TimeDelta::days(MAX_DAYS) {
        let message = format!(
            "It must be later than the beginning, by at most {MAX_DAYS} days; left out, it is the end of today."
        );
        return Err(refused(&["filter", "to"], message));
    }
    Ok(Asked {
        from: begin,
        to: end,
        agents: ids("agentIds", agent_ids)?,
        users: ids("userIds", user_ids)?,
        connections: ids("connectionIds", connection_ids)?,
        grouping,
    })
}

/// The first day that is not even in part before this moment.
fn day_after(moment: DateTime<Utc>) -> Option<NaiveDate> {
    let day = moment.date_naive();
    if moment.time() == NaiveTime::MIN {
        return Some(day);
    }
    day.checked_add_days(Days::new(1))
}

fn grouping(group_by: &[UsageGrouping]) -> Result<Grouping, ApiError> {
    let mut grouping = Grouping::default();
    for by in group_by {
        let period = match by {
            UsageGrouping::Agent => {
                grouping.agent = true;
                continue;
            }
            UsageGrouping::Model => {
                grouping.model = true;
                continue;
            }
            UsageGrouping::Connection => {
                grouping.connection = true;
                continue;
            }
            UsageGrouping::User => {
                grouping.user = true;
                continue;
            }
            UsageGrouping::Day => Period::Day,
            UsageGrouping::Week => Period::Week,
            UsageGrouping::Month => Period::Month,
        };
        if grouping.period.is_some_and(|other| other != period) {
            return Err(refused(&["groupBy"], "Give one of DAY, WEEK and MONTH."));
        }
        grouping.period = Some(period);
    }
    Ok(grouping)
}

fn ids<I: From<String>>(field: &str, ids: Option<Vec<ID>>) -> Result<Option<Vec<I>>, ApiError> {
    if ids.as_ref().is_some_and(|ids| ids.len() > MAX_IDS) {
        return Err(refused(
            &["filter", field],
            format!("There may be at most {MAX_IDS}."),
        ));
    }
    Ok(ids.map(|ids| ids.into_iter().map(id_of).collect()))
}

fn refused(path: &[&str], message: impl Into<String>) -> ApiError {
    ApiError::BadInput {
        message: message.into(),
        path: path.iter().map(|&name| name.to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn asked_of(from: &str, to: &str) -> Option<(String, String)> {
        let filter = UsageFilterInput {
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            ..UsageFilterInput::default()
        };
        let asked = asked(filter, &[]).ok()?;
        Some((asked.from.to_string(), asked.to.to_string()))
    }

    #[test]
    fn a_day_counts_in_full_and_midnight_is_of_the_day_that_begins() {
        let days = |from, to| asked_of(from, to).unwrap();
        let whole = days("2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00Z");
        assert_eq!(whole, ("2026-01-31".to_owned(), "2026-02-01".to_owned()));
        let part = days("2026-02-01T00:00:00Z", "2026-02-01T00:00:00.001Z");
        assert_eq!(part, ("2026-02-01".to_owned(), "2026-02-02".to_owned()));
        let zone = days("2026-02-01T00:30:00+01:00", "2026-02-01T00:30:00+01:00");
        assert_eq!(zone, ("2026-01-31".to_owned(), "2026-02-01".to_owned()));
    }

    #[test]
    fn spans_that_end_before_they_begin_or_are_too_long_are_refused() {
        assert!(asked_of("2026-02-02T00:00:00Z", "2026-02-02T00:00:00Z").is_none());
        assert!(asked_of("2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z").is_none());
        assert!(asked_of("2025-01-01T00:00:00Z", "2026-01-02T00:00:00Z").is_some());
        assert!(asked_of("2025-01-01T00:00:00Z", "2026-01-02T00:00:01Z").is_none());
    }
}
