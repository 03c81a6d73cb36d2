use agentry_entity::id::{AgentId, ApiConnectionId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{FromQueryResult, Value};

use crate::feedback_statistics::Period;
use crate::sql;
use crate::{DbError, Role, Scope};

/// What usage is told apart by.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is told apart by or not, whatever the others"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grouping {
    /// The agent.
    pub agent: bool,
    /// The model, and the service that served it.
    pub model: bool,
    /// The connection.
    pub connection: bool,
    /// Who asked.
    pub user: bool,
    /// When it was.
    pub period: Option<Period>,
}

/// Which usage, and what it is told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// From this day on.
    pub from: NaiveDate,
    /// Until before this one.
    pub to: NaiveDate,
    /// Only of these agents.
    pub agents: Option<Vec<AgentId>>,
    /// Only what these asked for.
    pub users: Option<Vec<UserId>>,
    /// Only over these connections.
    pub connections: Option<Vec<ApiConnectionId>>,
    /// What it is told apart by.
    pub grouping: Grouping,
}

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Runs that completed.
    pub completed: i64,
    /// Runs that failed.
    pub failed: i64,
    /// Runs that were cancelled.
    pub cancelled: i64,
    /// Calls for titles.
    pub titles: i64,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens written.
    pub completion_tokens: i64,
    /// What it cost, as far as prices are known, in millionths of a US dollar.
    pub cost_micros: i64,
    /// Calls whose tokens are an estimate.
    pub estimated: i64,
    /// Calls whose price is not known: their tokens are in it, and no cost.
    pub unpriced: i64,
}

/// A group of usage. What it is not told apart by is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The agent.
    pub agent: Option<AgentId>,
    /// The model.
    pub model: Option<String>,
    /// The service; also `None` where none had been chosen.
    pub service: Option<String>,
    /// The connection; also `None` where none was used, or it is not the caller's to know.
    pub connection: Option<ApiConnectionId>,
    /// Who asked.
    pub user: Option<UserId>,
    /// When the period begins.
    pub period: Option<DateTime<Utc>>,
    /// What was used.
    pub sums: Sums,
}

/// The groups of usage that the caller may see: the whole organisation's for its owners and admins, one's own and that of one's agents
/// for others. By period, agent, user, connection, service and model. A group without usage is left out. At most `limit`, the
/// earliest. One statement.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn groups(scope: &Scope, asked: &Asked, limit: u32) -> Result<Vec<Group>, DbError> {
    let tenant = scope.tenant();
    let whole = match tenant.role() {
        Role::Owner | Role::Admin => true,
        Role::Member => false,
    };
    let mut values: Vec<Value> = vec![
        tenant.organization().as_str().into(),
        asked.from.into(),
        asked.to.into(),
        i64::from(limit).into(),
    ];
    if !whole {
        values.push(tenant.user().as_str().into());
    }
    let mut narrowed = String::new();
    let lists = [
        ("agent_id", asked.agents.as_deref().map(texts)),
        ("user_id", asked.users.as_deref().map(texts)),
        ("api_connection_id", asked.connections.as_deref().map(texts)),
    ];
    for (column, ids) in lists {
        use std::fmt::Write as _;
        let Some(ids) = ids else { continue };
        values.push(ids.into());
        let joint = if narrowed.is_empty() { "WHERE" } else { "AND" };
        let _ = write!(narrowed, " {joint} u.{column} = ANY (${})", values.len());
    }
    let statement = statement(asked.grouping, whole, &narrowed);
    let rows: Vec<Row> = sql::all(scope, statement, values).await?;
    Ok(rows.into_iter().map(Row::into_group).collect())
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

const WHOLE: &str =
    "SELECT u.* FROM usage_days u WHERE u.organization_id = $1 AND u.day >= $2 AND u.day < $3";

