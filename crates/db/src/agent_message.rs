//! Messages.

use std::collections::HashMap;

use agentry_entity::MessageRole;
use agentry_entity::agent_message::{Column, Entity, Model};
use agentry_entity::id::{ConversationId, MessageId};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryResult, Select, Value,
};

use crate::conversation::OfAgent;
use crate::keyset::{self, Page, PageRequest};
use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// What a message is made of.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who speaks.
    pub role: MessageRole,
    /// What was said, kept as it is.
    pub content: String,
    /// The caller's own notes: a JSON object.
    pub metadata: serde_json::Value,
}

/// Which of a conversation's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Branch {
    /// Those on the branch that is shown.
    Current,
    /// Those on every branch.
    All,
}

/// Whose messages, when many lists are read at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Parent {
    /// Those of one conversation.
    Conversation(ConversationId, Branch),
    /// Those of all conversations with one agent that the caller may see.
    Agent(OfAgent),
}

/// One message that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, id: &MessageId) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::Id.eq(id.as_str()))
        .one(scope)
        .await?)
}

/// The messages of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[MessageId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// One window on one conversation, by time: the index leads to it, however deep it lies.
///
/// # Errors
/// As [`find`].
pub async fn list(
    scope: &Scope,
    conversation: &ConversationId,
    branch: Branch,
    request: &PageRequest,
) -> Result<Page<Model>, DbError> {
    let mut messages = visible(scope).filter(Column::ConversationId.eq(conversation.as_str()));
    if branch == Branch::Current {
        messages = messages.filter(Column::IsCurrent.eq(true));
    }
    keyset::fetch(scope, messages, Column::CreatedAt, Column::Id, request).await
}

/// The same window on the messages of each of many parents, by time: one statement for all conversations and one for all
/// agents. A parent without messages is left out.
///
/// # Errors
/// As [`find`].
pub async fn list_many(
    scope: &Scope,
    parents: &[Parent],
    request: &PageRequest,
) -> Result<HashMap<Parent, Page<Model>>, DbError> {
    let Parents {
        conversations,
        current,
        agents,
        owned,
    } = Parents::of(parents);
    let mut lists: HashMap<Parent, Vec<Model>> = HashMap::new();
    if !conversations.is_empty() {
        let mut values = vec![organization(scope), conversations.into(), current.into()];
        let window = request.window("m.created_at", "m.id", &mut values);
        let end = window.end();
        let statement = format!(
            "SELECT p.current, m.* FROM unnest($2::text[], $3::bool[]) AS p(id, current) CROSS JOIN LATERAL (
               SELECT m.* FROM agent_messages m
               WHERE m.organization_id = $1 AND m.conversation_id = p.id AND (m.is_current OR NOT p.current){} {end}) m {}",
            window.condition,
            window.sorted()
        );
        for OnBranch { branch, row } in sql::all(scope, statement, values).await? {
            let parent = Parent::Conversation(row.conversation_id.clone(), branch);
            lists.entry(parent).or_default().push(row);
        }
    }
    if !agents.is_empty() {
        let theirs: HashMap<String, bool> =
            agents.iter().cloned().zip(owned.iter().copied()).collect();
        let mut values = vec![
            organization(scope),
            agents.into(),
            owned.into(),
            scope.tenant().user().as_str().into(),
        ];
        let window = request.window("m.created_at", "m.id", &mut values);
        let (end, narrow) = (window.end(), &window.condition);
        // An owner sees all there is with their agent: its index ends at the last so many. Somebody else would walk past
        // everyone's messages there, so theirs come through their own conversations with it.
        let statement = format!(
            "SELECT m.* FROM unnest($2::text[], $3::bool[]) AS p(id, owned) CROSS JOIN LATERAL (
               (SELECT m.* FROM agent_messages m
                WHERE p.owned AND m.organization_id = $1 AND m.agent_id = p.id{narrow} {end})
               UNION ALL
               (SELECT m.* FROM conversations c CROSS JOIN LATERAL (
                  SELECT m.* FROM agent_messages m
                  WHERE m.organization_id = $1 AND m.conversation_id = c.id{narrow} {end}) m
                WHERE NOT p.owned AND c.organization_id = $1 AND c.agent_id = p.id AND c.user_id = $4 {end})
             ) m {}",
            window.sorted()
        );
        for row in sql::all::<Model>(scope, statement, values).await? {
            let owned = theirs.get(row.agent_id.as_str()).copied();
            let parent = Parent::Agent(OfAgent {
                id: row.agent_id.clone(),
                owned: owned.unwrap_or_default(),
            });
            lists.entry(parent).or_default().push(row);
        }
    }
    Ok(lists
        .into_iter()
        .map(|(parent, rows)| (parent, request.page(rows)))
        .collect())
}

