//! What feedback amounts to, by agent, model, version and time.

use agentry_entity::id::AgentId;
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};

use crate::agent_feedback::Tally;
use crate::sql;
use crate::{DbError, Scope};

/// How long a period is. Days begin at midnight UTC, weeks on Monday (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month of the calendar.
    Month,
}

/// What feedback is told apart by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Grouping {
    /// The agent.
    pub agent: bool,
    /// The model that wrote the message.
    pub model: bool,
    /// The version of the agent that wrote the message; to be told apart by agent too.
    pub version: bool,
    /// When it was first given.
    pub period: Option<Period>,
}

/// The feedback that was first given in a span of time, and what it is told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked {
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Until before this one.
    pub to: DateTime<Utc>,
    /// What it is told apart by.
    pub grouping: Grouping,
}

/// A group of feedback. What it is not told apart by is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The agent.
    pub agent: Option<AgentId>,
    /// The model; also `None` where no model is known to have written the message.
    pub model: Option<String>,
    /// The version; also `None` where none is known to have written the message.
    pub version: Option<i32>,
    /// When the period begins.
    pub period: Option<DateTime<Utc>>,
    /// What the feedback amounts to.
    pub tally: Tally,
}

/// The groups of feedback that the caller may see, on these agents' messages or on everyone's: by period, agent, version and model. A
/// group without feedback is left out. At most `limit`, the earliest. One statement.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn groups(
    scope: &Scope,
    agents: Option<&[AgentId]>,
    asked: &Asked,
    limit: u32,
) -> Result<Vec<Group>, DbError> {
    let tenant = scope.tenant();
    let mut values: Vec<Value> = vec![
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
        asked.from.into(),
        asked.to.into(),
        i64::from(limit).into(),
    ];
    if let Some(agents) = agents {
        let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
        values.push(ids.into());
    }
    let statement = statement(asked.grouping, agents.is_some());
    let rows: Vec<Row> = sql::all(scope, statement, values).await?;
    Ok(rows.into_iter().map(Row::into_group).collect())
}

/// No one index leads to "mine, or on my agents". Two do, each to its own half, and both within the span of time.
fn statement(grouping: Grouping, some_agents: bool) -> String {
    let (of_feedback, of_agents) = if some_agents {
        (" AND f.agent_id = ANY ($6)", " AND a.id = ANY ($6)")
    } else {
        ("", "")
    };
    // The feedback of somebody who sees the message no more counts too, as that on one that nobody is known to have written.
    let messages = if grouping.model || grouping.version {
        "LEFT JOIN agent_messages m ON m.organization_id = f.organization_id AND m.conversation_id = f.conversation_id
           AND m.id = f.message_id"
    } else {
        ""
    };
    let period = grouping.period.map(|period| {
        let unit = match period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        };
        format!("date_trunc('{unit}', f.created_at, 'UTC')")
    });
    let columns = [
        (
            period.is_some(),
            period.as_deref().unwrap_or_default(),
            "period",
            "timestamptz",
        ),
        (grouping.agent, "f.agent_id", "agent", "text"),
        (grouping.version, "m.agent_version", "version", "int"),
        (grouping.model, "m.model", "model", "text"),
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
            "GROUP BY {} ORDER BY period, agent, version NULLS FIRST, model NULLS FIRST",
            groups.join(", ")
        )
    };
    format!(
        "SELECT {said}count(*) FILTER (WHERE f.rating = 1) AS up, count(*) FILTER (WHERE f.rating = 0) AS down
         FROM (
           SELECT f.* FROM agent_feedback f
           WHERE f.organization_id = $1 AND f.user_id = $2 AND f.created_at >= $3 AND f.created_at < $4{of_feedback}
           UNION ALL
           SELECT f.* FROM agents a JOIN agent_feedback f
             ON f.organization_id = $1 AND f.agent_id = a.id AND f.created_at >= $3 AND f.created_at < $4 AND f.user_id <> $2
           WHERE a.organization_id = $1 AND a.user_id = $2{of_agents}
         ) f {messages} {groups} LIMIT $5"
    )
}

#[derive(FromQueryResult)]
struct Row {
    period: Option<DateTime<Utc>>,
    agent: Option<AgentId>,
    version: Option<i32>,
    model: Option<String>,
    up: i64,
    down: i64,
}

impl Row {
    fn into_group(self) -> Group {
        let Self {
            period,
            agent,
            version,
            model,
            up,
            down,
        } = self;
        Group {
            agent,
            model,
            version,
            period,
            tally: Tally {
                up: up.unsigned_abs(),
                down: down.unsigned_abs(),
            },
        }
    }
}
