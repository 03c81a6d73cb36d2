use std::collections::HashMap;

use agentry_entity::id::{AgentId, ConversationId, MessageId, RunId};
use agentry_entity::run::{Column, Entity, Model};
use agentry_entity::{RunStatus, agent_message};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Select,
    Value,
};

use crate::keyset::{Page, PageRequest};
use crate::sql;
use crate::{DbError, Scope};

/// Which runs of those one may see.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only those in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those of this agent.
    pub agent: Option<AgentId>,
    /// Only those that have come this far.
    pub status: Option<RunStatus>,
}

/// One run that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, id: &RunId) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::Id.eq(id.as_str()))
        .one(scope)
        .await?)
}

/// The runs of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[RunId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// One window on the runs that the caller may see, by the time they were asked for: those in their own conversations, and those of
/// their agents.
///
/// # Errors
/// As [`find`].
pub async fn list(
    scope: &Scope,
    filter: &RunFilter,
    request: &PageRequest,
) -> Result<Page<Model>, DbError> {
    let mut values = who(scope);
    let Narrow { runs, agents } = filter.narrow(&mut values);
    let window = request.window("r.created_at", "r.id", &mut values);
    let narrow = format!("{runs}{}", window.condition);
    let end = format!(
        "ORDER BY r.created_at {order}, r.id {order} LIMIT {limit}",
        order = window.order,
        limit = window.limit
    );
    // No one index leads to "mine or of my agents". Two do, each to its own half, one window of which is enough. What is in both is
    // in each window, and told once: to leave one's own out of the second would walk past all of them.
    let statement = format!(
        "SELECT r.* FROM (
           (SELECT r.* FROM runs r WHERE r.organization_id = $1 AND r.user_id = $2{narrow} {end})
           UNION
           (SELECT r.* FROM agents a CROSS JOIN LATERAL (
              SELECT r.* FROM runs r
              WHERE r.organization_id = $1 AND r.agent_id = a.id{narrow} {end}) r
            WHERE a.organization_id = $1 AND a.user_id = $2{agents})
         ) r {end}"
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// How many runs a list has in all.
///
/// # Errors
/// As [`find`].
pub async fn count(scope: &Scope, filter: &RunFilter) -> Result<u64, DbError> {
    let mut values = who(scope);
    let Narrow { runs, agents } = filter.narrow(&mut values);
    let statement = format!(
        "SELECT (SELECT count(*) FROM runs r WHERE r.organization_id = $1 AND r.user_id = $2{runs})
              + (SELECT count(*) FROM agents a
                 JOIN runs r ON r.organization_id = $1 AND r.agent_id = a.id AND r.user_id <> $2{runs}
                 WHERE a.organization_id = $1 AND a.user_id = $2{agents}) AS count"
    );
    let counted: Option<Total> = sql::first(scope, statement, values).await?;
    Ok(counted.map_or(0, |row| row.count.unsigned_abs()))
}

/// The same window on the runs of each of many conversations: one statement. A conversation without runs is left out.
///
/// # Errors
/// As [`find`].
pub async fn list_many(
    scope: &Scope,
    conversations: &[ConversationId],
    request: &PageRequest,
) -> Result<HashMap<ConversationId, Page<Model>>, DbError> {
    let ids: Vec<String> = conversations.iter().map(ToString::to_string).collect();
    let organization = scope.tenant().organization().as_str();
    let mut values = vec![organization.into(), ids.into()];
    let window = request.window("r.created_at", "r.id", &mut values);
    let (narrow, order) = (&window.condition, window.order);
    let sorted = format!("ORDER BY r.created_at {order}, r.id {order}");
    let statement = format!(
        "SELECT r.* FROM unnest($2::text[]) AS p(id) CROSS JOIN LATERAL (
           SELECT r.* FROM runs r
           WHERE r.organization_id = $1 AND r.conversation_id = p.id{narrow} {sorted} LIMIT {}) r {sorted}",
        window.limit
    );
    let mut lists: HashMap<ConversationId, Vec<Model>> = HashMap::new();
    for row in sql::all::<Model>(scope, statement, values).await? {
        let list = lists.entry(row.conversation_id.clone()).or_default();
        list.push(row);
    }
    Ok(lists
        .into_iter()
        .map(|(conversation, rows)| (conversation, request.page(rows)))
        .collect())
}

