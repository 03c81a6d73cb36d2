use std::time::Duration;

use crate::address::Refusal;
use crate::safe::SafeText;

/// Why there is no answer, or no more of it.
///
/// The text of each is fit for the person who asked: it holds no key, no address that was resolved, and of the provider's own words
/// only what [`SafeText`] let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The service needs a key, and the connection has none.
    #[error("The connection has no key.")]
    KeyMissing,
    /// The key holds characters that no HTTP header may hold.
    #[error("The key holds characters that a key cannot have.")]
    KeyMalformed,
    /// The service has no address of its own, and the connection names none.
    #[error("The connection needs a base URL: this service has no address of its own.")]
    BaseUrlMissing,
    /// The address is one that Agentry does not call.
    #[error("The base URL is refused: {0}")]
    AddressRefused(Refusal),
    /// Too much failed lately by this connection: it is left alone for a while.
    #[error("This connection failed too often; it is tried again in {} s.", retry_after.as_secs().max(1))]
    CircuitOpen {
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// Nobody could be reached there.
    #[error("The provider cannot be reached: {0}")]
    Unreachable(Unreachable),
    /// The provider refused the key (HTTP 401 or 403).
    #[error("The provider refused the key (HTTP {status}).")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
    },
    /// The account has no credit or no quota left (HTTP 402, or 429 that says so).
    #[error("The provider asks for payment: the account has no credit or quota left.")]
    PaymentRequired,
    /// The provider is asked too often (HTTP 429).
    #[error("The provider is asked too often by this key.")]
    RateLimited {
        /// When it wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The provider has no model of this name, or the key may not use it.
    #[error("The provider has no such model, or this key may not use it.")]
    ModelNotFound,
    /// The conversation is longer than the model takes.
    #[error("The conversation is longer than this model takes.")]
    ContextTooLong,
    /// The provider refused the request for another reason.
    #[error("The provider refused the request (HTTP {status}): {reason}")]
    BadRequest {
        /// The status, 400 to 499.
        status: u16,
        /// What the provider said.
        reason: SafeText,
    },
    /// The provider answered with a redirect; none is followed.
    #[error("The provider sent us elsewhere (HTTP {status}); redirects are not followed.")]
    Redirected {
        /// The status, 300 to 399.
        status: u16,
    },
    /// The provider failed before it answered (HTTP 5xx).
    #[error("The provider failed (HTTP {status}).")]
    Server {
        /// The status, 408 or 500 to 599.
        status: u16,
        /// When it wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// No word of the answer in time.
    #[error("The provider did not begin to answer in time.")]
    TimedOutBeforeFirstToken,
    /// The answer stopped in the middle, with the connection open.
    #[error("The provider fell silent in the middle of its answer.")]
    TimedOutBetweenTokens,
    /// The whole call took longer than calls may.
    #[error("The call took longer than calls may take.")]
    TimedOut,
    /// The stream ended without the provider's end mark.
    #[error("The answer was cut off.")]
    Cut,
    /// The provider reported a fault in the middle of its answer.
    #[error("The provider broke off its answer: {0}")]
    BrokeOff(SafeText),
    /// The answer is not what the protocol says.
    #[error("The provider's answer cannot be read: {0}.")]
    Malformed(&'static str),
    /// The answer is larger than answers may be.
    #[error("The answer is larger than {limit} bytes.")]
    TooLarge {
        /// The limit that it passed, in bytes.
        limit: usize,
    },
}

/// In which way nobody could be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address.
    #[error("its name has no address.")]
    Name,
    /// Nobody takes connections there.
    #[error("nobody takes connections there.")]
    Refused,
    /// No connection in time.
    #[error("no connection came about in time.")]
    Slow,
    /// No TLS: no certificate that we trust for this name, or no TLS at all.
    #[error("TLS failed: no certificate that is trusted for this name, or no TLS at all.")]
    Tls,
    /// The connection ended before there was an answer.
    #[error("the connection ended before there was an answer.")]
    Closed,
}

impl ProviderError {
    /// The code under which it is kept and told, in `SCREAMING_SNAKE_CASE`; it never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing => "PROVIDER_KEY_MISSING",
            Self::KeyMalformed => "PROVIDER_KEY_MALFORMED",
            Self::BaseUrlMissing => "PROVIDER_BASE_URL_MISSING",
            Self::AddressRefused(_) => "PROVIDER_ADDRESS_REFUSED",
            Self::CircuitOpen { .. } => "PROVIDER_CIRCUIT_OPEN",
            Self::Unreachable(_) => "PROVIDER_UNREACHABLE",
            Self::Unauthorized { .. } => "PROVIDER_UNAUTHORIZED",
            Self::PaymentRequired => "PROVIDER_PAYMENT_REQUIRED",
            Self::RateLimited { .. } => "PROVIDER_RATE_LIMITED",
            Self::ModelNotFound => "PROVIDER_MODEL_NOT_FOUND",
            Self::ContextTooLong => "PROVIDER_CONTEXT_TOO_LONG",
            Self::BadRequest { .. } => "PROVIDER_BAD_REQUEST",
            Self::Redirected { .. } => "PROVIDER_REDIRECTED",
            Self::Server { .. } => "PROVIDER_SERVER_ERROR",
            Self::TimedOutBeforeFirstToken => "PROVIDER_TIMED_OUT_BEFORE_FIRST_TOKEN",
            Self::TimedOutBetweenTokens => "PROVIDER_TIMED_OUT_BETWEEN_TOKENS",
            Self::TimedOut => "PROVIDER_TIMED_OUT",
            Self::Cut => "PROVIDER_STREAM_CUT",
            Self::BrokeOff(_) => "PROVIDER_BROKE_OFF",
            Self::Malformed(_) => "PROVIDER_MALFORMED",
            Self::TooLarge { .. } => "PROVIDER_TOO_LARGE",
        }
    }

    /// Whether the same call may well succeed a little later, with nothing changed by anybody.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::CircuitOpen { .. }
            | Self::Unreachable(_)
            | Self::RateLimited { .. }
            | Self::Server { .. }
            | Self::TimedOutBeforeFirstToken
            | Self::TimedOutBetweenTokens
            | Self::TimedOut
            | Self::Cut
            | Self::BrokeOff(_) => true,
            Self::KeyMissing
            | Self::KeyMalformed
            | Self::BaseUrlMissing
            | Self::AddressRefused(_)
            | Self::Unauthorized { .. }
            | Self::PaymentRequired
            | Self::ModelNotFound
            | Self::ContextTooLong
            | Self::BadRequest { .. }
            | Self::Redirected { .. }
            | Self::Malformed(_)
            | Self::TooLarge { .. } => false,
        }
    }

    /// Whether the provider may have billed the call: it had taken it on. A call that was not answered may be made again.
    #[must_use]
    pub const fn answered(&self) -> bool {
        match self {
            Self::TimedOutBeforeFirstToken
            | Self::TimedOutBetweenTokens
            | Self::TimedOut
            | Self::Cut
            | Self::BrokeOff(_)
            | Self::Malformed(_)
            | Self::TooLarge { .. } => true,
            Self::KeyMissing
            | Self::KeyMalformed
            | Self::BaseUrlMissing
            | Self::AddressRefused(_)
            | Self::CircuitOpen { .. }
            | Self::Unreachable(_)
            | Self::Unauthorized { .. }
            | Self::PaymentRequired
            | Self::RateLimited { .. }
            | Self::ModelNotFound
            | Self::ContextTooLong
            | Self::BadRequest { .. }
            | Self::Redirected { .. }
            | Self::Server { .. } => false,
        }
    }

    /// When the provider, or our own circuit, wants to be asked again.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_after } => Some(*retry_after),
            Self::RateLimited { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            Self::KeyMissing
            | Self::KeyMalformed
            | Self::BaseUrlMissing
            | Self::AddressRefused(_)
            | Self::Unreachable(_)
            | Self::Unauthorized { .. }
            | Self::PaymentRequired
            | Self::ModelNotFound
            | Self::ContextTooLong
            | Self::BadRequest { .. }
            | Self::Redirected { .. }
            | Self::TimedOutBeforeFirstToken
            | Self::TimedOutBetweenTokens
            | Self::TimedOut
            | Self::Cut
            | Self::BrokeOff(_)
            | Self::Malformed(_)
            | Self::TooLarge { .. } => None,
        }
    }
}
