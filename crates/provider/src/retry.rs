use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use crate::settings::Retries;
use crate::{ProviderError, Unreachable};

/// How long to wait before the next try after so many; none: there is none.
pub(crate) fn wait(settings: &Retries, tries: u32, error: &ProviderError) -> Option<Duration> {
    if tries >= settings.tries || !is_worth_it(error) {
        return None;
    }
    let doubled = settings
        .first_wait
        .saturating_mul(
            1_u32
                .checked_shl(tries.saturating_sub(1))
                .unwrap_or(u32::MAX),
        )
        .min(settings.longest_wait);
    let wait = doubled.mul_f64(0.5 + drawn() / 2.0);
    match error.retry_after() {
        Some(told) if told > settings.longest_retry_after => None,
        // A little more than told: others were told the same.
        Some(told) => Some(told + wait.mul_f64(0.1)),
        None => Some(wait),
    }
}

/// Whether the provider has not answered, and may do so the next time.
const fn is_worth_it(error: &ProviderError) -> bool {
    match error {
        ProviderError::RateLimited { .. } | ProviderError::Server { .. } => true,
        ProviderError::Unreachable(how) => match how {
            Unreachable::Name | Unreachable::Refused | Unreachable::Slow | Unreachable::Closed => {
                true
            }
            Unreachable::Tls => false,
        },
        ProviderError::KeyMissing
        | ProviderError::KeyMalformed
        | ProviderError::BaseUrlMissing
        | ProviderError::AddressRefused(_)
        | ProviderError::CircuitOpen { .. }
        | ProviderError::Unauthorized { .. }
        | ProviderError::PaymentRequired
        | ProviderError::ModelNotFound
        | ProviderError::ContextTooLong
        | ProviderError::BadRequest { .. }
        | ProviderError::Redirected { .. }
        | ProviderError::TimedOutBeforeFirstToken
        | ProviderError::TimedOutBetweenTokens
        | ProviderError::TimedOut
        | ProviderError::Cut
        | ProviderError::BrokeOff(_)
        | ProviderError::Malformed(_)
        | ProviderError::TooLarge { .. } => false,
    }
}

/// A number from 0 to 1, for spreading only: the seed of a hash map is random enough for that.
fn drawn() -> f64 {
    let random = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(random).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const LIMITED: fn(Option<u64>) -> ProviderError = |seconds| ProviderError::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    };

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let settings = Retries {
            tries: 100,
            ..Retries::default()
        };
        let error = ProviderError::Unreachable(Unreachable::Refused);
        for (tries, most) in [
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (4, 4_000),
            (5, 8_000),
            (40, 8_000),
        ] {
            let drawn: Vec<_> = (0..50)
                .map(|_| wait(&settings, tries, &error).unwrap())
                .collect();
            let most = Duration::from_millis(most);
            assert!(
                drawn.iter().all(|wait| *wait <= most && *wait >= most / 2),
                "{drawn:?}"
            );
            assert!(drawn.iter().any(|wait| *wait != drawn[0]));
        }
    }

    #[test]
    fn a_short_retry_after_is_waited_for_and_a_long_one_is_not() {
        let settings = Retries::default();
        let waited = wait(&settings, 1, &LIMITED(Some(7))).unwrap();
        assert!((7.0..7.1).contains(&waited.as_secs_f64()), "{waited:?}");
        assert_eq!(wait(&settings, 1, &LIMITED(Some(21))), None);
        assert!(wait(&settings, 1, &LIMITED(None)).is_some());
    }

    #[test]
    fn tries_end_and_what_was_answered_is_not_tried_again() {
        let settings = Retries::default();
        assert!(wait(&settings, 2, &LIMITED(None)).is_some());
        assert_eq!(wait(&settings, 3, &LIMITED(None)), None);
        for error in [
            ProviderError::Unauthorized { status: 401 },
            ProviderError::Unreachable(Unreachable::Tls),
            ProviderError::TimedOutBeforeFirstToken,
            ProviderError::Cut,
        ] {
            assert_eq!(wait(&settings, 1, &error), None, "{error}");
        }
    }
}
