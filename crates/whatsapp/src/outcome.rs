use std::time::Duration;

use agentry_provider::{Answer, CallError};
use serde::Deserialize;

/// Why a message was not sent, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It was not taken; it may be the next time.
    #[error("not taken for now ({code})")]
    Later {
        /// What was the matter: `META_<code>`, `HTTP_<status>`, or `UNREACHABLE`.
        code: String,
        /// When to come again, if that was said.
        retry_after: Option<Duration>,
    },
    /// The token is not accepted: nothing is taken before there is another.
    #[error("the access token is not accepted ({0})")]
    TokenRefused(String),
    /// It is not taken, and will not be.
    #[error("refused ({0})")]
    Refused(String),
    /// It may have been taken, or not.
    #[error("no answer ({0})")]
    Unknown(String),
}

/// Why a number could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The token is not accepted.
    #[error("Meta does not accept the access token.")]
    TokenRefused,
    /// There is no such number, or none that the token is good for.
    #[error("The access token is good for no number of this id.")]
    NoNumber,
    /// Meta could not be asked.
    #[error("Meta could not be asked ({0}). Try again.")]
    Away(String),
}

/// What Meta calls a fault: <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>.
#[derive(Deserialize)]
struct Body {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    code: i64,
}

/// Meta's number for what went wrong, if the answer has one.
fn code_of(answer: &Answer) -> Option<i64> {
    let body: Body = serde_json::from_slice(&answer.body).ok()?;
    Some(body.error.code)
}

/// What a refusal means.
pub(crate) fn refusal(answer: &Answer) -> SendError {
    let code = code_of(answer);
    let word = code.map_or_else(
        || format!("HTTP_{}", answer.status),
        |code| format!("META_{code}"),
    );
    match (answer.status, code) {
        // 190: expired or taken back; 0, 3, 10, 200 to 299: not allowed (any more).
        (401, _) | (_, Some(0 | 3 | 10 | 190 | 200..=299)) => SendError::TokenRefused(word),
        // Too much at once: of the app (4), of the account (80007), of the number (130429), to this person (131056), or looked upon as
        // spam for now (131048); 1, 2, 131000, 131016 and 133004: Meta's own trouble; 131057: under maintenance.
        (429, _)
        | (
            _,
            Some(
                1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_048 | 131_056 | 131_057
                | 133_004,
            ),
        )
        | (408 | 500..=599, Some(_)) => SendError::Later {
            code: word,
            retry_after: answer.retry_after,
        },
        // Something between here and Meta, which does not know what became of it.
        (408 | 500..=599, None) => SendError::Unknown(word),
        _ => SendError::Refused(word),
    }
}

/// What it means that there was no answer.
pub(crate) fn silence(error: &CallError) -> SendError {
    match error {
        CallError::NotSent(error) => match error {
            agentry_provider::ProviderError::AddressRefused(_)
            | agentry_provider::ProviderError::KeyMalformed => {
                SendError::Refused(error.code().to_owned())
            }
            error => SendError::Later {
                code: error.code().to_owned(),
                retry_after: None,
            },
        },
        CallError::Unknown(error) => SendError::Unknown(error.code().to_owned()),
    }
}

/// What it means for a number that is looked at.
pub(crate) fn unseen(error: SendError) -> CheckError {
    match error {
        SendError::TokenRefused(_) => CheckError::TokenRefused,
        SendError::Refused(_) => CheckError::NoNumber,
        SendError::Later { code, .. } | SendError::Unknown(code) => CheckError::Away(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> SendError {
        refusal(&Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        })
    }

    fn later(code: &str) -> SendError {
        SendError::Later {
            code: code.to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn refusals_mean_what_they_say() {
        let fault = |code: i64| format!(r#"{{"error":{{"message":"x","code":{code}}}}}"#);
        for code in [0, 10, 190, 200] {
            let word = format!("META_{code}");
            assert_eq!(told(400, &fault(code)), SendError::TokenRefused(word));
        }
        assert_eq!(
            told(401, ""),
            SendError::TokenRefused("HTTP_401".to_owned())
        );
        for code in [4, 80_007, 130_429, 131_048, 131_056] {
            assert_eq!(told(400, &fault(code)), later(&format!("META_{code}")));
        }
        assert_eq!(told(429, "slow down"), later("HTTP_429"));
        assert_eq!(told(500, &fault(131_000)), later("META_131000"));
        assert_eq!(
            told(502, "<html>"),
            SendError::Unknown("HTTP_502".to_owned())
        );
        assert_eq!(
            told(400, &fault(131_047)),
            SendError::Refused("META_131047".to_owned())
        );
        assert_eq!(told(404, ""), SendError::Refused("HTTP_404".to_owned()));
        assert_eq!(told(302, ""), SendError::Refused("HTTP_302".to_owned()));
    }
}
