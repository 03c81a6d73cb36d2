use std::sync::Arc;

use agentry_db::ids::ConversationId;
use agentry_db::live::{Missed, Waiting};
use agentry_db::{agent_message, conversation};
use async_graphql::{Context, ID, Subscription};
use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::Message;
use crate::check::id_of;
use crate::{ApiError, Noun, RequestContext};

/// Subscriptions to messages.
#[derive(Debug, Default)]
pub struct MessageSubscription;

#[Subscription]
impl MessageSubscription {
    /// Each message that is added to a conversation you may see, from now on. Sort by `createdAt`: messages added at one
    /// moment may arrive in another order. When some may have been missed, the stream ends with an error of code
    /// UNAVAILABLE: subscribe again, and read what came after the last message you have.
    async fn message_added(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] conversation_id: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Message>> + use<>> {
        let context = RequestContext::shared(context)?;
        let organization = context.tenant()?.organization().clone();
        let id: ConversationId = id_of(conversation_id);
        let visible = conversation::find(&context.read(Noun::Messages).await?, &id).await;
        if visible.map_err(ApiError::from)?.is_none() {
            let missing = "There is no such conversation, or it is not yours to see.";
            return Err(ApiError::NotFound(missing.to_owned()).into());
        }
        context.release().await;
        let live = &context.services().live;
        let waiting = live
            .wait_for(&organization, &id)
            .await
            .map_err(ApiError::from)?;
        Ok(try_unfold(
            (context, waiting),
            async |(context, mut waiting)| {
                let message = next(&context, &mut waiting).await?;
                Ok(Some((message, (context, waiting))))
            },
        ))
    }
}

/// The next message that the subscriber may see. No connection is held while there is none: what was read for the message
/// before it is let go first, and each is read in a transaction of its own, by the rights its reader has by then.
async fn next(context: &Arc<RequestContext>, waiting: &mut Waiting) -> Result<Message, ApiError> {
    loop {
        context.release().await;
        let id = waiting
            .next()
            .await
            .map_err(|Missed| ApiError::Interrupted)?;
        let actor = context.actor()?;
        if !context.services().auth.is_live(actor).await? {
            return Err(ApiError::Unauthenticated);
        }
        // One that is gone already, or out of sight, is passed over.
        if let Some(message) =
            agent_message::find(&context.read(Noun::Messages).await?, &id).await?
        {
            return Ok(message.into());
        }
    }
}
