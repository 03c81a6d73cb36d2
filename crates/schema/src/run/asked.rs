//! What all that asks for a run has in common.

use agentry_db::entity::{agent_message, conversation, run as entity};
use agentry_db::ids::{AgentId, ConversationId, MessageId, RunId};
use agentry_db::run::{self, NewRun, Served};
use agentry_db::{Scope, WriteScope, new_id, usage};
use async_graphql::Enum;
use serde::Serialize;

use crate::failure::Failure;
use crate::{Action, Limits, RequestContext};

/// What to do when the conversation is waiting for a reply already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
pub enum OnBusy {
    /// Refuse: the outcome is `ConversationBusy`.
    Reject,
    /// Wait in line, and answer when what was asked before has been answered.
    Enqueue,
}

/// What was asked for, as it is stored.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) run: entity::Model,
    pub(super) message: agent_message::Model,
    pub(super) conversation: conversation::Model,
    /// Whether it was stored now.
    pub(super) is_new: bool,
}

/// Whether the caller may ask for one more run just now. Counting takes a connection of its own.
pub(super) async fn counted(context: &RequestContext, action: Action) -> Result<(), Failure> {
    context.may(action)?;
    let services = context.services();
    let user = context.tenant()?.user();
    context.release().await;
    let a_minute = services.limits.runs_per_minute;
    let counted = services.auth.count_run(user, a_minute).await?;
    counted.map_err(Failure::too_many)
}

/// Puts a run in line that answers this message, in a conversation that the transaction holds.
pub(super) async fn enqueue(
    scope: &WriteScope,
    id: &RunId,
    message: &agent_message::Model,
    on_busy: OnBusy,
    limits: &Limits,
) -> Result<entity::Model, Failure> {
    let conversation = &message.conversation_id;
    if let Some(queue) = run::queue(scope, conversation).await? {
        let most = limits.runs_per_conversation;
        match on_busy {
            OnBusy::Reject => return Err(Failure::busy(queue.first.into())),
            OnBusy::Enqueue if queue.length >= u64::from(most) => {
                return Err(Failure::limit_reached(
                    "runs waiting or going on in a conversation",
                    most,
                ));
            }
            OnBusy::Enqueue => {}
        }
    }
    let (served, model) = served(scope, &message.agent_id).await?;
    // What is built in costs nobody anything.
    if served.connection.is_some()
        && let Some(over) = usage::exceeded(scope).await?
    {
        return Err(Failure::BudgetExceeded(over.into()));
    }
    let new = NewRun {
        id: id.clone(),
        conversation: conversation.clone(),
        message: message.id.clone(),
        reply: new_id::<MessageId>(),
        service: served.service,
        model,
    };
    Ok(run::create(scope, &new).await?)
}

/// Who would serve the agent's model, and the model.
async fn served(scope: &Scope, agent: &AgentId) -> Result<(Served, String), Failure> {
    let serving = run::serving(scope, agent).await?;
    let serving = serving.ok_or_else(|| Failure::not_found("agent"))?;
    if serving.is_archived {
        return Err(Failure::conflict(
            "The agent's template was uninstalled. Install it again to go on.",
        ));
    }
    let served = run::service_of(&serving.model, &serving.links);
    let served = served.map_err(Failure::connection_missing)?;
    Ok((served, serving.model))
}

/// What an earlier call with the same idempotency key asked for, as it is by now.
pub(super) async fn earlier(scope: &Scope, id: &RunId) -> Result<Asked, Failure> {
    let gone = || Failure::conflict("What this key made is gone by now.");
    let run = run::find(scope, id).await?.ok_or_else(gone)?;
    let message = agentry_db::agent_message::find(scope, &run.message_id).await?;
    let message = message.ok_or_else(gone)?;
    let conversation = conversation_of(scope, &run.conversation_id).await?;
    Ok(Asked {
        run,
        message,
        conversation,
        is_new: false,
    })
}

/// The conversation as it has become.
pub(super) async fn conversation_of(
    scope: &Scope,
    id: &ConversationId,
) -> Result<conversation::Model, Failure> {
    let found = agentry_db::conversation::find(scope, id).await?;
    found.ok_or_else(|| Failure::not_found("conversation"))
}

/// Tells of what was committed.
pub(super) fn told(context: &RequestContext, asked: &Asked, with_message: bool) {
    if !asked.is_new {
        return;
    }
    let run = &asked.run;
    if with_message {
        let live = &context.services().live;
        live.announce(
            &run.organization_id,
            &run.conversation_id,
            &asked.message.id,
        );
    }
    run_told(context, run);
}

/// Tells of a run that was asked for.
pub(super) fn run_told(context: &RequestContext, run: &entity::Model) {
    let live = &context.services().live;
    live.run_changed(&run.organization_id, &run.conversation_id, &run.id);
}
