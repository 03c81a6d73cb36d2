//! One line a finished operation. Never variables, keys or the text of a document.

use std::sync::Arc;
use std::time::Instant;

use super::gate::{CallerContext, OperationSummary};
use super::request_id::RequestId;

/// The `tracing` target of these lines.
pub const TARGET: &str = "agentry::operation";

/// The longest operation name written out.
const NAME_BYTES: usize = 64;

/// Writes its line when dropped, so that an operation whose client went away is logged as well, as `CANCELLED`.
pub(crate) struct OperationLog {
    started: Instant,
    request_id: RequestId,
    transport: &'static str,
    name: String,
    kind: &'static str,
    code: String,
    context: Option<Arc<dyn CallerContext>>,
}

impl OperationLog {
    pub(crate) fn new(transport: &'static str, request_id: RequestId) -> Self {
        Self {
            started: Instant::now(),
            request_id,
            transport,
            name: String::new(),
            kind: "none",
            code: "CANCELLED".to_owned(),
            context: None,
        }
    }

    /// What is to be executed. The name comes out of a parsed document, so it is a GraphQL name and nothing else.
    pub(crate) fn operation(&mut self, name: Option<&str>, kind: &'static str) {
        let name = name.unwrap_or_default();
        name.get(..NAME_BYTES)
            .unwrap_or(name)
            .clone_into(&mut self.name);
        self.kind = kind;
    }

    pub(crate) fn context(&mut self, context: Arc<dyn CallerContext>) {
        self.context = Some(context);
    }

    pub(crate) fn transport(&mut self, transport: &'static str) {
        self.transport = transport;
    }

    /// The outcome: `ok`, or the code of the first error.
    pub(crate) fn code(&mut self, code: &str) {
        code.clone_into(&mut self.code);
    }
}

impl Drop for OperationLog {
    fn drop(&mut self) {
        let OperationSummary {
            organization,
            statements,
        } = self
            .context
            .as_ref()
            .map(|context| context.summary())
            .unwrap_or_default();
        tracing::info!(
            target: TARGET,
            operation = %self.name,
            kind = self.kind,
            transport = self.transport,
            code = %self.code,
            organization = organization.as_deref().unwrap_or_default(),
            statements,
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            request_id = %self.request_id,
            "operation"
        );
    }
}
