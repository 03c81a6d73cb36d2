//! Conversations.

use std::collections::HashMap;

use agentry_entity::conversation::{Column, Entity, Model};
use agentry_entity::id::{AgentId, ConversationId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Select, Value,
};

use crate::keyset::{Page, PageRequest};
use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// Which conversations of those one may see.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Only those with this agent.
    pub agent: Option<AgentId>,
    /// Only those that are archived, or only those that are not.
    pub archived: Option<bool>,
    /// Only those whose title contains this, upper and lower case alike.
    pub search: Option<String>,
}

/// One agent whose conversations are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OfAgent {
    /// The agent.
    pub id: AgentId,
    /// Whether it is the caller's: then every conversation with it is theirs to see.
    pub owned: bool,
}

/// What conversations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationSort {
    /// When they were made.
    CreatedAt,
    /// When they last changed: every message changes its conversation.
    UpdatedAt,
}

/// One conversation that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, id: &ConversationId) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::Id.eq(id.as_str()))
        .one(scope)
        .await?)
}

/// The conversations of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[ConversationId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// The caller's own conversation with an agent in which something happened last, put away ones left out.
///
/// # Errors
/// As [`find`].
pub async fn latest_with(scope: &Scope, agent: &AgentId) -> Result<Option<Model>, DbError> {
    let tenant = scope.tenant();
    let values = [
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
        agent.as_str().into(),
    ];
    sql::first(
        scope,
        "SELECT c.* FROM conversations c
         WHERE c.organization_id = $1 AND c.user_id = $2 AND c.agent_id = $3 AND c.archived_at IS NULL
         ORDER BY c.updated_at DESC, c.id DESC LIMIT 1",
        values,
    )
    .await
}

/// One window on the conversations that the caller may see: their own, and those of others with their agents.
///
/// # Errors
/// As [`find`].
pub async fn list(
    scope: &Scope,
    filter: &ConversationFilter,
    sort: ConversationSort,
    request: &PageRequest,
) -> Result<Page<Model>, DbError> {
    let sort = match sort {
        ConversationSort::CreatedAt => "c.created_at",
        ConversationSort::UpdatedAt => "c.updated_at",
    };
    let mut values = who(scope);
    let filter = filter.condition(&mut values);
    let window = request.window(sort, "c.id", &mut values);
    let narrow = format!("{filter}{}", window.condition);
    let end = format!(
        "ORDER BY {sort} {order}, c.id {order} LIMIT {limit}",
        order = window.order,
        limit = window.limit
    );
    // No one index leads to "mine or with my agents". Two do, each to its own half, one window of which is enough.
    let statement = format!(
        "SELECT c.* FROM (
           (SELECT c.* FROM conversations c WHERE c.organization_id = $1 AND c.user_id = $2{narrow} {end})
           UNION ALL
           (SELECT c.* FROM agents a CROSS JOIN LATERAL (
              SELECT c.* FROM conversations c
              WHERE c.organization_id = $1 AND c.agent_id = a.id AND c.user_id <> $2{narrow} {end}) c
            WHERE a.organization_id = $1 AND a.user_id = $2{OF_ONE_AGENT_ONLY})
         ) c {end}"
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// The same window on the conversations with each of many agents that the caller may see, by the time they were made: one
/// statement. An agent without conversations is left out.
///
/// # Errors
/// As [`find`].
pub async fn list_many(
    scope: &Scope,
    agents: &[OfAgent],
    request: &PageRequest,
) -> Result<HashMap<AgentId, Page<Model>>, DbError> {
    let ids: Vec<String> = agents.iter().map(|agent| agent.id.to_string()).collect();
    let owned: Vec<bool> = agents.iter().map(|agent| agent.owned).collect();
    let mut values = who(scope);
    values.extend([ids.into(), owned.into()]);
    let window = request.window("c.created_at", "c.id", &mut values);
    let (narrow, order) = (&window.condition, window.order);
    let sorted = format!("ORDER BY c.created_at {order}, c.id {order}");
    let end = format!("{sorted} LIMIT {}", window.limit);
    let statement = format!(
        "SELECT c.* FROM unnest($3::text[], $4::bool[]) AS p(id, owned) CROSS JOIN LATERAL (
           (SELECT c.* FROM conversations c
            WHERE p.owned AND c.organization_id = $1 AND c.agent_id = p.id{narrow} {end})
           UNION ALL
           (SELECT c.* FROM conversations c
            WHERE NOT p.owned AND c.organization_id = $1 AND c.agent_id = p.id AND c.user_id = $2{narrow} {end})
         ) c {sorted}"
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

/// How many conversations with each of these agents the caller may see. An agent without any is left out.
///
/// # Errors
/// As [`find`].
pub async fn count_many(
    scope: &Scope,
    agents: &[AgentId],
) -> Result<HashMap<AgentId, u64>, DbError> {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    let rows: Vec<CountedWith> = sql::all(
        scope,
        "SELECT agent_id, count(*) AS count FROM conversations
         WHERE organization_id = $1 AND agent_id = ANY ($2) GROUP BY agent_id",
        [scope.tenant().organization().as_str().into(), ids.into()],
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.agent_id, row.count.unsigned_abs()))
        .collect())
}

