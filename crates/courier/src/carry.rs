//! Sends a part, once, and notes what is known of it then.

use std::time::Duration;

use agentry_db::DbError;
use agentry_db::sealed::{access_token_place, app_secret_place};
use agentry_db::whatsapp::outbox::{self, By, Later, Way};
use agentry_whatsapp::SendError;
use tokio::time::Instant;
use url::Url;

use crate::counts::one;
use crate::shared::{Shared, about};

/// The wait after the first refusal; it doubles with each.
const FIRST: Duration = Duration::from_secs(2);
/// The longest such wait.
const LONGEST: Duration = Duration::from_mins(10);
/// The longest `Retry-After` that is believed.
const LONGEST_TOLD: Duration = Duration::from_hours(1);
/// The wait where a token or an address is of no use.
const USELESS: Duration = Duration::from_mins(1);
/// A call that failed after so long has kept others waiting, and the next by the same number would.
const SILENT: Duration = Duration::from_secs(5);

pub(crate) async fn send(
    shared: &Shared,
    id: &str,
    attempts: i32,
    recipient: &str,
    text: &str,
    by: By,
) -> Result<(), DbError> {
    let (db, worker, counters) = (&shared.db, &shared.worker, &shared.counters);
    let began = Instant::now();
    let error = match carry(shared, id, recipient, text, &by).await {
        Ok(provider_id) => {
            one(&counters.sent);
            outbox::sent(db, worker, id, &provider_id).await?;
            return Ok(());
        }
        Err(error) => error,
    };
    let silent = began.elapsed() >= SILENT;
    tracing::info!(%error, part.id = id, number.id = %by.number, attempts, silent, "a part was not sent");
    match error {
        SendError::Later { code, retry_after } => {
            one(&counters.put_off);
            let wait = wait(attempts, retry_after);
            outbox::later(db, worker, id, Later::Again, wait, &code, silent).await?;
        }
        SendError::TokenRefused(code) => {
            one(&counters.put_off);
            tracing::warn!(number.id = %by.number, "the access token of a number on WhatsApp is refused; what is to be sent by it waits for another");
            outbox::later(db, worker, id, Later::TokenRefused, USELESS, &code, silent).await?;
        }
        SendError::Unknown(code) => {
            one(&counters.doubted);
            let wait = shared.settings.doubt;
            outbox::later(db, worker, id, Later::Doubt, wait, &code, silent).await?;
        }
        SendError::Refused(code) => {
            one(&counters.failed);
            outbox::failed(db, worker, id, &code).await?;
        }
    }
    Ok(())
}

async fn carry(
    shared: &Shared,
    id: &str,
    recipient: &str,
    text: &str,
    by: &By,
) -> Result<String, SendError> {
    let sealed = |code: &str| SendError::TokenRefused(code.to_owned());
    match &by.way {
        Way::Meta {
            phone_number_id,
            access_token,
        } => {
            let place = access_token_place(&by.publisher, &by.number);
            let token = shared.keys.open(access_token.sealed(), &place);
            let token = token.map_err(|_| sealed("TOKEN_UNREADABLE"))?;
            let graph = &shared.graph;
            graph
                .send(phone_number_id, &token, recipient, text, id)
                .await
        }
        Way::Gateway { url, app_secret } => {
            let place = app_secret_place(&by.publisher, &by.number);
            let secret = shared.keys.open(app_secret.sealed(), &place);
            let secret = secret.map_err(|_| sealed("SECRET_UNREADABLE"))?;
            let url =
                Url::parse(url).map_err(|_| SendError::Refused("URL_UNREADABLE".to_owned()))?;
            let (gateway, number) = (&shared.gateway, by.number.as_str());
            gateway
                .send(&url, &secret, number, recipient, text, id)
                .await?;
            // A gateway has no ids of its own that are known here.
            Ok(id.to_owned())
        }
    }
}

/// Longer with each attempt, and as long as was asked for.
fn wait(attempts: i32, retry_after: Option<Duration>) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    let wait = about(FIRST.saturating_mul(1 << doublings).min(LONGEST));
    retry_after.map_or(wait, |told| told.min(LONGEST_TOLD).max(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_heed_what_is_told() {
        assert!(wait(1, None) <= FIRST && wait(1, None) >= FIRST / 2);
        assert!(wait(100, None) <= LONGEST && wait(100, None) >= LONGEST / 2);
        assert_eq!(
            wait(1, Some(Duration::from_secs(30))),
            Duration::from_secs(30)
        );
        assert_eq!(wait(1, Some(Duration::MAX)), LONGEST_TOLD);
        assert!(wait(i32::MIN, None) <= FIRST);
    }
}
