use agentry_db::{entity, run};
use async_graphql::Enum;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::RunStatus")]
pub enum RunStatus {
    /// It waits to be taken up, or for the run before it in its conversation.
    Queued,
    /// The reply is being written.
    Running,
    /// The reply is there.
    Completed,
    /// It ended without a whole reply. What it had said is kept.
    Failed,
    /// It was ended before the reply was whole. What it had said is kept.
    Cancelled,
}

/// Why a run failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "run::ErrorCode")]
pub enum RunErrorCode {
    /// Its user is no member of the organisation any more.
    NotAMember,
    /// The agent is gone, or its user may not use it any more.
    AgentGone,
    /// No linked connection serves the model.
    NoConnection,
    /// The connection's key does not open.
    KeyUnreadable,
    /// The worker was lost after the provider had been asked.
    Interrupted,
    /// The organisation's budget is spent.
    BudgetExceeded,
    /// A fault of ours.
    Internal,
    /// The service needs a key, and the connection has none.
    ProviderKeyMissing,
    /// The key holds characters that a key cannot have.
    ProviderKeyMalformed,
    /// The connection needs a base URL.
    ProviderBaseUrlMissing,
    /// The address is one that is not called.
    ProviderAddressRefused,
    /// The connection failed too often lately.
    ProviderCircuitOpen,
    /// The provider could not be reached.
    ProviderUnreachable,
    /// The provider refused the key.
    ProviderUnauthorized,
    /// The account has no credit left.
    ProviderPaymentRequired,
    /// The provider is asked too often.
    ProviderRateLimited,
    /// The provider has no such model.
    ProviderModelNotFound,
    /// The conversation is longer than the model takes.
    ProviderContextTooLong,
    /// The provider refused the request.
    ProviderBadRequest,
    /// The provider answered with a redirect.
    ProviderRedirected,
    /// The provider failed.
    ProviderServerError,
    /// No word of the answer in time.
    ProviderTimedOutBeforeFirstToken,
    /// The answer stopped in the middle.
    ProviderTimedOutBetweenTokens,
    /// The call took too long.
    ProviderTimedOut,
    /// The answer was cut off.
    ProviderStreamCut,
    /// The provider reported a fault in the middle of its answer.
    ProviderBrokeOff,
    /// The answer cannot be read.
    ProviderMalformed,
    /// The answer is too large.
    ProviderTooLarge,
}
