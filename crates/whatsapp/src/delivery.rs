use serde::Deserialize;
use serde_json::value::RawValue;

use crate::message::Message;
use crate::status::Status;

/// The field of a delivery that tells of messages; the others tell of accounts and templates.
const MESSAGES: &str = "messages";

/// What one POST to the webhook tells, in the order in which it tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Messages of people.
    pub messages: Vec<Message>,
    /// What became of messages to people.
    pub statuses: Vec<Status>,
    /// How many pieces could not be read.
    pub unread: usize,
}

/// A body that is no delivery at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not the JSON of a delivery: an object that says what it is of, with a list of entries.
    #[error("the body is no delivery")]
    Shape,
    /// It tells of more than deliveries hold.
    #[error("the body tells of too much at once")]
    TooMuch,
}

/// The most that one delivery tells of: Meta batches up to 1,000 updates.
const MOST: usize = 4_000;
/// What deliveries say they are of.
const OBJECT: &str = "whatsapp_business_account";

#[derive(Deserialize)]
struct Body<'a> {
    object: String,
    #[serde(borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(default)]
    field: String,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    statuses: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    phone_number_id: String,
}

impl Delivery {
    /// Reads a body whose signature holds. What is nested however deep is passed over without being built.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no delivery as a whole; pieces of it that cannot be read are counted in `unread`.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        // A list would be read as the fields of an object in their order.
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first != Some(&b'{') {
            return Err(Unreadable::Shape);
        }
        let body: Body<'_> = serde_json::from_slice(body).map_err(|_| Unreadable::Shape)?;
        if body.object != OBJECT {
            return Err(Unreadable::Shape);
        }
        let changes = body.entry.into_iter().flat_map(|entry| entry.changes);
        let mut delivery = Self::default();
        for change in changes.filter(|change| change.field == MESSAGES) {
            let value = change.value.map(|raw| serde_json::from_str(raw.get()));
            let Some(Ok(value)) = value else {
                delivery.unread += 1;
                continue;
            };
            delivery.take(&value);
            let told = delivery.messages.len() + delivery.statuses.len() + delivery.unread;
            if told > MOST {
                return Err(Unreadable::TooMuch);
            }
        }
        Ok(delivery)
    }

    fn take(&mut self, value: &Value<'_>) {
        let number = &value.metadata.phone_number_id;
        for raw in value.messages.iter().take(MOST + 1) {
            match Message::read(number, raw) {
                Some(message) => self.messages.push(message),
                None => self.unread += 1,
            }
        }
        for raw in value.statuses.iter().take(MOST + 1) {
            match Status::read(number, raw) {
                Some(status) => self.statuses.push(status),
                None => self.unread += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Content, Progress};

    fn delivered(field: &str, value: &serde_json::Value) -> Delivery {
        let change = json!({ "field": field, "value": value });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] });
        Delivery::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn messages_and_statuses_are_read_and_the_rest_is_counted() {
        let delivery = delivered(
            "messages",
            &json!({
                "metadata": { "phone_number_id": "77", "display_phone_number": "4477" },
                "contacts": [{ "wa_id": "1" }],
                "messages": [
                    { "from": "447700900001", "id": "wamid.1", "timestamp": "1700000000", "type": "text", "text": { "body": "Hi" } },
                    { "from": "447700900001", "timestamp": "1700000000", "type": "text" },
                    7,
                ],
                "statuses": [
                    { "id": "wamid.9", "status": "delivered", "biz_opaque_callback_data": "p1" },
                    { "id": "wamid.9", "status": "warning" },
                ],
            }),
        );
        assert_eq!(delivery.messages.len(), 1);
        assert_eq!(delivery.messages[0].number, "77");
        assert_eq!(delivery.messages[0].content, Content::Text("Hi".to_owned()));
        assert_eq!(delivery.statuses.len(), 1);
        assert_eq!(delivery.statuses[0].progress, Progress::Delivered);
        assert_eq!(delivery.unread, 3);
    }

    #[test]
    fn what_else_is_told_is_passed_over() {
        for (field, value) in [
            ("account_update", json!({ "messages": [{ "id": 1 }] })),
            ("messages", json!({})),
            (
                "messages",
                json!({ "metadata": { "phone_number_id": "1" } }),
            ),
        ] {
            assert_eq!(delivered(field, &value), Delivery::default(), "{field}");
        }
        assert_eq!(delivered("messages", &json!([1])).unread, 1);
        for entry in ["[]", "[{}]", r#"[{"changes":[]}]"#] {
            let body = format!(r#" {{"entry":{entry},"object":"whatsapp_business_account"}}"#);
            assert_eq!(Delivery::read(body.as_bytes()), Ok(Delivery::default()));
        }
        for body in [
            "",
            "7",
            "{",
            "{}",
            "[]",
            "null",
            "true",
            r#""x""#,
            r#"["whatsapp_business_account",[]]"#,
            r#"{"entry":[]}"#,
            r#"{"object":"whatsapp_business_account"}"#,
            r#"{"object":"whatsapp_business_account","entry":7}"#,
            r#"{"object":"whatsapp_business_account","entry":null}"#,
            r#"{"object":"whatsapp_business_account","entry":{}}"#,
            r#"{"object":"page","entry":[]}"#,
            r#"{"object":7,"entry":[]}"#,
            r#"[{"object":"whatsapp_business_account","entry":[]}]"#,
            "\u{feff}{}",
        ] {
            assert_eq!(
                Delivery::read(body.as_bytes()),
                Err(Unreadable::Shape),
                "{body}"
            );
        }
    }

    #[test]
    fn bombs_do_not_go_off() {
        let deep = format!(
            r#"{{"object":"whatsapp_business_account","entry":[],"x":{}1{}}}"#,
            "[".repeat(500_000),
            "]".repeat(500_000)
        );
        assert_eq!(Delivery::read(deep.as_bytes()), Ok(Delivery::default()));
        let deep = "[".repeat(1_000_000);
        assert_eq!(Delivery::read(deep.as_bytes()), Err(Unreadable::Shape));
        let inside = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{{"id":"a","x":{}{}}}]}}}}]}}]}}"#,
            "{\"a\":".repeat(300_000),
            format_args!("1{}", "}".repeat(300_000)),
        );
        assert_eq!(Delivery::read(inside.as_bytes()).unwrap().unread, 1);
        let wide = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{}0]}}}}]}}]}}"#,
            "0,".repeat(1_000_000)
        );
        assert_eq!(Delivery::read(wide.as_bytes()), Err(Unreadable::TooMuch));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = Delivery::read(&body);
        }

        #[test]
        fn no_part_taken_away_or_changed_makes_it_panic(at in 0_usize..400, with in any::<u8>(), cut in any::<bool>()) {
            let message = json!({ "from": "447700900001", "id": "wamid.1", "timestamp": "1700000000", "type": "text", "text": { "body": "Hi" } });
            let value = json!({ "metadata": { "phone_number_id": "77" }, "messages": [message] });
            let body = json!({ "object": OBJECT, "entry": [{ "changes": [{ "field": "messages", "value": value }] }] });
            let mut body = body.to_string().into_bytes();
            let at = at % body.len();
            if cut { body.truncate(at) } else { body[at] = with }
            let _ = Delivery::read(&body);
        }
    }
}
