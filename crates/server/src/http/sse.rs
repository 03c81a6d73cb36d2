//! GraphQL over server-sent events, "distinct connections" mode of the graphql-sse protocol: one operation a request.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use agentry_schema::{EventIds, code};
use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::fault::Fault;
use super::gate::CallerContext;
use super::graphql::{Caller, Prepared, Settled, execute, fault_body, refuse, subscribe};
use super::headers::UNBUFFERED;
use super::operation_log::OperationLog;
use super::request_id::RequestId;
use super::state::{HttpState, OpenStream, Shared};

/// Streams the results of an operation.
pub(crate) fn stream<E: Executor>(
    state: HttpState<E>,
    mut prepared: Prepared,
    context: Arc<dyn CallerContext>,
    caller: &Caller,
    mut log: OperationLog,
) -> Response {
    let shared = Arc::clone(&state.shared);
    let mut open = shared.streams.open();
    if !shared
        .streams
        .claim(&mut open, caller.stream_key(&*context))
    {
        let fault = too_many(shared.options.sockets.per_user);
        log.code(fault.code);
        return refuse(&fault, &caller.id);
    }
    let ids = EventIds::after(caller.last_event_id.clone());
    prepared.request = prepared.request.data(ids.clone());
    let (results, rechecks) = if prepared.kind == OperationType::Subscription {
        let rechecks = shared.gate.rechecks(&*context);
        let results = subscribe(&state, prepared, Arc::clone(&context), caller.id.clone());
        (results, rechecks)
    } else {
        let (context, id) = (Arc::clone(&context), caller.id.clone());
        let result = async move { execute(&state, prepared, context, &id).await };
        (result.into_stream().boxed(), stream::pending().boxed())
    };
    let limits = shared.options.sockets;
    let running = Running {
        results,
        stopped: shared.stopped().boxed(),
        keep_alive: every(limits.keep_alive),
        recheck: every(limits.recheck),
        rechecks,
        shared,
        context,
        id: caller.id.clone(),
        ids,
        log,
        ended: false,
        first: true,
        _open: open,
    };
    respond(Body::from_stream(stream::unfold(
        running,
        |mut running| async move {
            let bytes = running.next().await?;
            Some((Ok::<_, Infallible>(bytes), running))
        },
    )))
}

/// The one event of a document that was not executed. The protocol wants it in the stream: a browser's `EventSource` shows
/// its page nothing of an answer with another status.
pub(crate) fn fault(fault: &Fault, id: &RequestId) -> Response {
    respond(Body::from(format!(
        "{}{COMPLETE}",
        next(None, &fault_body(fault, id))
    )))
}

fn too_many(limit: usize) -> Fault {
    let message = format!("There are {limit} open streams already, which is the limit.");
    Fault {
        retry_after: Some(5),
        ..Fault::new(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, message)
    }
}

/// `EventSource` drops events without data, so this one has an empty field.
const COMPLETE: &str = "event: complete\ndata:\n\n";

fn next(id: Option<i64>, json: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    // serde_json writes no line breaks, so the payload is one `data` field.
    format!("event: next\n{id}data: {json}\n\n")
}

fn respond(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    // nginx would hold events back otherwise.
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    response
}

/// Ticks from one period on.
pub(crate) fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

struct Running {
    results: BoxStream<'static, Settled>,
    stopped: futures_util::future::BoxFuture<'static, ()>,
    keep_alive: Interval,
    recheck: Interval,
    /// When to look again whether the caller may go on, besides now and then.
    rechecks: BoxStream<'static, ()>,
    shared: Arc<Shared>,
    context: Arc<dyn CallerContext>,
    id: RequestId,
    ids: EventIds,
    log: OperationLog,
    ended: bool,
    first: bool,
    _open: OpenStream,
}

impl Running {
    /// The next bytes; `None` ends the connection. A server that stops ends it without `complete`, and the client comes back.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if std::mem::take(&mut self.first) {
            // Sends the head at once, before there is anything to say.
            return Some(Bytes::from_static(b":\n\n"));
        }
        loop {
            tokio::select! {
                biased;
                () = &mut self.stopped => return None,
                // Before the results, so that a busy stream does not keep them from their turn.
                _ = self.recheck.tick() => {
                    if let Some(farewell) = self.recheck().await {
                        return Some(farewell);
                    }
                }
                Some(()) = self.rechecks.next() => {
                    if let Some(farewell) = self.recheck().await {
                        return Some(farewell);
                    }
                }
                result = self.results.next() => {
                    let Some(result) = result else {
                        self.ended = true;
                        return Some(Bytes::from_static(COMPLETE.as_bytes()));
                    };
                    self.log.code(result.code());
                    return Some(next(self.ids.take(), &result.json()).into());
                }
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    /// The last bytes for a caller who may not go on.
    async fn recheck(&mut self) -> Option<Bytes> {
        if self.shared.gate.still_valid(&*self.context).await {
            return None;
        }
        self.ended = true;
        self.log.code(code::UNAUTHENTICATED);
        let fault = Fault::from(super::gate::Refusal::Unauthenticated);
        Some(format!("{}{COMPLETE}", next(None, &fault_body(&fault, &self.id))).into())
    }
}
