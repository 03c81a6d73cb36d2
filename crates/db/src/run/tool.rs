//! Calls of tools, and what came of them. A reply keeps its calls, with what was decided of them; what came of each is a message of its
//! own behind the reply, one behind the other. How far a call has come is told by what stands there, and kept nowhere else.

use std::collections::HashMap;

use agentry_entity::ToolOutcome;
use agentry_entity::agent_message::Model;
use agentry_entity::id::MessageId;
use sea_orm::{ActiveEnum as _, FromQueryResult, Value};
use serde::{Deserialize, Serialize};

use crate::sql;
use crate::{DbError, Scope, WriteScope};

/// A call as a reply keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// Its name among the calls of the reply, 1 to 200 characters.
    pub id: String,
    /// The tool, as the model wrote it.
    pub name: String,
    /// The arguments, as the model wrote them.
    pub arguments: String,
    /// Whether the user is to be asked before it is carried out.
    #[serde(default)]
    pub requires_approval: bool,
    /// Whether they said yes.
    #[serde(default)]
    pub approved: bool,
    /// What is wrong with it: no such tool, or arguments that its schema does not allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// The user is to say whether it may be carried out.
    AwaitingApproval,
    /// It is to be carried out.
    Pending,
    /// The user said no.
    Denied,
    /// What came of it is there.
    Done,
    /// The conversation went on without it.
    Dropped,
}

/// What stands behind a reply that calls tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    /// What came of its calls, in the order in which it came: the message, the call, and how that went.
    pub results: Vec<(MessageId, String, ToolOutcome)>,
    /// Whether anything else follows.
    pub is_followed: bool,
}

/// What came of a call, to be stored.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The id of the message that says so.
    pub id: MessageId,
    /// The call.
    pub call: String,
    /// What is said of it; may be empty.
    pub content: String,
    /// How it went.
    pub outcome: ToolOutcome,
}

impl Behind {
    /// How far a call of the reply has come.
    #[must_use]
    pub fn state(&self, call: &ToolCall) -> CallState {
        match self.outcome(&call.id) {
            Some(ToolOutcome::Denied) => CallState::Denied,
            Some(ToolOutcome::Result | ToolOutcome::Error) => CallState::Done,
            None if self.is_followed => CallState::Dropped,
            None if call.requires_approval && !call.approved => CallState::AwaitingApproval,
            None => CallState::Pending,
        }
    }

    /// The message that says what came of a call.
    #[must_use]
    pub fn result(&self, call: &str) -> Option<&MessageId> {
        let found = self.results.iter().find(|(_, of, _)| of == call);
        found.map(|(message, ..)| message)
    }

    fn outcome(&self, call: &str) -> Option<ToolOutcome> {
        let found = self.results.iter().find(|(_, of, _)| of == call);
        found.map(|(.., outcome)| *outcome)
    }
}

/// The calls that a message keeps; what cannot be read is left out.
#[must_use]
pub fn read_calls(kept: Option<&serde_json::Value>) -> Vec<ToolCall> {
    let calls = kept.and_then(serde_json::Value::as_array);
    let calls = calls.into_iter().flatten();
    calls
        .filter_map(|call| ToolCall::deserialize(call).ok())
        .collect()
}

/// Calls as a message keeps them; none are not kept.
#[must_use]
pub fn write_calls(calls: &[ToolCall]) -> Option<serde_json::Value> {
    let kept = serde_json::to_value(calls).ok();
    kept.filter(|_| !calls.is_empty())
}