/// How many runs each of these conversations has that the caller may see. A conversation without runs is left out.
///
/// # Errors
/// As [`find`].
pub async fn count_many(
    scope: &Scope,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, u64>, DbError> {
    let ids: Vec<String> = conversations.iter().map(ToString::to_string).collect();
    let rows: Vec<Counted> = sql::all(
        scope,
        "SELECT conversation_id, count(*) AS count FROM runs
         WHERE organization_id = $1 AND conversation_id = ANY ($2) GROUP BY conversation_id",
        [scope.tenant().organization().as_str().into(), ids.into()],
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.conversation_id, row.count.unsigned_abs()))
        .collect())
}

/// What each of these runs has said so far: the pieces there are, or the whole reply once it is a message. One that has said
/// nothing is left out.
///
/// # Errors
/// As [`find`].
pub async fn text_many(scope: &Scope, ids: &[RunId]) -> Result<HashMap<RunId, String>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    // One statement sees either the pieces or the message: they are exchanged in one transaction.
    let rows: Vec<Said> = sql::all(
        scope,
        "SELECT r.id, coalesce(m.content, d.text) AS text FROM runs r
         LEFT JOIN LATERAL (
           SELECT m.content FROM agent_messages m
           WHERE m.organization_id = $1 AND m.id = r.reply_id) m ON true
         LEFT JOIN LATERAL (
           SELECT string_agg(d.text, '' ORDER BY d.sequence) AS text FROM run_deltas d
           WHERE d.organization_id = $1 AND d.run_id = r.id) d ON true
         WHERE r.organization_id = $1 AND r.id = ANY ($2) AND coalesce(m.content, d.text) IS NOT NULL",
        [scope.tenant().organization().as_str().into(), ids.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.text)).collect())
}

/// The most messages that are told of those that follow one.
const SIBLINGS: i64 = 100;

/// The messages that follow each of these places (a conversation, and the message before; `None` for its beginning), oldest
/// first: the newest hundred of each. One statement.
///
/// # Errors
/// As [`find`].
pub async fn siblings_many(
    scope: &Scope,
    places: &[(ConversationId, Option<MessageId>)],
) -> Result<Vec<agent_message::Model>, DbError> {
    let places = places.iter().map(|(conversation, parent)| {
        let before = parent.as_ref().map(MessageId::as_str);
        before.unwrap_or(conversation.as_str()).to_owned()
    });
    let values = [
        scope.tenant().organization().as_str().into(),
        places.collect::<Vec<_>>().into(),
        SIBLINGS.into(),
    ];
    sql::all(
        scope,
        "SELECT m.* FROM unnest($2::text[]) AS p(id) CROSS JOIN LATERAL (
           SELECT m.* FROM agent_messages m
           WHERE m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = p.id
           ORDER BY m.created_at DESC, m.id DESC LIMIT $3) m ORDER BY m.created_at, m.id",
        values,
    )
    .await
}

#[derive(FromQueryResult)]
struct Total {
    count: i64,
}

#[derive(FromQueryResult)]
struct Counted {
    conversation_id: ConversationId,
    count: i64,
}

#[derive(FromQueryResult)]
struct Said {
    id: RunId,
    text: String,
}

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

/// A filter as text.
struct Narrow {
    /// `AND …` of runs, or nothing.
    runs: String,
    /// Of the caller's agents, only the one asked for.
    agents: String,
}

impl RunFilter {
    /// Its parameters follow those already in `values`.
    fn narrow(&self, values: &mut Vec<Value>) -> Narrow {
        let Self {
            conversation,
            agent,
            status,
        } = self;
        let mut runs = String::new();
        let mut agents = String::new();
        if let Some(agent) = agent {
            values.push(agent.as_str().into());
            runs = format!(" AND r.agent_id = ${}", values.len());
            agents = format!(" AND a.id = ${}", values.len());
        }
        if let Some(conversation) = conversation {
            values.push(conversation.as_str().into());
            runs = format!("{runs} AND r.conversation_id = ${}", values.len());
        }
        if let Some(status) = status {
            values.push(status.to_value().into());
            runs = format!("{runs} AND r.status = ${}", values.len());
        }
        Narrow { runs, agents }
    }
}
