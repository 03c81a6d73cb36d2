//! What came of tool calls: told by the client, or decided by the user. Nothing is carried out here.

use agentry_db::entity::{MessageRole, agent_message::Model, conversation};
use agentry_db::ids::{MessageId, RunId};
use agentry_db::run::{self, Answer, Behind, CallState, ToolCall};
use agentry_db::{WriteScope, agent_message};

use super::OnBusy;
use super::asked::{conversation_of, enqueue, run_told};
use super::branch::held;
use crate::check::Checks;
use crate::failure::Failure;
use crate::{Limits, RequestContext};

mod decide;
mod submit;

pub use decide::*;
pub use submit::*;

/// The most calls that one mutation speaks of.
const MOST: usize = 128;

/// A reply that calls tools, in a conversation that the transaction holds.
struct Calling {
    message: Model,
    calls: Vec<ToolCall>,
    behind: Behind,
}

/// What is so after what came of calls was stored.
#[derive(Debug)]
struct Settled {
    message: Model,
    results: Vec<Model>,
    /// The agent's work on what follows; `None` while calls are open.
    run: Option<agentry_db::entity::run::Model>,
    conversation: conversation::Model,
    /// Whether it was stored now.
    is_new: bool,
}

impl Calling {
    /// Holds the conversation, so that nobody else says what came of these calls until the transaction ends.
    async fn hold(scope: &WriteScope, id: &MessageId) -> Result<Self, Failure> {
        let message = held(scope, id).await?;
        let calls = run::read_calls(message.tool_calls.as_ref());
        if message.role != MessageRole::Assistant || calls.is_empty() {
            let message = "It must be a reply that calls tools.";
            return Err(Checks::refused("messageId", message));
        }
        let behind = run::behind_many(scope, std::slice::from_ref(id)).await?;
        let behind = behind.into_values().next().unwrap_or_default();
        Ok(Self {
            message,
            calls,
            behind,
        })
    }

    /// The call of this id, which must have come as far as `wanted`.
    fn call(&self, id: &str, wanted: CallState) -> Result<&ToolCall, Failure> {
        let call = self.calls.iter().find(|call| call.id == id);
        let call = call.ok_or_else(|| Failure::not_found("tool call"))?;
        let state = self.behind.state(call);
        if state == wanted {
            return Ok(call);
        }
        Err(Failure::conflict(match state {
            CallState::AwaitingApproval => {
                "One of these calls waits for approval: see decideToolCalls."
            }
            CallState::Pending => "One of these calls does not wait for approval.",
            CallState::Denied => "One of these calls was denied.",
            CallState::Done => "What came of one of these calls is there already.",
            CallState::Dropped => "The conversation went on without these calls.",
        }))
    }

    /// Stores what came of calls and, when that was the last of them, has the agent go on.
    async fn settle(
        self,
        scope: &WriteScope,
        run: &RunId,
        answers: &[Answer],
        on_busy: OnBusy,
        limits: &Limits,
    ) -> Result<Settled, Failure> {
        let Self {
            message,
            calls,
            behind,
        } = self;
        let results = if answers.is_empty() {
            Vec::new()
        } else {
            run::answer(scope, &last(scope, &message, &behind).await?, answers).await?
        };
        let is_answered = |call: &ToolCall| {
            behind.result(&call.id).is_some() || answers.iter().any(|it| it.call == call.id)
        };
        let run = match results.last() {
            Some(last) if calls.iter().all(is_answered) => {
                Some(enqueue(scope, run, last, on_busy, limits).await?)
            }
            Some(_) | None => None,
        };
        Ok(Settled {
            conversation: conversation_of(scope, &message.conversation_id).await?,
            message,
            results,
            run,
            is_new: true,
        })
    }
}

/// The message behind which the next result stands.
async fn last(scope: &WriteScope, message: &Model, behind: &Behind) -> Result<Model, Failure> {
    let Some((id, ..)) = behind.results.last() else {
        return Ok(message.clone());
    };
    let last = agent_message::find(scope, id).await?;
    last.ok_or_else(|| Failure::not_found("message"))
}

/// What an earlier call with the same idempotency key came to, as it is by now: what it said of these calls.
async fn settled_earlier(
    scope: &WriteScope,
    made: &RunId,
    message: &MessageId,
    calls: &[&str],
) -> Result<Settled, Failure> {
    let gone = || Failure::conflict("What this key made is gone by now.");
    let found = agent_message::find(scope, message).await?;
    let message = found.ok_or_else(gone)?;
    let behind = run::behind_many(scope, std::slice::from_ref(&message.id)).await?;
    let behind = behind.into_values().next().unwrap_or_default();
    let ids: Vec<MessageId> = behind
        .results
        .into_iter()
        .filter(|(_, call, _)| calls.contains(&call.as_str()))
        .map(|(id, ..)| id)
        .collect();
    let mut results = agent_message::find_many(scope, &ids).await?;
    results.sort_by_key(|result| result.created_at);
    Ok(Settled {
        conversation: conversation_of(scope, &message.conversation_id).await?,
        message,
        results,
        run: run::find(scope, made).await?,
        is_new: false,
    })
}

/// The message to answer anew when a result is pointed at: the last of what came of the same reply's calls, all of which must be there.
pub(super) async fn answered_with(scope: &WriteScope, result: &Model) -> Result<Model, Failure> {
    let mut before = result.clone();
    while before.tool_call_id.is_some() {
        let parent = before.parent_id.as_ref();
        let parent = parent.ok_or_else(|| Failure::not_found("message"))?;
        let found = agent_message::find(scope, parent).await?;
        before = found.ok_or_else(|| Failure::not_found("message"))?;
    }
    let calls = run::read_calls(before.tool_calls.as_ref());
    let behind = run::behind_many(scope, std::slice::from_ref(&before.id)).await?;
    let behind = behind.into_values().next().unwrap_or_default();
    if calls.iter().any(|call| behind.result(&call.id).is_none()) {
        return Err(Failure::conflict(
            "What came of some of the calls is not there: the model can go on when all of it is.",
        ));
    }
    last(scope, &before, &behind).await
}

/// Notes what is wrong with the ids of calls in a list.
fn check_ids<'a>(checks: &mut Checks, field: &str, ids: impl ExactSizeIterator<Item = &'a str>) {
    let count = ids.len();
    if count == 0 {
        checks.refuse(field, "There must be at least one.");
    }
    if count > MOST {
        checks.refuse(field, format!("There may be at most {MOST}."));
    }
    let mut seen = std::collections::HashSet::new();
    for (place, id) in ids.enumerate() {
        if !seen.insert(id) {
            let path = [field, &place.to_string(), "toolCallId"];
            let path = path.map(str::to_owned).to_vec();
            checks.refuse_at(path, "Another one is about the same call.");
        }
    }
}

/// Tells of what was committed.
fn told(context: &RequestContext, settled: &Settled) {
    if !settled.is_new {
        return;
    }
    let live = &context.services().live;
    for result in &settled.results {
        live.announce(&result.organization_id, &result.conversation_id, &result.id);
    }
    if let Some(run) = &settled.run {
        run_told(context, run);
    }
}
