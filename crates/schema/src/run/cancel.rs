use agentry_db::ids::RunId;
use agentry_db::run::{self, Cancelling};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Run;
use crate::check::id_of;
use crate::failure::{Failure, mutation_result};
use crate::{Action, RequestContext};

/// Which run to end.
#[derive(Debug, Clone, InputObject)]
pub struct CancelRunInput {
    /// The run: one in a conversation of yours.
    run_id: ID,
}

/// The run has ended, or will in a moment, or had before.
#[derive(Debug, SimpleObject)]
pub struct CancelRunSuccess {
    /// The run as it is now.
    run: Run,
}

mutation_result! {
    /// How ending a run ended.
    CancelRunResult = CancelRunSuccess | NotFound | Forbidden
}

/// Mutations of runs.
#[derive(Debug, Default)]
pub struct CancelMutation;

#[Object]
impl CancelMutation {
    /// Ends a run of yours before its reply is whole. One that waits ends at once; one that is going on ends a moment later, and
    /// what it has said is kept. One that has ended stays as it is.
    async fn cancel_run(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The run.")] input: CancelRunInput,
    ) -> async_graphql::Result<CancelRunResult> {
        CancelRunResult::from_outcome(cancel(RequestContext::of(context)?, input).await)
    }
}

async fn cancel(
    context: &RequestContext,
    input: CancelRunInput,
) -> Result<CancelRunSuccess, Failure> {
    let id: RunId = id_of(input.run_id);
    let given = &id;
    let (run, changed) = context
        .write(Action::CancelRun, |scope| async move {
            match run::cancel(&scope, given).await? {
                Cancelling::Done(run) => Ok((run, true)),
                Cancelling::Nothing(run) => Ok((run, false)),
                Cancelling::NotYours => {
                    let visible = run::find(&scope, given).await?.is_some();
                    Err(Failure::not_written("run", visible))
                }
            }
        })
        .await?;
    if changed {
        let live = &context.services().live;
        live.run_changed(&run.organization_id, &run.conversation_id, &run.id);
    }
    Ok(CancelRunSuccess { run: run.into() })
}
