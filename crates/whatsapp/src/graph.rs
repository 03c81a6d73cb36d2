use std::time::Duration;

use agentry_provider::{Answer, Call, Outbound, ProviderError};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::outcome::{CheckError, SendError, refusal, silence, unseen};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answer that is read.
const MOST: usize = 64 << 10;

/// Meta's Graph API.
#[derive(Debug, Clone)]
pub struct Graph {
    base: Url,
    outbound: Outbound,
    patience: Duration,
}

/// A number as Meta shows it to whoever holds a token for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// The number itself, in digits alone.
    pub digits: String,
}

#[derive(Deserialize)]
struct Sent {
    messages: Vec<SentMessage>,
}

#[derive(Deserialize)]
struct SentMessage {
    id: String,
}

#[derive(Deserialize)]
struct Shown {
    display_phone_number: String,
}

impl Graph {
    /// `base` is where the API is, with its version: `https://graph.facebook.com/v23.0`.
    #[must_use]
    pub fn new(base: Url, outbound: Outbound) -> Self {
        Self {
            base,
            outbound,
            patience: PATIENCE,
        }
    }

    /// The same with another patience for each call.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Looks whether a token is good for a number, and what number it is.
    ///
    /// # Errors
    /// [`CheckError`].
    pub async fn look_at(
        &self,
        number: &str,
        token: &SecretString,
    ) -> Result<PhoneNumber, CheckError> {
        let mut url = self.at(&[number]);
        url.set_query(Some("fields=display_phone_number"));
        let answer = self.call(&url, token, None).await.map_err(unseen)?;
        let shown: Shown = serde_json::from_slice(&answer.body)
            .map_err(|_| CheckError::Away("UNREADABLE".to_owned()))?;
        let digits: String = shown.display_phone_number;
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        let plausible = (7..=15).contains(&digits.len()) && !digits.starts_with('0');
        plausible
            .then_some(PhoneNumber { digits })
            .ok_or_else(|| CheckError::Away("UNREADABLE".to_owned()))
    }

    /// Sends a text from a number to somebody who wrote to it, once. `reference` comes back with each status of it. The id that Meta gave
    /// the message.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        &self,
        number: &str,
        token: &SecretString,
        recipient: &str,
        text: &str,
        reference: &str,
    ) -> Result<String, SendError> {
        // A person without a number is called by the id that is good for this business alone.
        let is_phone = recipient.bytes().all(|b| b.is_ascii_digit());
        let to = if is_phone { "to" } else { "recipient" };
        let body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            (to): recipient,
            "type": "text",
            "text": { "body": text, "preview_url": false },
            "biz_opaque_callback_data": reference,
        });
        let body = body.to_string().into_bytes();
        let url = self.at(&[number, "messages"]);
        let answer = self.call(&url, token, Some(body)).await?;
        // Taken, whatever else is wrong with the answer.
        let sent: Option<Sent> = serde_json::from_slice(&answer.body).ok();
        let id = sent.and_then(|sent| sent.messages.into_iter().next());
        let id = id.map(|message| message.id);
        let fits = |id: &String| (1..=256).contains(&id.len()) && !id.contains('\0');
        Ok(id.filter(fits).unwrap_or_else(|| "unknown".to_owned()))
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn call(
        &self,
        url: &Url,
        token: &SecretString,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, SendError> {
        let call = Call {
            url,
            token: Some(token),
            headers: &[],
            body,
            patience: self.patience,
            most: MOST,
        };
        match self.outbound.call(call).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) => Err(refusal(&answer)),
            Err(error) => Err(silence(&error)),
        }
    }
}

/// An address that may be posted to.
pub(crate) fn check(outbound: &Outbound, url: &Url) -> Result<(), ProviderError> {
    outbound.check(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_provider::Settings;
    use agentry_provider_testkit::{Answer as Told, FaultServer};

    use super::*;

    async fn graph() -> (FaultServer, Graph) {
        let server = FaultServer::start().await;
        let base = server.url("/v23.0/");
        let outbound = Outbound::new(&Settings::default(), &[&base]).unwrap();
        let graph = Graph::new(base, outbound).with_patience(Duration::from_millis(500));
        (server, graph)
    }

    fn ok(body: &serde_json::Value) -> Told {
        Told::Status {
            status: 200,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    #[tokio::test]
    async fn a_text_is_sent_with_what_it_is_told_by() {
        let (server, graph) = graph().await;
        let token = SecretString::from("token");
        server.next(ok(&json!({ "messages": [{ "id": "wamid.7" }] })));
        let sent = graph.send("77", &token, "447700900001", "Hi", "p1").await;
        assert_eq!(sent, Ok("wamid.7".to_owned()));
        server.next(ok(&json!({})));
        let sent = graph.send("77", &token, "US.1349", "Hi", "p2").await;
        assert_eq!(sent, Ok("unknown".to_owned()));
        let asked = server.requests();
        assert_eq!(asked[0].path, "/v23.0/77/messages");
        assert_eq!(asked[0].header("authorization"), Some("Bearer token"));
        assert_eq!(asked[0].body["to"], "447700900001");
        assert_eq!(asked[0].body["text"]["body"], "Hi");
        assert_eq!(asked[0].body["biz_opaque_callback_data"], "p1");
        assert_eq!(asked[1].body["recipient"], "US.1349");
        assert!(asked[1].body.get("to").is_none());
    }

    #[tokio::test]
    async fn silence_is_not_taken_for_a_refusal() {
        let (server, graph) = graph().await;
        let token = SecretString::from("token");
        server.next(Told::Silence);
        let sent = graph.send("77", &token, "447700900001", "Hi", "p1").await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    }

    #[tokio::test]
    async fn a_number_is_looked_at_with_its_token() {
        let (server, graph) = graph().await;
        let token = SecretString::from("token");
        server.next(ok(&json!({ "display_phone_number": "+44 7700 900-100" })));
        let number = graph.look_at("77", &token).await.unwrap();
        assert_eq!(number.digits, "447700900100");
        assert_eq!(
            server.requests()[0].path,
            "/v23.0/77?fields=display_phone_number"
        );
        server.next(Told::refusal(401, "expired"));
        assert_eq!(
            graph.look_at("77", &token).await,
            Err(CheckError::TokenRefused)
        );
        server.next(Told::refusal(404, "none"));
        assert_eq!(graph.look_at("77", &token).await, Err(CheckError::NoNumber));
        server.next(Told::Silence);
        assert!(matches!(
            graph.look_at("77", &token).await,
            Err(CheckError::Away(_))
        ));
        // What is asked for stays one step of the path.
        server.next(Told::refusal(404, "none"));
        let _ = graph.look_at("../me", &token).await;
        assert!(
            server
                .requests()
                .last()
                .unwrap()
                .path
                .starts_with("/v23.0/..%2Fme")
        );
    }
}
