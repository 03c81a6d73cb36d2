//! What mutations expect to fail with: types of the API that implement `UserError`, and the way from an outcome to them.

use agentry_db::run::{ErrorCode, Missing};
use agentry_db::{AsDbError, DbError};
use async_graphql::{Interface, SimpleObject};

use crate::ApiError;
use crate::run::{Run, RunErrorCode};
pub use crate::template::{DefinitionRejected, InstallRefused};
pub use crate::usage::BudgetExceeded;
pub use crate::whatsapp::WhatsAppRefused;

/// What every expected failure of a mutation can say: select `message` on it when you do not handle the failure itself.
#[derive(Debug, Interface)]
#[graphql(field(
    name = "message",
    ty = "String",
    desc = "What went wrong, for a person to read."
))]
pub enum UserError {
    /// Some of the input cannot be accepted.
    ValidationFailed(ValidationFailed),
    /// There is no such thing.
    NotFound(NotFound),
    /// The caller may not.
    Forbidden(Forbidden),
    /// The present state is in the way.
    Conflict(Conflict),
    /// There may be no more.
    LimitReached(LimitReached),
    /// Too often.
    TooManyRequests(TooManyRequests),
    /// The e-mail address must be verified first.
    VerificationNeeded(VerificationNeeded),
    /// The template is not installed, changed or copied.
    InstallRefused(InstallRefused),
    /// The definition cannot be accepted.
    DefinitionRejected(DefinitionRejected),
    /// The conversation is waiting for a reply.
    ConversationBusy(ConversationBusy),
    /// Nothing that the agent may use serves its model.
    ConnectionMissing(ConnectionMissing),
    /// A provider could not be reached, or refused.
    ConnectionFailed(ConnectionFailed),
    /// What the organisation may spend this month is used up.
    BudgetExceeded(BudgetExceeded),
    /// The number is not linked.
    WhatsAppRefused(WhatsAppRefused),
}

/// Some of the input cannot be accepted. Nothing was changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct ValidationFailed {
    /// What went wrong, for a person to read.
    pub message: String,
    /// Each input field that cannot be accepted, and why.
    pub fields: Vec<InvalidField>,
}

/// One input field that cannot be accepted.
#[derive(Debug, Clone, SimpleObject)]
pub struct InvalidField {
    /// Where it stands in the input, outermost first: `["systemPrompt"]`. Empty where it is the input as a whole.
    pub path: Vec<String>,
    /// What is wrong with it, for a person to read. It never repeats the value.
    pub message: String,
}

/// There is no such thing, or none that the caller may see: the two are not told apart.
#[derive(Debug, Clone, SimpleObject)]
pub struct NotFound {
    /// What went wrong, for a person to read.
    pub message: String,
}

/// The caller can see the thing and may not do this to it.
#[derive(Debug, Clone, SimpleObject)]
pub struct Forbidden {
    /// What went wrong, for a person to read.
    pub message: String,
}

/// The request contradicts the present state: something is there already, or an idempotency key was used for another input.
#[derive(Debug, Clone, SimpleObject)]
pub struct Conflict {
    /// What went wrong, for a person to read.
    pub message: String,
}

/// There may be no more of this.
#[derive(Debug, Clone, SimpleObject)]
pub struct LimitReached {
    /// What went wrong, for a person to read.
    pub message: String,
    /// How many there may be.
    pub limit: i32,
}

/// This was tried too often.
#[derive(Debug, Clone, SimpleObject)]
pub struct TooManyRequests {
    /// What went wrong, for a person to read.
    pub message: String,
    /// Seconds after which trying again makes sense.
    pub retry_after: i32,
}

/// The account is there, and is signed in to once its e-mail address is verified: by the message that was sent to it at signing up, or
/// another that `sendVerificationEmail` sends.
#[derive(Debug, Clone, SimpleObject)]
pub struct VerificationNeeded {
    /// What went wrong, for a person to read.
    pub message: String,
}

/// The conversation is waiting for a reply already. Wait until the run has ended, cancel it with `cancelRun`, or send with
/// `onBusy: ENQUEUE`.
#[derive(Debug, Clone, SimpleObject)]
pub struct ConversationBusy {
    /// What went wrong, for a person to read.
    pub message: String,
    /// The run that is going on, or else the first that waits.
    pub run: Box<Run>,
}