/// How many conversations a list has in all.
///
/// # Errors
/// As [`find`].
pub async fn count(scope: &Scope, filter: &ConversationFilter) -> Result<u64, DbError> {
    let mut values = who(scope);
    let filter = filter.condition(&mut values);
    let statement = format!(
        "SELECT (SELECT count(*) FROM conversations c WHERE c.organization_id = $1 AND c.user_id = $2{filter})
              + (SELECT count(*) FROM agents a
                 JOIN conversations c ON c.organization_id = $1 AND c.agent_id = a.id AND c.user_id <> $2{filter}
                 WHERE a.organization_id = $1 AND a.user_id = $2{OF_ONE_AGENT_ONLY}) AS count"
    );
    let counted: Option<Counted> = sql::first(scope, statement, values).await?;
    Ok(counted.map_or(0, |row| row.count.unsigned_abs()))
}

/// Stores a new conversation of the caller's. `None`: there is no such agent, or none that they may see.
///
/// # Errors
/// As [`find`]; [`DbError::Constraint`] when the title is too long.
pub async fn insert(
    scope: &WriteScope,
    id: &ConversationId,
    agent: &AgentId,
    title: Option<&str>,
) -> Result<Option<Model>, DbError> {
    let mut values = who(scope);
    values.extend([agent.as_str().into(), id.as_str().into(), title.into()]);
    let made = sql::first(
        scope,
        "INSERT INTO conversations (organization_id, id, agent_id, agent_user_id, user_id, title)
         SELECT a.organization_id, $4, a.id, a.user_id, $2, $5
         FROM agents a WHERE a.organization_id = $1 AND a.id = $3
         RETURNING *",
        values,
    )
    .await;
    match made {
        // The agent was deleted while this ran.
        Err(error) if error.is_constraint("conversations_agent_fkey") => Ok(None),
        made => made,
    }
}

/// Gives a conversation of the caller's another title, or none; the outer `None` keeps the one it has. `None`: they have no such
/// conversation.
///
/// # Errors
/// As [`insert`].
pub async fn rename(
    scope: &WriteScope,
    id: &ConversationId,
    title: Option<Option<&str>>,
) -> Result<Option<Model>, DbError> {
    let mut values = who(scope);
    let given = title.is_some();
    values.extend([id.as_str().into(), title.flatten().into(), given.into()]);
    sql::first(
        scope,
        "UPDATE conversations SET title = CASE WHEN $5 THEN $4 ELSE title END WHERE organization_id = $1 AND user_id = $2 AND id = $3
         RETURNING *",
        values,
    )
    .await
}

/// Puts a conversation of the caller's away, or takes it out again. One that is away already keeps its time. `None`: they
/// have no such conversation.
///
/// # Errors
/// As [`find`].
pub async fn archive(
    scope: &WriteScope,
    id: &ConversationId,
    archived: bool,
) -> Result<Option<Model>, DbError> {
    let mut values = who(scope);
    values.extend([id.as_str().into(), archived.into()]);
    sql::first(
        scope,
        "UPDATE conversations SET archived_at = CASE WHEN $4 THEN COALESCE(archived_at, now_ms()) END
         WHERE organization_id = $1 AND user_id = $2 AND id = $3
         RETURNING *",
        values,
    )
    .await
}

/// A conversation of the caller's that is not archived, with an agent they may see, held as it is until the transaction ends:
/// whoever else adds to it waits. `None`: there is no such conversation.
///
/// # Errors
/// As [`find`].
pub async fn hold(scope: &WriteScope, id: &ConversationId) -> Result<Option<Model>, DbError> {
    let mut values = who(scope);
    values.push(id.as_str().into());
    sql::first(
        scope,
        "SELECT c.* FROM conversations c
         WHERE c.organization_id = $1 AND c.user_id = $2 AND c.id = $3 AND c.archived_at IS NULL
           AND EXISTS (SELECT 1 FROM agents a WHERE a.organization_id = $1 AND a.id = c.agent_id)
         FOR NO KEY UPDATE OF c",
        values,
    )
    .await
}

/// Deletes a conversation of the caller's, with its messages and their feedback. Whether there was one.
///
/// # Errors
/// As [`find`].
pub async fn delete(scope: &WriteScope, id: &ConversationId) -> Result<bool, DbError> {
    let tenant = scope.tenant();
    let delete = tenant.scope::<Entity, _>(Entity::delete_many());
    let done = delete
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::UserId.eq(tenant.user().as_str()))
        .exec(&**scope)
        .await?;
    Ok(done.rows_affected > 0)
}

#[derive(FromQueryResult)]
struct Counted {
    count: i64,
}

#[derive(FromQueryResult)]
struct CountedWith {
    agent_id: AgentId,
    count: i64,
}

/// Of the caller's agents, only the one asked for: it is always `$3`, NULL for all.
const OF_ONE_AGENT_ONLY: &str = " AND ($3::text IS NULL OR a.id = $3)";

fn visible(scope: &Scope) -> Select<Entity> {
    scope.tenant().scope::<Entity, _>(Entity::find())
}

/// `$1` and `$2`: the organisation and the user acting.
fn who(scope: &Scope) -> Vec<Value> {
    let tenant = scope.tenant();
    vec![
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
    ]
}

impl ConversationFilter {
    /// Takes `$3` for the agent.
    fn condition(&self, values: &mut Vec<Value>) -> String {
        values.push(self.agent.as_ref().map(AgentId::as_str).into());
        let agent = if self.agent.is_some() {
            " AND c.agent_id = $3"
        } else {
            ""
        };
        let archived = match self.archived {
            None => "",
            Some(true) => " AND c.archived_at IS NOT NULL",
            Some(false) => " AND c.archived_at IS NULL",
        };
        let mut search = String::new();
        if let Some(text) = &self.search {
            values.push(sql::containing(text).into());
            search = format!(" AND c.title ILIKE ${}", values.len());
        }
        format!("{agent}{archived}{search}")
    }
}
