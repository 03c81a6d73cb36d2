//! What the routes beside GraphQL share: who asks, how long they may take, and what a failure is over HTTP.

use std::sync::Arc;

use agentry_schema::{AgentrySchema, ApiError, RequestContext, code};
use async_graphql::{Request, Variables};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::Value;
use tracing::Instrument as _;

use crate::gate::AuthGate;
use crate::http::{Caller, Fault, HttpOptions, Presented, Refusal, RequestId, Shared};

/// Seconds after which what got in the way of another change may be tried again.
const AGAIN: u64 = 1;

/// The gate and the settings. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Front(Arc<Inner>);

struct Inner {
    gate: Arc<AuthGate>,
    schema: AgentrySchema,
    shared: Arc<Shared>,
    secure: bool,
}

impl Front {
    /// `secure`: whether cookies are for https alone.
    pub(crate) fn new(
        gate: Arc<AuthGate>,
        schema: AgentrySchema,
        shared: Arc<Shared>,
        secure: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            gate,
            schema,
            shared,
            secure,
        }))
    }

    pub(crate) fn options(&self) -> &HttpOptions {
        &self.0.shared.options
    }

    /// What the HTTP face knows of all that is open.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn secure(&self) -> bool {
        self.0.secure
    }

    /// What a request tells about who sends it.
    pub(crate) fn caller(&self, parts: &Parts) -> Caller {
        let id = parts.extensions.get::<RequestId>().cloned();
        Caller::new(parts, self.options(), id.unwrap_or_else(RequestId::random))
    }

    /// The context of whoever this is; of nobody, when nothing was presented.
    ///
    /// # Errors
    /// The fault of a credential that is not accepted, or cannot be checked now.
    pub(crate) async fn open(&self, presented: Presented) -> Result<Arc<RequestContext>, Fault> {
        let span = presented.request_id.span();
        Ok(self.0.gate.open(presented).instrument(span).await?)
    }

    /// The data of an operation of the API, as whoever this is. For what has no use case of its own: forms that do what programs do.
    ///
    /// # Errors
    /// The fault of an operation that answers errors.
    pub(crate) async fn run(
        &self,
        context: &Arc<RequestContext>,
        document: &'static str,
        variables: Value,
    ) -> Result<Value, Fault> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let answer = self
            .0
            .schema
            .execute(request.data(Arc::clone(context)))
            .await;
        let Some(error) = answer.errors.first() else {
            return answer.data.into_json().map_err(|_| Fault::internal());
        };
        let code = error.extensions.as_ref();
        let code = code
            .and_then(|all| all.get("code"))
            .map(ToString::to_string);
        // As it is printed: in quotation marks.
        Err(match code.as_deref().map(|code| code.trim_matches('"')) {
            Some(code::UNAVAILABLE | code::CONFLICT) => {
                Refusal::Unavailable { retry_after: AGAIN }.into()
            }
            Some(code::UNAUTHENTICATED) => Refusal::Unauthenticated.into(),
            Some(code::FORBIDDEN) => Refusal::Forbidden.into(),
            Some(code::TIMEOUT) => Fault::timeout(),
            _ => Fault::internal(),
        })
    }

    /// What `work` answers, within the time that an operation may take.
    ///
    /// # Errors
    /// As `work`; the fault of the time being over.
    pub(crate) async fn in_time<T, E: From<Fault>>(
        &self,
        id: &RequestId,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let time = self.options().timeouts.operation;
        tokio::time::timeout(time, work.instrument(id.span()))
            .await
            .unwrap_or_else(|_| Err(Fault::timeout().into()))
    }
}

/// What an error that no answer has words for is over HTTP. The log is told what the client is not.
pub(crate) fn fault(error: &ApiError) -> Fault {
    error.log();
    let new = |status| Fault::new(status, error.code(), error.to_string());
    match error.code() {
        code::UNAUTHENTICATED => Refusal::Unauthenticated.into(),
        code::UNAVAILABLE => Refusal::Unavailable { retry_after: AGAIN }.into(),
        code::TIMEOUT => Fault::timeout(),
        code::FORBIDDEN => new(StatusCode::FORBIDDEN),
        code::NOT_FOUND => new(StatusCode::NOT_FOUND),
        code::BAD_USER_INPUT | code::AMBIGUOUS_TYPE => new(StatusCode::BAD_REQUEST),
        code::RATE_LIMITED => new(StatusCode::TOO_MANY_REQUESTS),
        // Another change crossed this one: the same request may succeed when it comes again.
        code::CONFLICT => Fault {
            retry_after: Some(AGAIN),
            ..new(StatusCode::SERVICE_UNAVAILABLE)
        },
        _ => Fault::internal(),
    }
}
