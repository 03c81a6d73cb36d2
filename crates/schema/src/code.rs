//! The codes of `extensions.code`: every one a client can meet, in one place.

/// No credential, or one that is not accepted. HTTP 401 when nothing was executed.
pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
/// The caller is known and may not do this. HTTP 403 when nothing was executed.
pub const FORBIDDEN: &str = "FORBIDDEN";
/// There is no such thing, or none the caller may see: the two look the same.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// The input cannot be accepted as it is; `extensions.path` names the input field where there is one.
pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
/// The request contradicts the present state, or an idempotency key was used with another input.
pub const CONFLICT: &str = "CONFLICT";
/// Too many requests; `extensions.retryAfter` gives the seconds to wait.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// Several installed templates bring a type of this slug; `extensions.candidates` names each with its catalog.
pub const AMBIGUOUS_TYPE: &str = "AMBIGUOUS_TYPE";
/// The document exceeds a limit (depth, complexity, aliases, directives, tokens, nesting); nothing was executed.
pub const QUERY_TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
/// A persisted query was asked for that this server does not know.
pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
/// The document does not parse. HTTP 400.
pub const GRAPHQL_PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
/// The document parses and is not valid against the schema, or its variables do not fit. HTTP 400 or 422.
pub const GRAPHQL_VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
/// The operation took longer than the configured time and was stopped.
pub const TIMEOUT: &str = "TIMEOUT";
/// The database is away or busy; `extensions.retryAfter` gives the seconds to wait. HTTP 503 when nothing was executed.
pub const UNAVAILABLE: &str = "UNAVAILABLE";
/// Our fault; `extensions.requestId` finds it in the log.
pub const INTERNAL: &str = "INTERNAL";
