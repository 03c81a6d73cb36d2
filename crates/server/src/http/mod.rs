//! The HTTP face: GraphQL over HTTP, WebSocket and server-sent events, with the guards in front of it.
//!
//! It knows neither the schema nor how a credential is checked: the schema is any [`async_graphql::Executor`], the check
//! a [`Gate`]. The one rule: nothing a client sent is ever repeated to it or to the log, save the operation's name.
//!
//! To add a guard before execution, give it a function that answers a `Fault` and call it in `graphql::handler`
//! (HTTP and server-sent events) and, when it concerns operations, in `graphql::prepare` (every transport).
//! `docs/http.md` is the page for users of this face; keep its tables in step.

mod conditional;
mod cors;
pub(crate) mod csrf;
mod export;
mod fault;
mod gate;
mod graphql;
mod headers;
mod health;
mod operation_log;
mod options;
mod request_id;
mod router;
mod serve;
mod sse;
mod state;
#[cfg(test)]
mod tests;
mod ws;

pub(crate) use conditional::is_current;
pub(crate) use fault::Fault;
pub use gate::{CallerContext, Gate, OperationSummary, Presented, Refusal};
pub(crate) use graphql::{Caller, check_content_type, read_body};
pub(crate) use headers::UNBUFFERED;
pub use health::{Check, Readiness};
pub(crate) use operation_log::OperationLog;
pub use operation_log::TARGET as OPERATION_TARGET;
pub use options::{DocumentLimits, HttpOptions, SocketLimits, Timeouts};
pub use request_id::RequestId;
pub use router::router;
pub use serve::serve;
pub(crate) use sse::every;
pub use state::{HttpState, SetupError};
pub(crate) use state::{OpenStream, Shared};