/// No one index leads to "mine, or of my agents". Two do, each to its own half. Over which connection somebody else's agent answered is
/// its owner's to know.
const MINE: &str = "
SELECT u.day, u.user_id, u.agent_id, CASE WHEN u.agent_user_id = $5 THEN u.api_connection_id ELSE '' END AS api_connection_id, u.service,
       u.model, u.completed, u.failed, u.cancelled, u.titles, u.prompt_tokens, u.completion_tokens, u.cost_micros, u.estimated, u.unpriced
FROM usage_days u WHERE u.organization_id = $1 AND u.user_id = $5 AND u.day >= $2 AND u.day < $3
UNION ALL
SELECT u.day, u.user_id, u.agent_id, u.api_connection_id, u.service,
       u.model, u.completed, u.failed, u.cancelled, u.titles, u.prompt_tokens, u.completion_tokens, u.cost_micros, u.estimated, u.unpriced
FROM usage_days u WHERE u.organization_id = $1 AND u.agent_user_id = $5 AND u.user_id <> $5 AND u.day >= $2 AND u.day < $3";

fn statement(grouping: Grouping, whole: bool, narrowed: &str) -> String {
    let period = grouping.period.map(|period| {
        let unit = match period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        };
        format!("date_trunc('{unit}', u.day::timestamp) AT TIME ZONE 'UTC'")
    });
    let columns = [
        (
            period.is_some(),
            period.as_deref().unwrap_or_default(),
            "period",
            "timestamptz",
        ),
        (grouping.agent, "u.agent_id", "agent", "text"),
        (grouping.user, "u.user_id", "who", "text"),
        (
            grouping.connection,
            "u.api_connection_id",
            "connection",
            "text",
        ),
        (grouping.model, "u.service", "service", "text"),
        (grouping.model, "u.model", "model", "text"),
    ];
    let mut said = String::new();
    let mut groups = Vec::new();
    for (told_apart, expression, name, kind) in columns {
        use std::fmt::Write as _;
        if told_apart {
            groups.push(expression);
            let _ = write!(said, "{expression} AS {name}, ");
        } else {
            let _ = write!(said, "NULL::{kind} AS {name}, ");
        }
    }
    // With nothing to tell apart by, all of it is one group, unless there is none.
    let groups = if groups.is_empty() {
        "HAVING count(*) > 0".to_owned()
    } else {
        format!(
            "GROUP BY {} ORDER BY period, agent, who, connection, service, model",
            groups.join(", ")
        )
    };
    let sums = SUMS
        .map(|name| format!("sum(u.{name})::bigint AS {name}"))
        .join(", ");
    let seen = if whole { WHOLE } else { MINE };
    format!("SELECT {said}{sums} FROM ({seen}) u {narrowed} {groups} LIMIT $4")
}

const SUMS: [&str; 9] = [
    "completed",
    "failed",
    "cancelled",
    "titles",
    "prompt_tokens",
    "completion_tokens",
    "cost_micros",
    "estimated",
    "unpriced",
];

#[derive(FromQueryResult)]
struct Row {
    period: Option<DateTime<Utc>>,
    agent: Option<AgentId>,
    who: Option<UserId>,
    connection: Option<String>,
    service: Option<String>,
    model: Option<String>,
    completed: i64,
    failed: i64,
    cancelled: i64,
    titles: i64,
    prompt_tokens: i64,
    completion_tokens: i64,
    cost_micros: i64,
    estimated: i64,
    unpriced: i64,
}

impl Row {
    fn into_group(self) -> Group {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Group {
            agent: self.agent,
            model: self.model,
            service: said(self.service),
            connection: said(self.connection).map(ApiConnectionId::from),
            user: self.who,
            period: self.period,
            sums: Sums {
                completed: self.completed,
                failed: self.failed,
                cancelled: self.cancelled,
                titles: self.titles,
                prompt_tokens: self.prompt_tokens,
                completion_tokens: self.completion_tokens,
                cost_micros: self.cost_micros,
                estimated: self.estimated,
                unpriced: self.unpriced,
            },
        }
    }
}
