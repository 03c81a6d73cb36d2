use agentry_db::entity::ToolOutcome;
use agentry_db::ids::{MessageId, RunId};
use agentry_db::run::{Answer, CallState, keep_calls};
use agentry_db::{WriteScope, new_id};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Calling, Settled, check_ids, settled_earlier, told};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::conversation::Conversation;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::message::Message;
use crate::run::asked::counted;
use crate::run::{OnBusy, Run};
use crate::{Action, RequestContext};

/// The longest reason, in characters.
const MAX_REASON: usize = 2_000;

/// Whether a tool call may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
pub enum ToolDecision {
    /// It may.
    Approve,
    /// It may not. The model is told so, and goes on without.
    Deny,
}

/// Whether one tool call may be carried out.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct ToolDecisionInput {
    /// The call: one of the message's that is `AWAITING_APPROVAL`.
    tool_call_id: ID,
    /// Whether it may.
    decision: ToolDecision,
    /// Why, at most 2,000 characters. Of a denial the model is told it; of an approval only the audit trail has it.
    reason: Option<String>,
}

/// Which tool calls may be carried out.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct DecideToolCallsInput {
    /// The reply that calls the tools, in a conversation of yours that is not archived.
    message_id: ID,
    /// What you decide, once of each call: of all that wait, or of some, and of the others later.
    decisions: Vec<ToolDecisionInput>,
    /// What to do when nothing remains to be carried out, and the conversation is waiting for a reply already.
    #[graphql(default_with = "OnBusy::Reject")]
    on_busy: OnBusy,
    /// A key of yours, 1 to 255 characters: the same key with the same input decides once however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What was decided was stored.
#[derive(Debug, SimpleObject)]
pub struct DecideToolCallsSuccess {
    /// The reply that calls the tools.
    message: Message,
    /// The new messages, one for each denial.
    denials: Vec<Message>,
    /// The agent's work on the next reply; null while calls are open.
    run: Option<Run>,
    /// The conversation.
    conversation: Conversation,
}

mutation_result! {
    /// How deciding on tool calls ended.
    DecideToolCallsResult = DecideToolCallsSuccess | ValidationFailed | NotFound | Forbidden | Conflict | ConversationBusy
        | ConnectionMissing | BudgetExceeded | LimitReached | TooManyRequests
}

/// Mutations that decide on tool calls.
#[derive(Debug, Default)]
pub struct DecideMutation;

#[Object]
impl DecideMutation {
    /// Says whether tool calls that wait for your approval may be carried out. What is approved is `PENDING` then, to be carried out by the
    /// client. Each denial becomes a message with the role `TOOL` that tells the model so; when no call is open any more, the agent goes
    /// on. A decision is made once: it cannot be changed afterwards.
    async fn decide_tool_calls(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which reply, and what you decide on its calls.")]
        input: DecideToolCallsInput,
    ) -> async_graphql::Result<DecideToolCallsResult> {
        let settled = decide(RequestContext::of(context)?, input).await;
        DecideToolCallsResult::from_outcome(settled.map(|settled| DecideToolCallsSuccess {
            message: settled.message.into(),
            denials: settled.results.into_iter().map(Into::into).collect(),
            run: settled.run.map(Into::into),
            conversation: settled.conversation.into(),
        }))
    }
}

async fn decide(context: &RequestContext, input: DecideToolCallsInput) -> Result<Settled, Failure> {
    context.may(Action::DecideToolCalls)?;
    let limits = &context.services().limits;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "decideToolCalls", &input, &mut checks)?;
    let ids = input.decisions.iter().map(|it| it.tool_call_id.as_str());
    check_ids(&mut checks, "decisions", ids);
    for (place, decision) in input.decisions.iter().enumerate() {
        let path = ["decisions", &place.to_string(), "reason"];
        let path = path.map(str::to_owned).to_vec();
        let reason = decision.reason.as_deref().unwrap_or_default();
        checks.content_at(path, reason, MAX_REASON);
    }
    checks.finish()?;
    counted(context, Action::DecideToolCalls).await?;
    let given: MessageId = id_of(input.message_id);
    let (given, decisions) = (&given, &input.decisions);
    let (on_busy, idempotency) = (input.on_busy, &idempotency);
    let settled = context
        .write(Action::DecideToolCalls, |scope| async move {
            let id: RunId = new_id();
            if let Some(made) = idempotency.claim(&scope, id.as_str()).await? {
                let denied = decisions
                    .iter()
                    .filter(|it| it.decision == ToolDecision::Deny);
                let denied: Vec<&str> = denied.map(|it| it.tool_call_id.as_str()).collect();
                return settled_earlier(&scope, &RunId::from(made), given, &denied).await;
            }
            let calling = Calling::hold(&scope, given).await?;
            let event = event(&calling, decisions)?;
            let calling = approve(&scope, calling, decisions).await?;
            let denials: Vec<Answer> = decisions
                .iter()
                .filter(|it| it.decision == ToolDecision::Deny)
                .map(denial)
                .collect();
            let settled = calling
                .settle(&scope, &id, &denials, on_busy, limits)
                .await?;
            audited(&scope, "Message", given.as_str(), event).await?;
            Ok(settled)
        })
        .await?;
    told(context, &settled);
    Ok(settled)
}

/// What the audit trail tells. Each call must wait for a decision.
fn event(calling: &Calling, decisions: &[ToolDecisionInput]) -> Result<Value, Failure> {
    let (mut approved, mut denied) = (Vec::new(), Vec::new());
    for decision in decisions {
        let call = calling.call(&decision.tool_call_id, CallState::AwaitingApproval)?;
        let told = json!({ "id": call.id, "tool": call.name, "reason": decision.reason });
        match decision.decision {
            ToolDecision::Approve => approved.push(told),
            ToolDecision::Deny => denied.push(told),
        }
    }
    Ok(json!({ "approved": approved, "denied": denied }))
}

async fn approve(
    scope: &WriteScope,
    mut calling: Calling,
    decisions: &[ToolDecisionInput],
) -> Result<Calling, Failure> {
    let is_approved = |id: &str| {
        decisions
            .iter()
            .any(|it| it.tool_call_id.as_str() == id && it.decision == ToolDecision::Approve)
    };
    let mut changed = false;
    for call in &mut calling.calls {
        if is_approved(&call.id) {
            call.approved = true;
            changed = true;
        }
    }
    if changed {
        let kept = keep_calls(scope, &calling.message, &calling.calls).await?;
        calling.message = kept.ok_or_else(|| Failure::not_found("message"))?;
    }
    Ok(calling)
}

/// What the model is told of a denial.
fn denial(decision: &ToolDecisionInput) -> Answer {
    let reason = decision.reason.as_deref().map(str::trim);
    let content = match reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => {
            format!(
                "The user did not allow this call, and it was not carried out. They said: {reason}"
            )
        }
        None => "The user did not allow this call, and it was not carried out.".to_owned(),
    };
    Answer {
        id: new_id(),
        call: decision.tool_call_id.to_string(),
        content,
        outcome: ToolOutcome::Denied,
    }
}
