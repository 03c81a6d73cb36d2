//! An answer given instead of executing anything.

use std::borrow::Cow;

use agentry_schema::{ApiError, code};
use async_graphql::{ErrorExtensionValues, Pos, ServerError};
use axum::http::StatusCode;

use super::gate::Refusal;

/// A request that was not executed, and why. The message never repeats anything the client sent.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) locations: Vec<Pos>,
    /// Seconds, for `Retry-After` and `extensions.retryAfter`.
    pub(crate) retry_after: Option<u64>,
    /// The `Allow` header RFC 9110 wants with a 405.
    pub(crate) allow: Option<&'static str>,
}

impl Fault {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            locations: Vec::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// JSON or a document that cannot be read.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message)
    }

    /// JSON that is no GraphQL-over-HTTP request.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::BAD_USER_INPUT,
            message,
        )
    }

    /// A document, an operation's name or variables that are not valid.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::GRAPHQL_VALIDATION_FAILED,
            message,
        )
    }

    /// One of the limits; `what` names it and `limit` is its value.
    pub(crate) fn over(what: &str, limit: usize) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::QUERY_TOO_COMPLEX,
            format!("The request exceeds the limit of {limit} {what}."),
        )
    }

    pub(crate) fn method(message: &'static str, allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                code::BAD_USER_INPUT,
                message,
            )
        }
    }

    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code::FORBIDDEN, message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            code::INTERNAL,
            INTERNAL_MESSAGE,
        )
    }

    pub(crate) fn timeout() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            code::TIMEOUT,
            "The operation took too long and was stopped.",
        )
    }

    pub(crate) fn at(mut self, pos: Pos) -> Self {
        self.locations.push(pos);
        self
    }

    /// The error of a GraphQL body.
    pub(crate) fn error(&self, request_id: &str) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code);
        if let Some(seconds) = self.retry_after {
            extensions.set("retryAfter", seconds);
        }
        if self.code == code::INTERNAL {
            extensions.set("requestId", request_id);
        }
        let mut error = ServerError::new(self.message.clone(), None);
        error.locations.clone_from(&self.locations);
        error.extensions = Some(extensions);
        error
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let (code, unavailable) = (error.code(), error.code() == code::UNAVAILABLE);
        let status = match code {
            code::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
            code::FORBIDDEN => StatusCode::FORBIDDEN,
            code::NOT_FOUND => StatusCode::NOT_FOUND,
            code::CONFLICT => StatusCode::CONFLICT,
            code::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
            code::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
            code::TIMEOUT => StatusCode::GATEWAY_TIMEOUT,
            code::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        // Becoming one of GraphQL's tells the log, and leaves nothing in the text that is not for the client.
        let public = async_graphql::Error::from(error);
        if code == code::INTERNAL {
            return Self::internal();
        }
        Self {
            retry_after: unavailable.then_some(1),
            ..Self::new(status, code, public.message)
        }
    }
}

/// What a client learns about a fault of ours.
pub(crate) const INTERNAL_MESSAGE: &str =
    "Something went wrong on our side. The request id finds it in our log.";

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                code::UNAUTHENTICATED,
                "The credential was not accepted.",
            ),
            Refusal::Forbidden => Self::forbidden("You may not act here with this credential."),
            Refusal::RateLimited { retry_after } => Self {
                retry_after,
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    code::RATE_LIMITED,
                    "The API key has been used too often, or is used up.",
                )
            },
            Refusal::Unavailable { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    code::UNAVAILABLE,
                    "The service is not available at the moment.",
                )
            },
            Refusal::Internal => Self::internal(),
        }
    }
}
