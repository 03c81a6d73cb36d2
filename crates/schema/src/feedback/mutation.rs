use agentry_db::ids::{FeedbackId, MessageId};
use agentry_db::{agent_feedback, agent_message, new_id};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{Feedback, Rating};
use crate::check::{Checks, id_of};
use crate::failure::{Failure, mutation_result};
use crate::{Action, RequestContext};

const MAX_COMMENT: usize = 5_000;

/// What to say of a message.
#[derive(Debug, Clone, InputObject)]
pub struct GiveFeedbackInput {
    /// The message: any that you may see.
    message_id: ID,
    /// Up or down.
    rating: Rating,
    /// Why, at most 5,000 characters. What an earlier comment said is not kept.
    comment: Option<String>,
}

/// Of which message to take feedback back.
#[derive(Debug, Clone, InputObject)]
pub struct WithdrawFeedbackInput {
    /// The message.
    message_id: ID,
}

/// The feedback stands, in place of an earlier one of yours.
#[derive(Debug, SimpleObject)]
pub struct GiveFeedbackSuccess {
    /// Your feedback.
    feedback: Feedback,
}

/// You have no feedback on the message any more.
#[derive(Debug, SimpleObject)]
pub struct WithdrawFeedbackSuccess {
    /// The id that your feedback had; null when you had given none.
    withdrawn_feedback_id: Option<ID>,
    /// The message.
    message_id: ID,
}

mutation_result! {
    /// How giving feedback ended.
    GiveFeedbackResult = GiveFeedbackSuccess | ValidationFailed | NotFound
}
mutation_result! {
    /// How taking feedback back ended.
    WithdrawFeedbackResult = WithdrawFeedbackSuccess | NotFound
}

/// Mutations of feedback.
#[derive(Debug, Default)]
pub struct FeedbackMutation;

#[Object]
impl FeedbackMutation {
    /// Says whether a message that you may see was helpful. Saying it again changes what you said. Archived conversations
    /// take feedback too.
    async fn give_feedback(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The message, and your verdict.")] input: GiveFeedbackInput,
    ) -> async_graphql::Result<GiveFeedbackResult> {
        let given = give(RequestContext::of(context)?, input).await;
        GiveFeedbackResult::from_outcome(given.map(|feedback| GiveFeedbackSuccess { feedback }))
    }

    /// Takes your feedback on a message back. Without any it changes nothing.
    async fn withdraw_feedback(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The message.")] input: WithdrawFeedbackInput,
    ) -> async_graphql::Result<WithdrawFeedbackResult> {
        WithdrawFeedbackResult::from_outcome(withdraw(RequestContext::of(context)?, input).await)
    }
}

async fn give(context: &RequestContext, input: GiveFeedbackInput) -> Result<Feedback, Failure> {
    context.may(Action::GiveFeedback)?;
    let mut checks = Checks::default();
    let comment = checks.optional_text("comment", input.comment, MAX_COMMENT);
    checks.finish()?;
    let message: MessageId = id_of(input.message_id);
    let (message, comment) = (&message, comment.as_deref());
    context
        .write(Action::GiveFeedback, |scope| async move {
            let id: FeedbackId = new_id();
            let rating = input.rating.into();
            let given = agent_feedback::give(&scope, &id, message, rating, comment).await?;
            given
                .map(Feedback::from)
                .ok_or_else(|| Failure::not_found("message"))
        })
        .await
}

async fn withdraw(
    context: &RequestContext,
    input: WithdrawFeedbackInput,
) -> Result<WithdrawFeedbackSuccess, Failure> {
    let message: MessageId = id_of(input.message_id);
    let given = &message;
    let withdrawn = context
        .write(Action::WithdrawFeedback, |scope| async move {
            let withdrawn = agent_feedback::withdraw(&scope, given).await?;
            if withdrawn.is_none() && agent_message::find(&scope, given).await?.is_none() {
                return Err(Failure::not_found("message"));
            }
            Ok(withdrawn)
        })
        .await?;
    Ok(WithdrawFeedbackSuccess {
        withdrawn_feedback_id: withdrawn.map(|id| ID(id.into_string())),
        message_id: ID(message.into_string()),
    })
}
