use std::time::Duration;

use async_graphql::{Enum, SimpleObject};

use crate::ApiError;
use crate::failure::Failure;

/// The number is not linked, for one of the reasons that a program may want to tell apart.
#[derive(Debug, Clone, SimpleObject)]
pub struct WhatsAppRefused {
    /// What went wrong, for a person to read.
    pub message: String,
    /// Why, for a program.
    pub code: WhatsAppErrorCode,
    /// Seconds after which trying again makes sense; null where waiting does not help.
    pub retry_after: Option<i32>,
}

/// Why a number is not linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum WhatsAppErrorCode {
    /// It is no phone number, or none of its country. Write it with a `+` and the country's code, or say the region.
    InvalidPhone,
    /// You have no personal organisation to keep it in, and none could be made.
    NoMember,
    /// Somebody else has shown the number to be theirs. Whose it is is told to nobody.
    AlreadyLinked,
    /// You tried too many numbers, or this one too often, or all people together did. `retryAfter` says how long to wait, which may be
    /// longer than an hour.
    RateLimited,
    /// Of `installTemplate` alone: an API key installs, and does not link numbers.
    Forbidden,
    /// Of `installTemplate` alone: it could not be done now. The template is installed; link the number by `linkWhatsApp`.
    Unavailable,
}

impl WhatsAppErrorCode {
    /// As it is written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPhone => "INVALID_PHONE",
            Self::NoMember => "NO_MEMBER",
            Self::AlreadyLinked => "ALREADY_LINKED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Forbidden => "FORBIDDEN",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    /// What a failure of linking is to an install that is done.
    pub(crate) fn of(failure: Failure) -> Self {
        match failure {
            Failure::WhatsAppRefused(refused) => refused.code,
            Failure::Forbidden(_) | Failure::Api(ApiError::Forbidden(_)) => Self::Forbidden,
            other => {
                other.into_error().log();
                Self::Unavailable
            }
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::InvalidPhone => {
                "This is not a phone number. Write it with a + and the code of its country."
            }
            Self::NoMember => "You have no personal organisation to keep the number in.",
            Self::AlreadyLinked => "This number is linked to an account already.",
            Self::RateLimited => "This was tried too often.",
            Self::Forbidden => {
                "Numbers are linked by their user, signed in, and not by an API key."
            }
            Self::Unavailable => "The number could not be linked now.",
        }
    }
}

impl From<WhatsAppErrorCode> for Failure {
    fn from(code: WhatsAppErrorCode) -> Self {
        Self::WhatsAppRefused(WhatsAppRefused {
            message: code.message().to_owned(),
            code,
            retry_after: None,
        })
    }
}

/// Too often; `wait` says how long to leave it.
pub(super) fn too_often(wait: Duration) -> Failure {
    let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX).max(1);
    let code = WhatsAppErrorCode::RateLimited;
    Failure::WhatsAppRefused(WhatsAppRefused {
        message: format!("{} Try again in {}.", code.message(), in_words(seconds)),
        code,
        retry_after: Some(seconds),
    })
}

/// How long to wait, for a person: in whole minutes, none too few, where it is more than two.
fn in_words(seconds: i32) -> String {
    if seconds > 120 {
        format!("{} minutes", seconds.saturating_add(59) / 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    fn told(seconds: u64) -> (String, Option<i32>) {
        match too_often(Duration::from_secs(seconds)) {
            Failure::WhatsAppRefused(refused) => (refused.message, refused.retry_after),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_long_wait_is_told_in_minutes_and_kept_in_seconds() {
        let wait = |words: &str| format!("This was tried too often. Try again in {words}.");
        for (seconds, words) in [
            (1, "1 s"),
            (120, "120 s"),
            (121, "3 minutes"),
            (180, "3 minutes"),
            (4_774, "80 minutes"),
        ] {
            let kept = i32::try_from(seconds).ok();
            assert_eq!(told(seconds), (wait(words), kept));
        }
        assert_eq!(told(u64::MAX).1, Some(i32::MAX));
    }
}
