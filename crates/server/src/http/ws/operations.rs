//! The operations open on one socket.

use std::collections::HashMap;
use std::sync::Arc;

use agentry_schema::code;
use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use axum::http::StatusCode;
use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use super::close::Close;
use super::message;
use crate::http::fault::Fault;
use crate::http::gate::{CallerContext, Refusal};
use crate::http::graphql::{
    Params, Prepared, Settled, execute, kind_name, params_from_json, prepare, subscribe,
};
use crate::http::operation_log::OperationLog;
use crate::http::request_id::RequestId;
use crate::http::state::HttpState;

/// What one operation has to say.
struct Event {
    id: String,
    text: String,
    last: bool,
}

/// Runs operations side by side on the socket's task.
pub(super) struct Operations<E> {
    state: HttpState<E>,
    open: HashMap<String, AbortHandle>,
    events: SelectAll<BoxStream<'static, Event>>,
}

impl<E: Executor> Operations<E> {
    pub(super) fn new(state: HttpState<E>) -> Self {
        Self {
            state,
            open: HashMap::new(),
            events: SelectAll::new(),
        }
    }

    pub(super) fn is_open(&self, id: &str) -> bool {
        self.open.contains_key(id)
    }

    /// Starts an operation. An answer now is an `error`: nothing was executed.
    ///
    /// # Errors
    /// 4400 for a payload that is no GraphQL request.
    pub(super) fn start(
        &mut self,
        id: String,
        payload: Map<String, Value>,
        context: Arc<dyn CallerContext>,
    ) -> Result<Option<String>, Close> {
        // Through text once more: what is well-formed is decided in one place for every transport.
        let json = Value::Object(payload).to_string();
        let params = match params_from_json(json.as_bytes(), &self.state.shared.options) {
            Err(fault) if fault.code == code::BAD_USER_INPUT => {
                return Err(Close::BadMessage("The payload is not a GraphQL request"));
            }
            params => params,
        };
        let request_id = RequestId::random();
        let mut log = OperationLog::new("ws", request_id.clone());
        log.context(Arc::clone(&context));
        match params.and_then(|params| self.prepare(params)) {
            Ok(prepared) => {
                log.operation(prepared.name.as_deref(), kind_name(prepared.kind));
                let events = self.run(id.clone(), prepared, context, request_id, log);
                let (events, handle) = stream::abortable(events);
                self.open.insert(id, handle);
                self.events.push(events.boxed());
                Ok(None)
            }
            Err(fault) => {
                log.code(fault.code);
                Ok(Some(error_message(
                    &id,
                    &Settled::fault(&fault, &request_id),
                )))
            }
        }
    }

    fn prepare(&self, params: Params) -> Result<Prepared, Fault> {
        let limit = self.state.shared.options.sockets.operations;
        if self.open.len() >= limit {
            let message = format!(
                "There are {limit} open operations on this socket already, which is the limit."
            );
            return Err(Fault::new(
                StatusCode::TOO_MANY_REQUESTS,
                code::RATE_LIMITED,
                message,
            ));
        }
        prepare(&self.state.shared, params)
    }

    fn run(
        &self,
        id: String,
        prepared: Prepared,
        context: Arc<dyn CallerContext>,
        request_id: RequestId,
        mut log: OperationLog,
    ) -> BoxStream<'static, Event> {
        let streams = prepared.kind == OperationType::Subscription;
        let results = if streams {
            subscribe(&self.state, prepared, context, request_id)
        } else {
            let state = self.state.clone();
            // Over HTTP each request shows its credential; here the socket may have outlived it since it was last checked.
            let run = async move {
                if state.shared.gate.still_valid(&*context).await {
                    execute(&state, prepared, context, &request_id).await
                } else {
                    Settled::fault(&Refusal::Unauthenticated.into(), &request_id)
                }
            };
            run.into_stream().boxed()
        };
        // `Some(())` until the last event has gone out.
        let ending = stream::once(async { None });
        results
            .map(Some)
            .chain(ending)
            .scan(true, move |going, result| {
                let event = if *going {
                    Some(match result {
                        Some(result) => {
                            log.code(result.code());
                            *going = result.executed();
                            event(&id, &result)
                        }
                        None => Event {
                            text: message::complete(&id),
                            id: id.clone(),
                            last: true,
                        },
                    })
                } else {
                    None
                };
                async move { event }
            })
            .boxed()
    }

    /// The client has heard enough.
    pub(super) fn stop(&mut self, id: &str) {
        if let Some(handle) = self.open.remove(id) {
            handle.abort();
        }
    }

    /// The next message for the client. Waits for ever while nothing is open.
    pub(super) async fn next(&mut self) -> String {
        match self.events.next().await {
            Some(event) => {
                if event.last {
                    self.open.remove(&event.id);
                }
                event.text
            }
            None => std::future::pending().await,
        }
    }
}

fn event(id: &str, result: &Settled) -> Event {
    if result.executed() {
        Event {
            text: message::next(id, &result.json()),
            id: id.to_owned(),
            last: false,
        }
    } else {
        Event {
            text: error_message(id, result),
            id: id.to_owned(),
            last: true,
        }
    }
}

fn error_message(id: &str, result: &Settled) -> String {
    // Errors are plain text and numbers; they always serialise.
    let errors = serde_json::to_string(result.errors()).unwrap_or_else(|_| "[]".to_owned());
    message::error(id, &errors)
}
