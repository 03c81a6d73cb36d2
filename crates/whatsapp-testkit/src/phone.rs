use reqwest::Client;
use ring::hmac;
use serde_json::{Value, json};

/// What people write to a number, as Meta delivers it.
#[derive(Debug, Clone)]
pub struct Phone {
    number: String,
    secret: String,
    http: Client,
}

/// The signature of a body.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

impl Phone {
    /// The number that Meta knows by this, of an app with this secret.
    #[must_use]
    pub fn new(number: &str, secret: &str) -> Self {
        Self {
            number: number.to_owned(),
            secret: secret.to_owned(),
            http: Client::new(),
        }
    }

    /// A delivery that tells this of the number.
    #[must_use]
    pub fn delivery(&self, mut value: Value) -> Vec<u8> {
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] =
            json!({ "display_phone_number": "447900000001", "phone_number_id": self.number });
        let change = json!({ "field": "messages", "value": value });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] });
        body.to_string().into_bytes()
    }

    /// A delivery of one text.
    #[must_use]
    pub fn text_delivery(&self, from: &str, id: &str, text: &str) -> Vec<u8> {
        let message = Self::message(
            from,
            id,
            json!({ "type": "text", "text": { "body": text } }),
        );
        self.delivery(json!({ "messages": [message] }))
    }

    /// A message that was sent now.
    ///
    /// # Panics
    ///
    /// Where `more` is no object.
    #[must_use]
    pub fn message(from: &str, id: &str, more: Value) -> Value {
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("a clock");
        let mut message = json!({ "from": from, "id": id, "timestamp": now.as_secs().to_string() });
        let Value::Object(more) = more else {
            panic!("no object")
        };
        message.as_object_mut().expect("an object").extend(more);
        message
    }

    /// Delivers a body, signed. The status of the answer; 0 where there is none.
    pub async fn deliver(&self, url: &str, body: Vec<u8>) -> u16 {
        let signature = sign(&self.secret, &body);
        self.deliver_signed(url, body, Some(&signature)).await
    }

    /// The same with this for a signature.
    pub async fn deliver_signed(&self, url: &str, body: Vec<u8>, signature: Option<&str>) -> u16 {
        let mut request = self
            .http
            .post(url)
            .header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let answer = request.body(body).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// Delivers one text. The status of the answer.
    pub async fn text(&self, url: &str, from: &str, id: &str, text: &str) -> u16 {
        self.deliver(url, self.text_delivery(from, id, text)).await
    }

    /// Delivers one message of another kind, sent now. The status of the answer.
    pub async fn other(&self, url: &str, from: &str, id: &str, more: Value) -> u16 {
        let message = Self::message(from, id, more);
        self.deliver(url, self.delivery(json!({ "messages": [message] })))
            .await
    }
}
