use std::time::Duration;

use agentry_provider::{Call, Outbound, ProviderError};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::graph::check;
use crate::outcome::{SendError, refusal, silence};
use crate::signature::Signer;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answer that is read.
const MOST: usize = 64 << 10;

/// Gateways of publishers' own: what is to be sent is posted to them, signed as Meta signs what it delivers.
#[derive(Debug, Clone)]
pub struct Gateway(Outbound);

impl Gateway {
    /// By this way out.
    #[must_use]
    pub const fn new(outbound: Outbound) -> Self {
        Self(outbound)
    }

    /// Checks an address, for when it is saved.
    ///
    /// # Errors
    /// [`ProviderError::AddressRefused`].
    pub fn check(&self, url: &Url) -> Result<(), ProviderError> {
        check(&self.0, url)
    }

    /// Posts a text that is to be sent to somebody. The gateway tells `id`s apart: one that comes again is the same text.
    ///
    /// # Errors
    /// [`SendError`]. An answer of 200 to 299 says that it was taken.
    pub async fn send(
        &self,
        url: &Url,
        secret: &SecretString,
        number: &str,
        recipient: &str,
        text: &str,
        id: &str,
    ) -> Result<(), SendError> {
        let body = json!({
            "id": id,
            "numberId": number,
            "to": recipient,
            "type": "text",
            "text": { "body": text },
        });
        let body = body.to_string().into_bytes();
        let signature = Signer::new(secret).sign(&body);
        let headers = [
            ("x-hub-signature-256", signature),
            ("idempotency-key", id.to_owned()),
        ];
        let call = Call {
            url,
            token: None,
            headers: &headers,
            body: Some(body),
            patience: PATIENCE,
            most: MOST,
        };
        match self.0.call(call).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(match refusal(&answer) {
                // It knows what it was sent before: asking again does no harm.
                SendError::Unknown(code) | SendError::TokenRefused(code) => SendError::Later {
                    code,
                    retry_after: answer.retry_after,
                },
                error => error,
            }),
            Err(error) => Err(match silence(&error) {
                SendError::Unknown(code) => SendError::Later {
                    code,
                    retry_after: None,
                },
                error => error,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_provider::Settings;
    use agentry_provider_testkit::{Answer, FaultServer};

    use super::*;

    #[tokio::test]
    async fn a_text_is_posted_signed_and_again_as_often_as_it_takes() {
        let server = FaultServer::start().await;
        let url = server.url("/out");
        let gateway = Gateway::new(Outbound::new(&Settings::default(), &[&url]).unwrap());
        let secret = SecretString::from("secret");
        server.next(Answer::Status {
            status: 204,
            headers: Vec::new(),
            body: String::new(),
        });
        let sent = gateway
            .send(&url, &secret, "n1", "447700900001", "Hi", "p1")
            .await;
        assert_eq!(sent, Ok(()));
        let asked = server.requests().remove(0);
        let signed = asked.header("x-hub-signature-256").unwrap();
        assert!(Signer::new(&secret).holds(signed, asked.body.to_string().as_bytes()));
        assert_eq!(asked.header("idempotency-key"), Some("p1"));
        assert_eq!(
            (&asked.body["to"], &asked.body["id"]),
            (&json!("447700900001"), &json!("p1"))
        );
        for status in [401, 429, 502] {
            server.next(Answer::refusal(status, "no"));
            let sent = gateway
                .send(&url, &secret, "n1", "447700900001", "Hi", "p1")
                .await;
            assert!(
                matches!(sent, Err(SendError::Later { .. })),
                "{status}: {sent:?}"
            );
        }
        server.next(Answer::refusal(400, "no"));
        let sent = gateway
            .send(&url, &secret, "n1", "447700900001", "Hi", "p1")
            .await;
        assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    }
}
