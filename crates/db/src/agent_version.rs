//! Versions of agents. The database makes them, whoever writes an agent; what is here reads them.

use std::collections::HashMap;

use agentry_entity::agent;
use agentry_entity::agent_version::{Column, Entity, Model};
use agentry_entity::id::{AgentId, AgentVersionId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Select, Value,
};

use crate::agent::AgentChanges;
use crate::keyset::{Page, PageRequest};
use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// One version of an agent: the agent, and the version's number.
pub type Numbered = (AgentId, i32);

/// The version of an agent that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, agent: &AgentId, version: i32) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::AgentId.eq(agent.as_str()))
        .filter(Column::Version.eq(version))
        .one(scope)
        .await?)
}

/// The versions of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[AgentVersionId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// Those of these versions that the caller may see, in no order: one statement.
///
/// # Errors
/// As [`find`].
pub async fn find_numbered(scope: &Scope, wanted: &[Numbered]) -> Result<Vec<Model>, DbError> {
    let (agents, versions): (Vec<String>, Vec<i32>) = wanted
        .iter()
        .map(|(agent, version)| (agent.to_string(), *version))
        .unzip();
    let organization = scope.tenant().organization().as_str();
    sql::all(
        scope,
        "SELECT v.* FROM unnest($2::text[], $3::int[]) AS w (agent_id, version)
         JOIN agent_versions v ON v.organization_id = $1 AND v.agent_id = w.agent_id AND v.version = w.version",
        [organization.into(), agents.into(), versions.into()],
    )
    .await
}

/// The same window on the versions of each of many agents, by number: one statement. An agent that the caller may not see is left
/// out.
///
/// # Errors
/// As [`find`].
pub async fn list_many(
    scope: &Scope,
    agents: &[AgentId],
    request: &PageRequest,
) -> Result<HashMap<AgentId, Page<Model>>, DbError> {
    let mut values = of(scope, agents);
    let window = request.window("v.version", "v.id", &mut values);
    let (narrow, order) = (&window.condition, window.order);
    let statement = format!(
        "SELECT v.* FROM unnest($2::text[]) AS a (id) CROSS JOIN LATERAL (
           SELECT v.* FROM agent_versions v
           WHERE v.organization_id = $1 AND v.agent_id = a.id{narrow} ORDER BY v.version {order} LIMIT {}) v
         ORDER BY v.version {order}",
        window.limit
    );
    let mut lists: HashMap<AgentId, Vec<Model>> = HashMap::new();
    for row in sql::all::<Model>(scope, statement, values).await? {
        lists.entry(row.agent_id.clone()).or_default().push(row);
    }
    Ok(lists
        .into_iter()
        .map(|(agent, rows)| (agent, request.page(rows)))
        .collect())
}

/// How many versions each of these agents has. An agent that the caller may not see is left out.
///
/// # Errors
/// As [`find`].
pub async fn count_many(
    scope: &Scope,
    agents: &[AgentId],
) -> Result<HashMap<AgentId, u64>, DbError> {
    let rows: Vec<Counted> = sql::all(
        scope,
        "SELECT agent_id, count(*) AS count FROM agent_versions
         WHERE organization_id = $1 AND agent_id = ANY ($2) GROUP BY agent_id",
        of(scope, agents),
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.agent_id, row.count.unsigned_abs()))
        .collect())
}

/// The version of an agent that is made as this one is, which [`crate::agent::find`] has just read: its newest, and a new one where an
/// installed agent is made differently by now. Whoever may see the agent may ask, and what answers a run is to be noted with it.
/// `None`: there is no such agent any more that the caller may see.
///
/// Only a new version locks the agent, so it is asked for before rows are written that go with the agent when it is handed over.
///
/// # Errors
/// As [`find`].
pub async fn ensure(scope: &WriteScope, agent: &agent::Model) -> Result<Option<i32>, DbError> {
    let values: [Value; 7] = [
        agent.id.as_str().into(),
        agent.version.into(),
        agent.system_prompt.as_str().into(),
        agent.model.as_str().into(),
        agent.temperature.into(),
        agent.max_tokens.into(),
        agent.tools.clone().into(),
    ];
    let ensure = "SELECT agent_version_ensure($1, $2, $3, $4, $5, $6, $7)";
    sql::scalar(scope, ensure, values).await
}

/// What makes an agent what it was at this version.
#[must_use]
pub fn restoring(version: &Model) -> AgentChanges {
    AgentChanges {
        system_prompt: Some(version.system_prompt.clone()),
        model: Some(version.model.clone()),
        temperature: Some(version.temperature),
        max_tokens: Some(version.max_tokens),
        tools: Some(version.tools.clone()),
        ..AgentChanges::default()
    }
}

fn visible(scope: &Scope) -> Select<Entity> {
    scope.tenant().scope::<Entity, _>(Entity::find())
}

fn of(scope: &Scope, agents: &[AgentId]) -> Vec<Value> {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    vec![scope.tenant().organization().as_str().into(), ids.into()]
}

#[derive(FromQueryResult)]
struct Counted {
    agent_id: AgentId,
    count: i64,
}