/// The agent has no API connection that serves its model. Link one with `linkApiConnection`, or choose another model.
#[derive(Debug, Clone, SimpleObject)]
pub struct ConnectionMissing {
    /// What went wrong, and what to link, for a person to read.
    pub message: String,
    /// The service to link a connection of; null when any would do that serves the model.
    pub service: Option<String>,
    /// The agent's model.
    pub model: String,
}

/// The provider could not be reached, refused, or was not called.
#[derive(Debug, Clone, SimpleObject)]
pub struct ConnectionFailed {
    /// What went wrong, for a person to read.
    pub message: String,
    /// What went wrong, as runs tell it.
    pub code: RunErrorCode,
    /// Whether the same may well succeed a little later, with nothing changed.
    pub is_transient: bool,
    /// Seconds after which the provider wants to be asked again, if it said so.
    pub retry_after: Option<i32>,
}

/// How a mutation can fail. All but the last are expected and become data where its result has a place for them.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Some of the input cannot be accepted.
    #[error("{}", .0.message)]
    ValidationFailed(ValidationFailed),
    /// There is no such thing.
    #[error("{}", .0.message)]
    NotFound(NotFound),
    /// The caller may not.
    #[error("{}", .0.message)]
    Forbidden(Forbidden),
    /// The present state is in the way.
    #[error("{}", .0.message)]
    Conflict(Conflict),
    /// There may be no more.
    #[error("{}", .0.message)]
    LimitReached(LimitReached),
    /// Too often.
    #[error("{}", .0.message)]
    TooManyRequests(TooManyRequests),
    /// The address must be verified first.
    #[error("{}", .0.message)]
    VerificationNeeded(VerificationNeeded),
    /// The template is not installed, changed or copied.
    #[error("{}", .0.message)]
    InstallRefused(InstallRefused),
    /// The definition cannot be accepted.
    #[error("{}", .0.message)]
    DefinitionRejected(DefinitionRejected),
    /// A reply is awaited.
    #[error("{}", .0.message)]
    ConversationBusy(ConversationBusy),
    /// Nothing serves the model.
    #[error("{}", .0.message)]
    ConnectionMissing(ConnectionMissing),
    /// A provider failed.
    #[error("{}", .0.message)]
    ConnectionFailed(ConnectionFailed),
    /// What may be spent is.
    #[error("{}", .0.message)]
    BudgetExceeded(BudgetExceeded),
    /// The number is not linked.
    #[error("{}", .0.message)]
    WhatsAppRefused(WhatsAppRefused),
    /// Not expected: becomes a coded error.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Failure {
    /// `what` is the noun: "agent".
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::NotFound(NotFound {
            message: format!("There is no such {what}, or it is not yours to see."),
        })
    }

    /// Why nothing was written, when nothing was: there is no such thing to the caller, or they may see it and no more. `what` is the noun.
    #[must_use]
    pub fn not_written(what: &str, visible: bool) -> Self {
        if visible {
            Self::forbidden(format!("You may see this {what}, and not change it."))
        } else {
            Self::not_found(what)
        }
    }

    /// The caller may not; `message` says why.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden(Forbidden {
            message: message.into(),
        })
    }

    /// The present state is in the way; `message` says how.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(Conflict {
            message: message.into(),
        })
    }

    /// `what` is the noun in the plural, with where they are counted: "agents in an organisation".
    #[must_use]
    pub fn limit_reached(what: &str, limit: u32) -> Self {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        Self::LimitReached(LimitReached {
            message: format!("There may be no more than {limit} {what}."),
            limit,
        })
    }

    /// Too often; `retry_after` says how long to wait.
    #[must_use]
    pub fn too_many(retry_after: std::time::Duration) -> Self {
        let retry_after = i32::try_from(retry_after.as_secs())
            .unwrap_or(i32::MAX)
            .max(1);
        let message = format!("This was tried too often. Try again in {retry_after} s.");
        Self::TooManyRequests(TooManyRequests {
            message,
            retry_after,
        })
    }

    /// The account's address must be verified before it is signed in to.
    #[must_use]
    pub fn verification_needed() -> Self {
        Self::VerificationNeeded(VerificationNeeded {
            message: "The e-mail address must be verified first. Open the link in the message to it, or ask for another.".to_owned(),
        })
    }

    /// The conversation is waiting for a reply.
    #[must_use]
    pub fn busy(run: Run) -> Self {
        Self::ConversationBusy(ConversationBusy {
            message: "This conversation is waiting for a reply already.".to_owned(),
            run: Box::new(run),
        })
    }

    /// Nothing that the agent may use serves its model.
    #[must_use]
    pub fn connection_missing(Missing { service, model }: Missing) -> Self {
        let message = service.as_ref().map_or_else(
            || format!(
                "The agent needs an API connection for the model \"{model}\": link one to the service that serves it, or write the model as service/{model}."
            ),
            |service| format!(
                "The agent needs an API connection for the model \"{model}\": link one to {service}."
            ),
        );
        Self::ConnectionMissing(ConnectionMissing {
            message,
            service,
            model,
        })
    }

    /// A provider failed; `retry_after` is what it said itself.
    #[must_use]
    pub fn connection_failed(
        code: ErrorCode,
        message: String,
        is_transient: bool,
        retry_after: Option<std::time::Duration>,
    ) -> Self {
        let seconds = |wait: std::time::Duration| i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
        Self::ConnectionFailed(ConnectionFailed {
            message,
            code: code.into(),
            is_transient,
            retry_after: retry_after.map(seconds),
        })
    }

    /// As a coded error, for a result that has no place for it.
    #[must_use]
    pub fn into_error(self) -> ApiError {
        match self {
            Self::ValidationFailed(failed) => ApiError::BadInput {
                path: failed
                    .fields
                    .into_iter()
                    .next()
                    .map(|field| field.path)
                    .unwrap_or_default(),
                message: failed.message,
            },
            Self::NotFound(NotFound { message }) => ApiError::NotFound(message),
            Self::Forbidden(Forbidden { message })
            | Self::VerificationNeeded(VerificationNeeded { message }) => {
                ApiError::Forbidden(message)
            }
            Self::Conflict(Conflict { message })
            | Self::InstallRefused(InstallRefused { message, .. })
            | Self::LimitReached(LimitReached { message, .. })
            | Self::ConversationBusy(ConversationBusy { message, .. })
            | Self::ConnectionMissing(ConnectionMissing { message, .. })
            | Self::ConnectionFailed(ConnectionFailed { message, .. })
            | Self::BudgetExceeded(BudgetExceeded { message, .. })
            | Self::WhatsAppRefused(WhatsAppRefused { message, .. }) => ApiError::Conflict(message),
            Self::TooManyRequests(TooManyRequests { retry_after, .. }) => ApiError::RateLimited(
                std::time::Duration::from_secs(retry_after.unsigned_abs().into()),
            ),
            Self::DefinitionRejected(DefinitionRejected { message, .. }) => ApiError::BadInput {
                message,
                path: vec!["definition".to_owned()],
            },
            Self::Api(error) => error,
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Api(error.into())
    }
}

