use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use agentry_db::{AsDbError, DbError};
use async_graphql::ErrorExtensions as _;

use crate::code;

/// An error that is not an expected outcome: it goes to `errors` with a code, and says nothing of its cause to a client.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The field asks who is there, and nobody is.
    #[error("This needs a signed-in user. Send a session cookie or an Authorization header.")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or none that the caller may see.
    #[error("{0}")]
    NotFound(String),
    /// An argument cannot be accepted.
    #[error("{message}")]
    BadInput {
        /// What is wrong, without the value.
        message: String,
        /// Which argument, from the field's own arguments on.
        path: Vec<String>,
    },
    /// The request contradicts the present state.
    #[error("{0}")]
    Conflict(String),
    /// Too often.
    #[error("Too many requests. Try again in {} s.", .0.as_secs())]
    RateLimited(Duration),
    /// Several installed templates bring a type of this slug; the texts name each with its catalog.
    #[error("Several installed templates bring a type of this slug. Name one with its catalog: {}.", .0.join(", "))]
    AmbiguousType(Vec<String>),
    /// A stream of events may have missed some of them, and ends.
    #[error("Events may have been missed. Subscribe again, and read what came in between.")]
    Interrupted,
    /// A stream that can be gone on with ends before its time; nothing of it is lost.
    #[error("{why} Subscribe again with `after: {after}`: nothing is missing then.")]
    ToResume {
        /// What happened, as a sentence.
        why: &'static str,
        /// The `after` to go on with.
        after: i32,
    },
    /// The database's part.
    #[error("{}", public_text(.0))]
    Db(#[from] DbError),
    /// A fault of ours; the text is for the log.
    #[error("Something went wrong on our side.")]
    Internal(String),
}

/// Seconds after which a client may try again when the database is away.
const RETRY_AFTER_UNAVAILABLE: u64 = 1;

impl ApiError {
    /// Templates of these slugs bring a type of this slug.
    pub(crate) fn ambiguous(catalogs: &[String], slug: &str) -> Self {
        let names = catalogs.iter().map(|catalog| format!("{catalog}/{slug}"));
        Self::AmbiguousType(names.collect())
    }

    /// An argument that cannot be accepted.
    #[must_use]
    pub fn bad_input(argument: &str, message: impl Into<String>) -> Self {
        Self::BadInput {
            message: message.into(),
            path: vec![argument.to_owned()],
        }
    }

    /// A fault of ours, told to the log when it reaches the client.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// The code under `extensions.code`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => code::UNAUTHENTICATED,
            Self::Forbidden(_) => code::FORBIDDEN,
            Self::NotFound(_) => code::NOT_FOUND,
            Self::BadInput { .. } => code::BAD_USER_INPUT,
            Self::RateLimited(_) => code::RATE_LIMITED,
            Self::AmbiguousType(_) => code::AMBIGUOUS_TYPE,
            Self::Interrupted | Self::ToResume { .. } | Self::Db(DbError::Unavailable(_)) => {
                code::UNAVAILABLE
            }
            Self::Db(DbError::Timeout) => code::TIMEOUT,
            Self::Conflict(_) | Self::Db(DbError::Crossed) => code::CONFLICT,
            Self::Db(DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_))
            | Self::Internal(_) => code::INTERNAL,
        }
    }

    /// Tells the log what it must know of it: causes that are ours, which no client is told.
    pub fn log(&self) {
        match self {
            Self::Db(DbError::Unavailable(cause)) => {
                tracing::warn!(cause, "the database is unavailable");
            }
            Self::Db(
                error @ (DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_)),
            ) => {
                tracing::error!(%error, "a statement failed");
            }
            Self::Internal(cause) => tracing::error!(cause, "an operation failed"),
            Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::BadInput { .. }
            | Self::Conflict(_)
            | Self::RateLimited(_)
            | Self::AmbiguousType(_)
            | Self::Interrupted
            | Self::ToResume { .. }
            | Self::Db(DbError::Timeout | DbError::Crossed) => {}
        }
    }
}

fn public_text(error: &DbError) -> &'static str {
    match error {
        DbError::Unavailable(_) => "The service cannot reach its database. Try again shortly.",
        DbError::Timeout => "The operation took too long and was stopped.",
        DbError::Crossed => "Another change got in the way. Try again.",
        DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_) => {
            "Something went wrong on our side."
        }
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        error.log();
        error.public()
    }
}

impl ApiError {
    /// What a loader answered. It answers one error to every field that asked; the last of them tells the log.
    pub(crate) fn loaded(error: Arc<Self>) -> async_graphql::Error {
        let public = error.public();
        if let Some(last) = Arc::into_inner(error) {
            last.log();
        }
        public
    }

    /// What a client sees of it.
    fn public(&self) -> async_graphql::Error {
        async_graphql::Error::new(self.to_string()).extend_with(|_, extensions| {
            extensions.set("code", self.code());
            match self {
                Self::BadInput { path, .. } => extensions.set("path", path.clone()),
                Self::RateLimited(wait) => extensions.set("retryAfter", wait.as_secs()),
                Self::AmbiguousType(names) => extensions.set("candidates", names.clone()),
                Self::Interrupted | Self::Db(DbError::Unavailable(_)) => {
                    extensions.set("retryAfter", RETRY_AFTER_UNAVAILABLE);
                }
                Self::ToResume { after, .. } => {
                    extensions.set("after", *after);
                    extensions.set("retryAfter", RETRY_AFTER_UNAVAILABLE);
                }
                Self::Unauthenticated
                | Self::Forbidden(_)
                | Self::NotFound(_)
                | Self::Conflict(_)
                | Self::Db(_)
                | Self::Internal(_) => {}
            }
        })
    }
}

/// What a field that may be null answers: a failure is then that field's alone, where `Result<Option<_>>` would take its parent
/// along.
pub(crate) fn nullable<T>(found: Result<Option<T>, ApiError>) -> Option<async_graphql::Result<T>> {
    found.map_err(async_graphql::Error::from).transpose()
}

impl AsDbError for ApiError {
    fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Db(error) => Some(error),
            Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::BadInput { .. }
            | Self::Conflict(_)
            | Self::RateLimited(_)
            | Self::AmbiguousType(_)
            | Self::Interrupted
            | Self::ToResume { .. }
            | Self::Internal(_) => None,
        }
    }
}
