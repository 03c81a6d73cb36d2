//! Runs as they change, and replies as they grow.

use agentry_db::ids::{ConversationId, RunId};
use agentry_db::reply::Following;
use async_graphql::{Context, ID, Subscription};
use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::Run;
use crate::check::id_of;
use crate::event_ids::EventIds;
use crate::{ApiError, Noun, RequestContext};

mod event;
mod updates;

pub use event::*;

/// Subscriptions to runs.
#[derive(Debug, Default)]
pub struct RunSubscription;

#[Subscription]
impl RunSubscription {
    /// The reply of a run as it grows: all of it after the first `after` characters, as pieces in their order, and then
    /// how the run ended, which ends the stream. It begins, and can be begun again, at any time: before the run does, while
    /// it lasts, and long after; on any server. When a stream ends without a `ReplyEnd`, subscribe again with `after` set to the
    /// `sequence` of the last event you have: nothing is missing then, and nothing comes twice. A reader that falls too
    /// far behind is told so with an error of code UNAVAILABLE, whose `extensions.after` says the same.
    async fn reply_stream(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The run's id.")] run_id: ID,
        #[graphql(
            default_with = "Some(0)",
            desc = "How many characters (Unicode code points) of the reply you have already: the `sequence` of your last event. As \
server-sent events, a `Last-Event-ID` beyond it counts instead."
        )]
        after: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<ReplyEvent>> + use<>> {
        let shared = RequestContext::shared(context)?;
        let ids = context.data_opt::<EventIds>().cloned().unwrap_or_default();
        let following = follow(&shared, &ids, run_id, after.unwrap_or_default()).await?;
        Ok(try_unfold(
            (following, ids),
            async |(mut following, ids)| match following.next().await {
                None => Ok(None),
                Some(Err(stopped)) => Err(event::stopped(stopped).into()),
                Some(Ok(part)) => {
                    let event = ReplyEvent::from(part);
                    ids.mark(event.sequence());
                    Ok(Some((event, (following, ids))))
                }
            },
        ))
    }

    /// Each run of a conversation you may see, whenever it changes: it is asked for, it begins, somebody asks for its end,
    /// it ends. Changes that follow each other closely may come as one. When some may have been missed, the stream ends
    /// with an error of code UNAVAILABLE: subscribe again, and read the conversation's runs.
    async fn run_updated(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] conversation_id: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Run>> + use<>> {
        let context = RequestContext::shared(context)?;
        let id: ConversationId = id_of(conversation_id);
        Ok(updates::stream(context, &id).await?)
    }
}

/// The reply of a run as it grows, from its beginning, for what is no operation of GraphQL.
///
/// # Errors
/// As `replyStream`.
pub async fn listen(context: &RequestContext, run: &RunId) -> Result<Following, ApiError> {
    context.allow(Noun::Messages, agentry_auth::Access::Read)?;
    let following = context.services().replies.follow(context.tenant()?, run, 0);
    following.await.map_err(event::stopped)
}

async fn follow(
    context: &RequestContext,
    ids: &EventIds,
    run_id: ID,
    after: i32,
) -> Result<Following, ApiError> {
    context.allow(Noun::Messages, agentry_auth::Access::Read)?;
    if after < 0 {
        let message = "It counts characters, and is 0 or more.";
        return Err(ApiError::bad_input("after", message));
    }
    let last = ids.last().map_err(|()| {
        let message = "The Last-Event-ID is not one of this stream's.";
        ApiError::bad_input("after", message)
    })?;
    let run: RunId = id_of(run_id);
    let after = last.map_or(after, |last| last.max(after));
    let replies = &context.services().replies;
    let following = replies.follow(context.tenant()?, &run, after).await;
    following.map_err(event::stopped)
}