/// How many messages each of many parents has that the caller may see, one statement a kind. A parent without messages is
/// left out.
///
/// # Errors
/// As [`find`].
pub async fn count_many(
    scope: &Scope,
    parents: &[Parent],
) -> Result<HashMap<Parent, u64>, DbError> {
    let Parents {
        conversations,
        current: _,
        agents,
        owned,
    } = Parents::of(parents);
    let mut counts = HashMap::new();
    if !conversations.is_empty() {
        let rows: Vec<CountedBoth> = sql::all(
            scope,
            "SELECT conversation_id AS id, count(*) AS count, count(*) FILTER (WHERE is_current) AS current FROM agent_messages
             WHERE organization_id = $1 AND conversation_id = ANY ($2) GROUP BY conversation_id",
            [organization(scope), conversations.into()],
        )
        .await?;
        for CountedBoth { id, count, current } in rows {
            let all = Parent::Conversation(id.clone(), Branch::All);
            counts.insert(all, count.unsigned_abs());
            let shown = Parent::Conversation(id, Branch::Current);
            counts.insert(shown, current.unsigned_abs());
        }
    }
    if !agents.is_empty() {
        let theirs: HashMap<String, bool> = agents.iter().cloned().zip(owned).collect();
        let rows: Vec<Counted> = sql::all(
            scope,
            "SELECT agent_id AS id, count(*) AS count FROM agent_messages
             WHERE organization_id = $1 AND agent_id = ANY ($2) GROUP BY agent_id",
            [organization(scope), agents.into()],
        )
        .await?;
        counts.extend(rows.into_iter().map(|row| {
            let owned = theirs.get(&row.id).copied().unwrap_or_default();
            let id = row.id.into();
            (
                Parent::Agent(OfAgent { id, owned }),
                row.count.unsigned_abs(),
            )
        }));
    }
    Ok(counts)
}

/// Adds a message to a conversation of the caller's that is not archived, with an agent they may see. `None`: there is no
/// such conversation; nothing was stored then.
///
/// It follows the newest message of the branch that is shown, and is that itself from now on.
///
/// It is one statement. Whoever adds to the same conversation waits for this transaction, so a message's time is later than
/// that of each message before it, by a millisecond at least.
///
/// # Errors
/// As [`find`]; [`DbError::Constraint`] when a value is outside what its column takes.
pub async fn append(
    scope: &WriteScope,
    id: &MessageId,
    new: &NewMessage,
) -> Result<Option<Model>, DbError> {
    let values = [
        organization(scope),
        new.conversation.as_str().into(),
        scope.tenant().user().as_str().into(),
        id.as_str().into(),
        new.role.to_value().into(),
        new.content.as_str().into(),
        new.metadata.clone().into(),
    ];
    sql::first(scope, APPEND, values).await
}

// What comes back of an UPDATE is the row as it is then: the head that was is read, and held, before.
const APPEND: &str = "
WITH held AS (
  SELECT c.organization_id, c.id, c.head_id FROM conversations c
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3 AND c.archived_at IS NULL
    AND EXISTS (SELECT 1 FROM agents a WHERE a.organization_id = $1 AND a.id = c.agent_id)
  FOR NO KEY UPDATE OF c
), conversation AS (
  UPDATE conversations c
  SET head_id = $4,
      last_message_at = GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond')
  FROM held
  WHERE c.organization_id = $1 AND c.id = $2 AND c.id = held.id
  RETURNING c.organization_id, c.id, c.agent_id, c.agent_user_id, c.user_id, c.withheld, c.last_message_at, held.head_id AS parent_id
)
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata, parent_id, created_at, updated_at)
SELECT organization_id, id, $4, agent_id, agent_user_id, user_id, withheld, $5, $6, $7, parent_id, last_message_at, last_message_at FROM conversation
RETURNING *";

/// A message of a list of this branch.
struct OnBranch {
    branch: Branch,
    row: Model,
}

impl FromQueryResult for OnBranch {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let current: bool = row.try_get(prefix, "current")?;
        Ok(Self {
            branch: if current {
                Branch::Current
            } else {
                Branch::All
            },
            row: Model::from_query_result(row, prefix)?,
        })
    }
}

#[derive(FromQueryResult)]
struct CountedBoth {
    id: ConversationId,
    count: i64,
    current: i64,
}

#[derive(FromQueryResult)]
struct Counted {
    id: String,
    count: i64,
}

/// Parents by kind, as parameters of a statement.
#[derive(Default)]
struct Parents {
    conversations: Vec<String>,
    current: Vec<bool>,
    agents: Vec<String>,
    owned: Vec<bool>,
}

impl Parents {
    fn of(parents: &[Parent]) -> Self {
        let mut sorted = Self::default();
        for parent in parents {
            match parent {
                Parent::Conversation(id, branch) => {
                    sorted.conversations.push(id.to_string());
                    sorted.current.push(*branch == Branch::Current);
                }
                Parent::Agent(agent) => {
                    sorted.agents.push(agent.id.to_string());
                    sorted.owned.push(agent.owned);
                }
            }
        }
        sorted
    }
}

impl keyset::Window {
    fn sorted(&self) -> String {
        let order = self.order;
        format!("ORDER BY m.created_at {order}, m.id {order}")
    }

    fn end(&self) -> String {
        format!("{} LIMIT {}", self.sorted(), self.limit)
    }
}

fn visible(scope: &Scope) -> Select<Entity> {
    scope.tenant().scope::<Entity, _>(Entity::find())
}

fn organization(scope: &Scope) -> Value {
    scope.tenant().organization().as_str().into()
}
