//! Running what was prepared: in time, and with panics caught.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::Executor;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tracing::Instrument;

use super::mask::Settled;
use super::prepare::Prepared;
use crate::http::fault::Fault;
use crate::http::gate::CallerContext;
use crate::http::request_id::RequestId;
use crate::http::state::HttpState;

/// Executes a query or a mutation.
pub(crate) async fn execute<E: Executor>(
    state: &HttpState<E>,
    prepared: Prepared,
    context: Arc<dyn CallerContext>,
    id: &RequestId,
) -> Settled {
    let introspection = state.shared.options.introspection;
    let request = Arc::clone(&context).attach(prepared.request);
    let running =
        AssertUnwindSafe(state.executor.execute(request).instrument(id.span())).catch_unwind();
    let ended = tokio::time::timeout(state.shared.options.timeouts.operation, running).await;
    context.release().await;
    match ended {
        Ok(Ok(response)) => Settled::new(response, prepared.atomic, introspection, id),
        Ok(Err(_panic)) => panicked(id),
        Err(_) => Settled::fault(&Fault::timeout(), id),
    }
}

/// Starts a subscription.
pub(crate) fn subscribe<E: Executor>(
    state: &HttpState<E>,
    prepared: Prepared,
    context: Arc<dyn CallerContext>,
    id: RequestId,
) -> BoxStream<'static, Settled> {
    let introspection = state.shared.options.introspection;
    let stream = state
        .executor
        .execute_stream(Arc::clone(&context).attach(prepared.request), None);
    AssertUnwindSafe(stream)
        .catch_unwind()
        .then(move |event| {
            let settled = match event {
                Ok(response) => Settled::new(response, prepared.atomic, introspection, &id),
                Err(_panic) => panicked(&id),
            };
            let context = Arc::clone(&context);
            async move {
                context.release().await;
                settled
            }
        })
        .boxed()
}

/// The panic's text went to the standard error through the hook; it may hold anything, so it goes nowhere else.
fn panicked(id: &RequestId) -> Settled {
    tracing::error!(request_id = %id, "a resolver panicked");
    Settled::fault(&Fault::internal(), id)
}
