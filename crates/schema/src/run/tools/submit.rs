use agentry_db::entity::ToolOutcome;
use agentry_db::ids::{MessageId, RunId};
use agentry_db::new_id;
use agentry_db::run::{Answer, CallState};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;

use super::{Calling, Settled, check_ids, settled_earlier, told};
use crate::check::{Checks, id_of};
use crate::conversation::Conversation;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::message::Message;
use crate::run::asked::counted;
use crate::run::{OnBusy, Run};
use crate::{Action, RequestContext};

/// What came of one tool call.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct ToolResultInput {
    /// The call: one of the message's that is `PENDING`.
    tool_call_id: ID,
    /// What the model is told: no more characters than the server's limit for messages (100,000 unless it was set otherwise). It may be
    /// empty, and is kept exactly as it is.
    content: String,
    /// Whether it failed. Say so in the content too: not every provider can be told otherwise.
    #[graphql(default = false)]
    is_error: bool,
}

/// What came of tool calls.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct SubmitToolResultsInput {
    /// The reply that calls the tools, in a conversation of yours that is not archived.
    message_id: ID,
    /// What came of its calls, each at most once: of all of them, or of some, and of the others later.
    results: Vec<ToolResultInput>,
    /// What to do when these are the last, and the conversation is waiting for a reply already.
    #[graphql(default_with = "OnBusy::Reject")]
    on_busy: OnBusy,
    /// A key of yours, 1 to 255 characters: the same key with the same input stores the results once however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What came of the calls was stored.
#[derive(Debug, SimpleObject)]
pub struct SubmitToolResultsSuccess {
    /// The reply that calls the tools.
    message: Message,
    /// The new messages, one for each result.
    results: Vec<Message>,
    /// The agent's work on the next reply; null while calls are open.
    run: Option<Run>,
    /// The conversation.
    conversation: Conversation,
}

mutation_result! {
    /// How telling what came of tool calls ended.
    SubmitToolResultsResult = SubmitToolResultsSuccess | ValidationFailed | NotFound | Forbidden | Conflict | ConversationBusy
        | ConnectionMissing | BudgetExceeded | LimitReached | TooManyRequests
}

/// Mutations that tell what came of tool calls.
#[derive(Debug, Default)]
pub struct SubmitMutation;

#[Object]
impl SubmitMutation {
    /// Tells what came of tool calls that you carried out. Each result becomes a message with the role `TOOL`; with the last one the agent
    /// goes on. What came of a call is told once: it cannot be changed afterwards.
    async fn submit_tool_results(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which reply, and what came of its calls.")] input: SubmitToolResultsInput,
    ) -> async_graphql::Result<SubmitToolResultsResult> {
        let settled = submit(RequestContext::of(context)?, input).await;
        SubmitToolResultsResult::from_outcome(settled.map(|settled| SubmitToolResultsSuccess {
            message: settled.message.into(),
            results: settled.results.into_iter().map(Into::into).collect(),
            run: settled.run.map(Into::into),
            conversation: settled.conversation.into(),
        }))
    }
}

async fn submit(
    context: &RequestContext,
    input: SubmitToolResultsInput,
) -> Result<Settled, Failure> {
    context.may(Action::SubmitToolResults)?;
    let limits = &context.services().limits;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "submitToolResults", &input, &mut checks)?;
    let ids = input.results.iter().map(|it| it.tool_call_id.as_str());
    check_ids(&mut checks, "results", ids);
    for (place, result) in input.results.iter().enumerate() {
        let path = ["results", &place.to_string(), "content"];
        let path = path.map(str::to_owned).to_vec();
        checks.content_at(path, &result.content, limits.message_characters);
    }
    checks.finish()?;
    counted(context, Action::SubmitToolResults).await?;
    let given: MessageId = id_of(input.message_id);
    let (given, results) = (&given, &input.results);
    let (on_busy, idempotency) = (input.on_busy, &idempotency);
    let settled = context
        .write(Action::SubmitToolResults, |scope| async move {
            let id: RunId = new_id();
            if let Some(made) = idempotency.claim(&scope, id.as_str()).await? {
                let calls: Vec<&str> = results.iter().map(|it| it.tool_call_id.as_str()).collect();
                return settled_earlier(&scope, &RunId::from(made), given, &calls).await;
            }
            let calling = Calling::hold(&scope, given).await?;
            let answers: Vec<Answer> = results
                .iter()
                .map(|result| answer(&calling, result))
                .collect::<Result<_, _>>()?;
            calling.settle(&scope, &id, &answers, on_busy, limits).await
        })
        .await?;
    told(context, &settled);
    Ok(settled)
}

fn answer(calling: &Calling, result: &ToolResultInput) -> Result<Answer, Failure> {
    let call = calling.call(&result.tool_call_id, CallState::Pending)?;
    Ok(Answer {
        id: new_id(),
        call: call.id.clone(),
        content: result.content.clone(),
        outcome: if result.is_error {
            ToolOutcome::Error
        } else {
            ToolOutcome::Result
        },
    })
}
