use std::sync::Arc;

use agentry_db::entity::run::Model;
use agentry_db::ids::{ConversationId, RunId};
use agentry_db::live::{Missed, Waiting};
use agentry_db::{conversation, run};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use futures_util::stream::try_unfold;

use crate::run::Run;
use crate::{ApiError, Noun, RequestContext};

/// What the subscriber was told last, so that two words of one change are one event.
type Told = Option<(RunId, DateTime<Utc>)>;

/// The runs of a conversation as they change.
pub(super) async fn stream(
    context: Arc<RequestContext>,
    id: &ConversationId,
) -> Result<impl Stream<Item = async_graphql::Result<Run>> + use<>, ApiError> {
    let organization = context.tenant()?.organization().clone();
    let visible = conversation::find(&context.read(Noun::Messages).await?, id).await?;
    if visible.is_none() {
        let missing = "There is no such conversation, or it is not yours to see.";
        return Err(ApiError::NotFound(missing.to_owned()));
    }
    context.release().await;
    let live = &context.services().live;
    let waiting = live.wait_for_runs(&organization, id).await?;
    Ok(try_unfold(
        (context, waiting, None),
        async |(context, mut waiting, mut told)| {
            let run = next(&context, &mut waiting, &mut told).await?;
            Ok(Some((run.into(), (context, waiting, told))))
        },
    ))
}

/// The next change that the subscriber may see. No connection is held while there is none.
async fn next(
    context: &Arc<RequestContext>,
    waiting: &mut Waiting<RunId>,
    told: &mut Told,
) -> Result<Model, ApiError> {
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
        let Some(found) = run::find(&context.read(Noun::Messages).await?, &id).await? else {
            continue;
        };
        let this = Some((found.id.clone(), found.updated_at));
        if *told != this {
            *told = this;
            return Ok(found);
        }
    }
}