impl AsDbError for Failure {
    fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Api(error) => error.as_db_error(),
            Self::ValidationFailed(_)
            | Self::NotFound(_)
            | Self::Forbidden(_)
            | Self::Conflict(_)
            | Self::LimitReached(_)
            | Self::TooManyRequests(_)
            | Self::VerificationNeeded(_)
            | Self::InstallRefused(_)
            | Self::DefinitionRejected(_)
            | Self::ConversationBusy(_)
            | Self::ConnectionMissing(_)
            | Self::ConnectionFailed(_)
            | Self::BudgetExceeded(_)
            | Self::WhatsAppRefused(_) => None,
        }
    }
}

/// Declares the result of a mutation: a union of its success and of the failures it expects, and the way from an outcome to
/// it. A failure that is not listed becomes a coded error.
macro_rules! mutation_result {
    ($(#[$doc:meta])* $name:ident = $success:ident $(| $failure:ident)*) => {
        $(#[$doc])*
        #[derive(Debug, async_graphql::Union)]
        #[allow(clippy::large_enum_variant, reason = "one is made an operation")]
        pub enum $name {
            /// It was done.
            Success($success),
            $(
                /// See the type.
                $failure(crate::failure::$failure),
            )*
        }

        impl $name {
            fn from_outcome(outcome: Result<$success, crate::failure::Failure>) -> async_graphql::Result<Self> {
                match outcome {
                    Ok(success) => Ok(Self::Success(success)),
                    $(Err(crate::failure::Failure::$failure(failure)) => Ok(Self::$failure(failure)),)*
                    Err(failure) => Err(failure.into_error().into()),
                }
            }
        }
    };
}
pub(crate) use mutation_result;
