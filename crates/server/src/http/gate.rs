//! Who is asking: the seam between HTTP and the crate that knows about credentials.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use agentry_schema::ApiError;
use agentry_schema::export::{Export, ExportRequest};
use async_graphql::Request;
use futures_util::stream::BoxStream;
use secrecy::SecretString;

use super::request_id::RequestId;

/// Turns what a client presented into the context its operation runs in.
#[async_trait::async_trait]
pub trait Gate: Send + Sync + 'static {
    /// Checks the credential. With none presented this answers an anonymous context: `signUp` and `signIn` need no more.
    ///
    /// # Errors
    /// A [`Refusal`] when a credential was presented and is not accepted, or cannot be checked now.
    async fn authenticate(&self, presented: Presented) -> Result<Arc<dyn CallerContext>, Refusal>;

    /// Whether the credential behind `context` is still good. Asked for every open socket and event stream: when
    /// [`Gate::rechecks`] says so, and now and then besides.
    async fn still_valid(&self, context: &dyn CallerContext) -> bool;

    /// Says each time when the credential behind `context` may have been taken back. It never ends.
    fn rechecks(&self, context: &dyn CallerContext) -> BoxStream<'static, ()>;
}

/// What one operation runs with: the caller, loaders, counters.
#[async_trait::async_trait]
pub trait CallerContext: Any + Send + Sync {
    /// Puts this context into the request's data, where resolvers find it.
    fn attach(self: Arc<Self>, request: Request) -> Request;

    /// The same caller with fresh loaders and counters and no connection in hand, for what lives longer than one operation.
    fn fork(&self) -> Arc<dyn CallerContext>;

    /// Lets go of the connection to the database, if there is one in hand. Asked before each answer goes out: a client may
    /// take as long as it likes to read it.
    async fn release(&self);

    /// What the log says about the operation. Asked once, when it has ended.
    fn summary(&self) -> OperationSummary;

    /// The values of `Set-Cookie` headers that the answer must carry whatever was asked: the credential was extended.
    fn set_cookies(&self) -> Vec<SecretString> {
        Vec::new()
    }

    /// Begins to write a conversation down.
    ///
    /// # Errors
    /// As [`agentry_schema::export::open`].
    async fn export(self: Arc<Self>, request: ExportRequest) -> Result<Export, ApiError>;

    /// What the cap on open sockets counts by; `None` for an anonymous caller, who is counted by address.
    fn user_key(&self) -> Option<String>;
}

/// What only the context knows about a finished operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationSummary {
    /// The organisation the operation acted in.
    pub organization: Option<String>,
    /// How many statements it sent to the database.
    pub statements: u32,
}

/// What a client showed. `cookie` is empty where its origin is not trusted.
pub struct Presented {
    /// The `Cookie` header as sent. Its origin has been checked.
    pub cookie: Option<SecretString>,
    /// The header `x-agentuity-auth-api-key`, or else `x-api-key`, or the same of `connection_init`.
    pub api_key: Option<SecretString>,
    /// The `Authorization` header, or `authorization` of `connection_init`.
    pub authorization: Option<SecretString>,
    /// `x-organization-id`, from the header or from `connection_init`.
    pub organization: Option<String>,
    /// The peer's address, or what the proxy in front of us says it is.
    pub client_ip: Option<IpAddr>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The id this request goes by in answers and logs.
    pub request_id: RequestId,
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("cookie", &self.cookie.is_some())
            .field("api_key", &self.api_key.is_some())
            .field("authorization", &self.authorization.is_some())
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// Why the gate stayed shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credential is not accepted. HTTP 401.
    #[error("the credential was not accepted")]
    Unauthenticated,
    /// The caller is known and may not act here, for instance in that organisation. HTTP 403.
    #[error("the caller may not act here")]
    Forbidden,
    /// The credential was used too often. HTTP 429.
    #[error("the credential was used too often")]
    RateLimited {
        /// Seconds after which to try again; `None` when that will not help.
        retry_after: Option<u64>,
    },
    /// The credential cannot be checked now. HTTP 503.
    #[error("the credential cannot be checked now")]
    Unavailable {
        /// Seconds after which to try again.
        retry_after: u64,
    },
    /// Our fault; the gate has logged the cause. HTTP 500.
    #[error("checking the credential failed")]
    Internal,
}