/// What stands behind each of these messages that the caller may see; a message with nothing behind it is left out. One statement.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn behind_many(
    scope: &Scope,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Behind>, DbError> {
    let ids: Vec<String> = messages.iter().map(ToString::to_string).collect();
    let organization = scope.tenant().organization().as_str();
    let rows: Vec<Follower> = sql::all(scope, BEHIND, [organization.into(), ids.into()]).await?;
    let mut found: HashMap<MessageId, Behind> = HashMap::new();
    for row in rows {
        let behind = found.entry(row.caller_id).or_default();
        match row.tool_call_id {
            Some(call) => {
                let outcome = row.tool_outcome.unwrap_or(ToolOutcome::Result);
                behind.results.push((row.id, call, outcome));
            }
            None => behind.is_followed = true,
        }
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct Follower {
    caller_id: MessageId,
    id: MessageId,
    tool_call_id: Option<String>,
    tool_outcome: Option<ToolOutcome>,
}

// In the very words of the index. Results stand one behind the other; whatever else follows one of them ends the walk.
const BEHIND: &str = "
WITH RECURSIVE behind AS (
  SELECT c.id AS caller_id, m.id, m.tool_call_id, m.tool_outcome, 1 AS depth FROM unnest($2::text[]) AS c (id)
  JOIN agent_messages m ON m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = c.id
  UNION ALL
  SELECT b.caller_id, m.id, m.tool_call_id, m.tool_outcome, b.depth + 1 FROM behind b
  JOIN agent_messages m ON m.organization_id = $1 AND CASE WHEN m.parent_id IS NULL THEN m.conversation_id ELSE m.parent_id END = b.id
  WHERE b.tool_call_id IS NOT NULL
)
SELECT caller_id, id, tool_call_id, tool_outcome FROM behind ORDER BY caller_id, depth";

/// Stores what came of calls, one message each, in this order behind `after`: the reply that called, or the last result there is. The
/// conversation is the caller's and held by this transaction, and nothing follows that message. Shown where that is; in the order given.
///
/// # Errors
/// As [`behind_many`]; [`DbError::Constraint`] when a value is outside what its column takes.
pub async fn answer(
    scope: &WriteScope,
    after: &Model,
    answers: &[Answer],
) -> Result<Vec<Model>, DbError> {
    let column = |of: fn(&Answer) -> String| answers.iter().map(of).collect::<Vec<_>>();
    let tenant = scope.tenant();
    let values: [Value; 8] = [
        tenant.organization().as_str().into(),
        after.conversation_id.as_str().into(),
        tenant.user().as_str().into(),
        after.id.as_str().into(),
        column(|answer| answer.id.to_string()).into(),
        column(|answer| answer.call.clone()).into(),
        column(|answer| answer.content.clone()).into(),
        column(|answer| answer.outcome.to_value()).into(),
    ];
    let mut made: Vec<Model> = sql::all(scope, ANSWER, values).await?;
    made.sort_by_key(|message| message.created_at);
    Ok(made)
}

// Each a millisecond after the one before it.
const ANSWER: &str = "
WITH after AS (
  SELECT m.id, m.is_current FROM agent_messages m WHERE m.organization_id = $1 AND m.id = $4
), given AS (
  SELECT g.id, g.call_id, g.content, g.outcome, lag(g.id) OVER (ORDER BY g.place) AS before_id,
         (count(*) OVER () - g.place) * interval '1 millisecond' AS before_end
  FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY AS g (id, call_id, content, outcome, place)
), conversation AS (
  UPDATE conversations c
  SET last_message_at = GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond')
                        + (SELECT max(before_end) FROM given),
      head_id = CASE WHEN a.is_current THEN (SELECT id FROM given ORDER BY before_end LIMIT 1) ELSE c.head_id END
  FROM after a
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3
  RETURNING c.*
)
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata,
                            parent_id, is_current, tool_call_id, tool_outcome, created_at, updated_at)
SELECT c.organization_id, c.id, g.id, c.agent_id, c.agent_user_id, c.user_id, c.withheld, 'tool', g.content, '{}',
       coalesce(g.before_id, a.id), a.is_current, g.call_id, g.outcome, c.last_message_at - g.before_end, c.last_message_at - g.before_end
FROM conversation c CROSS JOIN after a CROSS JOIN given g
RETURNING *";

/// Keeps these calls with a reply of the caller's, in place of those it has. `None`: there is no such message.
///
/// # Errors
/// As [`behind_many`].
pub async fn keep_calls(
    scope: &WriteScope,
    reply: &Model,
    calls: &[ToolCall],
) -> Result<Option<Model>, DbError> {
    let tenant = scope.tenant();
    let values: [Value; 5] = [
        tenant.organization().as_str().into(),
        reply.conversation_id.as_str().into(),
        reply.id.as_str().into(),
        tenant.user().as_str().into(),
        write_calls(calls).into(),
    ];
    sql::first(
        scope,
        "UPDATE agent_messages SET tool_calls = $5
         WHERE organization_id = $1 AND conversation_id = $2 AND id = $3 AND user_id = $4 RETURNING *",
        values,
    )
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::CallState::{AwaitingApproval, Denied, Done, Dropped, Pending};
    use super::*;

    fn call(id: &str, requires_approval: bool, approved: bool) -> ToolCall {
        ToolCall {
            id: id.to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            requires_approval,
            approved,
            problem: None,
        }
    }

    #[test]
    fn calls_are_read_as_they_are_kept_and_nonsense_is_left_out() {
        let calls = [call("a", true, false), call("b", false, false)];
        assert_eq!(read_calls(write_calls(&calls).as_ref()), calls);
        assert_eq!(write_calls(&[]), None);
        assert!(read_calls(None).is_empty());
        let kept = json!([{ "id": 1 }, {}, "x", { "id": "c", "name": "look", "arguments": "{" }]);
        let read = read_calls(Some(&kept));
        assert_eq!(
            (read.len(), read[0].id.as_str(), read[0].requires_approval),
            (1, "c", false)
        );
    }

    #[test]
    fn how_far_a_call_has_come_is_told_by_what_follows() {
        let told = |behind: &Behind| {
            [
                call("done", true, true),
                call("no", true, false),
                call("asks", true, false),
                call("may", true, true),
                call("free", false, false),
            ]
            .map(|call| behind.state(&call))
        };
        let mut behind = Behind {
            results: vec![
                ("m1".into(), "done".to_owned(), ToolOutcome::Error),
                ("m2".into(), "no".to_owned(), ToolOutcome::Denied),
            ],
            is_followed: false,
        };
        assert_eq!(
            told(&behind),
            [Done, Denied, AwaitingApproval, Pending, Pending]
        );
        assert_eq!(behind.result("no"), Some(&"m2".into()));
        behind.is_followed = true;
        assert_eq!(told(&behind), [Done, Denied, Dropped, Dropped, Dropped]);
    }
}
