//! What a run that failed says.

use agentry_db::run::{Ending, ErrorCode, Missing};
use agentry_db::usage::{BudgetExceeded, BudgetKind};
use agentry_provider::ProviderError;

pub(crate) fn not_a_member() -> Box<Ending> {
    let why = "Whoever asked is no member of the organisation any more.";
    Box::new(Ending::failed(ErrorCode::NotAMember, why))
}

pub(crate) fn agent_gone() -> Box<Ending> {
    let why = "The agent is gone, or may not be used by whoever asked any more.";
    Box::new(Ending::failed(ErrorCode::AgentGone, why))
}

pub(crate) fn message_gone() -> Box<Ending> {
    let why = "The message that was to be answered is gone.";
    Box::new(Ending::failed(ErrorCode::AgentGone, why))
}

pub(crate) fn no_connection(missing: &Missing) -> Box<Ending> {
    let Missing { service, model } = missing;
    let why = match service {
        Some(service) => format!(
            "The model {model} is served by {service}: link an API connection of this service to the agent."
        ),
        None => format!(
            "Nothing serves the model {model}: link one API connection that does to the agent, or name the service, as in groq/{model}."
        ),
    };
    Box::new(Ending::failed(ErrorCode::NoConnection, why))
}

pub(crate) fn unlinked() -> Box<Ending> {
    let why = "The API connection was taken from the agent meanwhile.";
    Box::new(Ending::failed(ErrorCode::NoConnection, why))
}

pub(crate) fn key_unreadable() -> Box<Ending> {
    let why = "The key of the API connection cannot be opened: give it anew.";
    Box::new(Ending::failed(ErrorCode::KeyUnreadable, why))
}

pub(crate) fn interrupted() -> Box<Ending> {
    let why = "The server stopped while the provider answered. What it had said is kept; asking again asks it anew, which may be billed again.";
    Box::new(Ending::failed(ErrorCode::Interrupted, why))
}

pub(crate) fn budget_exceeded(over: &BudgetExceeded) -> Box<Ending> {
    let what = match over.kind {
        BudgetKind::Cost => "budget",
        BudgetKind::Tokens => "budget of tokens",
    };
    let why = format!(
        "The organisation's {what} for this month is used up; the next one begins on {}.",
        over.resets_at.format("%Y-%m-%d")
    );
    Box::new(Ending::failed(ErrorCode::BudgetExceeded, why))
}

pub(crate) fn too_often() -> Box<Ending> {
    let why = "It was taken up too often without coming to an end.";
    Box::new(Ending::failed(ErrorCode::Internal, why))
}

pub(crate) fn internal() -> Box<Ending> {
    let why = "Something went wrong inside the server.";
    Box::new(Ending::failed(ErrorCode::Internal, why))
}

pub(crate) fn provider(error: &ProviderError) -> Box<Ending> {
    Box::new(Ending::failed(
        ErrorCode::of(error.code()),
        error.to_string(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_provider::{Refusal, Unreachable};

    use super::*;

    #[test]
    fn every_fault_of_a_provider_has_a_code_of_its_own() {
        use ProviderError as E;
        let faults = [
            E::KeyMissing,
            E::KeyMalformed,
            E::BaseUrlMissing,
            E::AddressRefused(Refusal::NotPublic),
            E::CircuitOpen {
                retry_after: std::time::Duration::from_secs(1),
            },
            E::Unreachable(Unreachable::Refused),
            E::Unauthorized { status: 401 },
            E::PaymentRequired,
            E::RateLimited { retry_after: None },
            E::ModelNotFound,
            E::ContextTooLong,
            E::Redirected { status: 302 },
            E::Server {
                status: 500,
                retry_after: None,
            },
            E::TimedOutBeforeFirstToken,
            E::TimedOutBetweenTokens,
            E::TimedOut,
            E::Cut,
            E::Malformed("x"),
            E::TooLarge { limit: 1 },
        ];
        for fault in faults {
            let ending = provider(&fault);
            let (code, told) = ending.error.unwrap();
            assert_eq!(code.as_str(), fault.code());
            assert_ne!(code, ErrorCode::Internal, "{fault}");
            assert!(!told.is_empty());
        }
    }
}
