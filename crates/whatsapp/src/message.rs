use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest id of a message, in characters.
const LONGEST_ID: usize = 256;
/// The longest id of a sender.
const LONGEST_SENDER: usize = 200;
/// The longest kind.
const LONGEST_KIND: usize = 40;

/// A message of somebody's to a number.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// `phone_number_id`: by what Meta knows the number that was written to.
    pub number: String,
    /// The message's id: told again, it is the same message.
    pub id: String,
    /// Whose it is: the digits of a phone number, or an id that is good for this business alone; as it was delivered.
    pub sender: String,
    /// The id of the same person that is good for this business alone, where both are told.
    pub scoped_id: Option<String>,
    /// Whether it was said in a group.
    pub in_group: bool,
    /// When it was sent, by Meta's clock; never later than now, and now where nothing that can be read is told.
    pub sent_at: DateTime<Utc>,
    /// Its kind: `text`, `image`, …
    pub kind: String,
    /// What it says.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// This: what was written, or what a button or an entry of a list says that was chosen.
    Text(String),
    /// Something that is no text.
    Other,
    /// Nothing that waits for an answer: a reaction, or news of the sender's account.
    Nothing,
}

/// What people say is in no log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(…)",
            Self::Other => "Other",
            Self::Nothing => "Nothing",
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    id: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    from_user_id: Option<String>,
    #[serde(default)]
    group_id: Option<serde::de::IgnoredAny>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    button: Option<&'a RawValue>,
    #[serde(borrow, default)]
    interactive: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Button {
    text: String,
}

#[derive(Deserialize)]
struct Interactive {
    #[serde(default)]
    button_reply: Option<Choice>,
    #[serde(default)]
    list_reply: Option<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    title: String,
}

impl Message {
    /// `None`: it cannot be read, or has no sender or no id that can be kept.
    pub(crate) fn read(number: &str, raw: &RawValue) -> Option<Self> {
        let raw: Raw<'_> = serde_json::from_str(raw.get()).ok()?;
        let content = content(&raw);
        let Raw {
            id,
            from,
            from_user_id,
            group_id,
            timestamp,
            kind,
            ..
        } = raw;
        let said = |id: Option<String>| id.filter(|id| !id.is_empty());
        let scoped_id = said(from_user_id).filter(|id| fits(id, LONGEST_SENDER));
        let sender = said(from).or_else(|| scoped_id.clone())?;
        let fits = fits(&id, LONGEST_ID) && fits(&sender, LONGEST_SENDER);
        fits.then_some(Self {
            number: number.to_owned(),
            id,
            sender,
            scoped_id,
            in_group: group_id.is_some(),
            sent_at: sent_at(timestamp, Utc::now()),
            kind: plain(&kind),
            content,
        })
    }
}

/// Whole seconds since 1970, as text or as a number. A message that says anything else was sent now: it is somebody's all the same. None
/// was sent later than now, or its sender could be written to for longer than a day.
fn sent_at(told: Option<&RawValue>, now: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = told.and_then(|told| told.get().trim_matches('"').parse::<u64>().ok());
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    let told = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    told.map_or(now, |told| told.min(now))
}

/// By the kind alone, not by what else is in it.
fn content(raw: &Raw<'_>) -> Content {
    let said = match raw.kind.as_str() {
        "text" => read::<Text>(raw.text).map(|text| text.body),
        "button" => read::<Button>(raw.button).map(|button| button.text),
        "interactive" => read::<Interactive>(raw.interactive)
            .and_then(|chosen| chosen.button_reply.or(chosen.list_reply))
            .map(|choice| choice.title),
        "reaction" | "system" | "request_welcome" | "ephemeral" => return Content::Nothing,
        _ => None,
    };
    // The one character that PostgreSQL cannot store.
    let said = said.map(|text| text.replace('\0', "\u{FFFD}"));
    said.filter(|text| !text.trim().is_empty())
        .map_or(Content::Other, Content::Text)
}

fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

fn fits(id: &str, longest: usize) -> bool {
    !id.is_empty() && id.len() <= longest && id.bytes().all(|b| b.is_ascii_graphic())
}

/// A kind as a word that can be kept and logged, whatever was sent.
fn plain(kind: &str) -> String {
    let is_word = |kind: &str| kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if !kind.is_empty() && kind.len() <= LONGEST_KIND && is_word(kind) {
        kind.to_owned()
    } else {
        "unknown".to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
    fn message(more: Value) -> Option<Message> {
        let mut all = json!({ "from": "447700900001", "id": "wamid.1", "timestamp": "1700000000" });
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let raw = serde_json::value::to_raw_value(&all).unwrap();
        Message::read("77", &raw)
    }

    #[test]
    fn every_kind_says_what_a_person_wrote_or_chose() {
        let text = |text: &str| Content::Text(text.to_owned());
        for (more, content) in [
            (
                json!({ "type": "text", "text": { "body": "Hi\u{0}" } }),
                text("Hi\u{FFFD}"),
            ),
            (
                json!({ "type": "text", "text": { "body": "  " } }),
                Content::Other,
            ),
            (json!({ "type": "text", "text": 7 }), Content::Other),
            (json!({ "type": "text" }), Content::Other),
            (
                json!({ "type": "button", "button": { "text": "Yes", "payload": "y" } }),
                text("Yes"),
            ),
            (
                json!({ "type": "interactive", "interactive": { "type": "button_reply", "button_reply": { "id": "1", "title": "One" } } }),
                text("One"),
            ),
            (
                json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "id": "2", "title": "Two" } } }),
                text("Two"),
            ),
            (
                json!({ "type": "interactive", "interactive": { "type": "nfm_reply" } }),
                Content::Other,
            ),
            (
                json!({ "type": "reaction", "reaction": { "emoji": "👍" } }),
                Content::Nothing,
            ),
            (
                json!({ "type": "system", "system": { "body": "changed" } }),
                Content::Nothing,
            ),
        ] {
            assert_eq!(message(more.clone()).unwrap().content, content, "{more}");
        }
        for kind in [
            "image",
            "audio",
            "video",
            "document",
            "sticker",
            "location",
            "contacts",
            "order",
            "unsupported",
            "newest",
        ] {
            let read = message(json!({ "type": kind, (kind): { "caption": "not read" } })).unwrap();
            assert_eq!((read.kind.as_str(), read.content), (kind, Content::Other));
        }
        assert_eq!(
            message(json!({ "type": "Drop\nme" })).unwrap().kind,
            "unknown"
        );
    }

    #[test]
    fn senders_without_a_phone_and_groups_are_told() {
        let read =
            message(json!({ "type": "text", "from": "", "from_user_id": "US.1349" })).unwrap();
        assert_eq!((read.sender.as_str(), read.in_group), ("US.1349", false));
        let both = message(json!({ "type": "text", "from_user_id": "US.1349" })).unwrap();
        assert_eq!(
            (both.sender.as_str(), both.scoped_id.as_deref()),
            ("447700900001", Some("US.1349"))
        );
        assert!(
            message(json!({ "type": "text", "group_id": "g1" }))
                .unwrap()
                .in_group
        );
    }

    #[test]
    fn what_cannot_be_kept_is_not_read() {
        for more in [
            json!({ "type": "text", "id": "" }),
            json!({ "type": "text", "id": "x".repeat(257) }),
            json!({ "type": "text", "id": "a b" }),
            json!({ "type": "text", "from": null }),
            json!({ "type": "text", "from": "ü" }),
            json!({ "type": "text", "id": "wamid.\u{0}" }),
            json!({ "type": "text", "id": "x".repeat(100_000) }),
            json!({ "type": "text", "from": "4477\u{0}" }),
            json!({ "type": "text", "from": "4".repeat(100_000) }),
            json!({ "type": null }),
        ] {
            let shown: String = more.to_string().chars().take(99).collect();
            assert!(message(more).is_none(), "{shown}");
        }
        // What else is said of the sender does not matter.
        for id in ["US.\u{0}".to_owned(), "U".repeat(100_000)] {
            let read = message(json!({ "type": "text", "from_user_id": id })).unwrap();
            assert_eq!(read.scoped_id, None);
        }
    }

    #[test]
    fn no_message_was_sent_before_1970_or_later_than_now() {
        for (told, seconds) in [
            (json!("1700000000"), 1_700_000_000),
            (json!(1_700_000_000), 1_700_000_000),
            (json!(0), 0),
        ] {
            let read = message(json!({ "type": "text", "timestamp": told })).unwrap();
            assert_eq!(read.sent_at.timestamp(), seconds, "{told}");
        }
        let year_262142 = 8_210_266_876_799_i64;
        assert!(DateTime::from_timestamp(year_262142, 0).is_some());
        for told in [
            json!(i64::MAX),
            json!(i64::MIN),
            json!(i64::MAX.to_string()),
            json!(i64::MIN.to_string()),
            json!(u64::MAX),
            json!(-1),
            json!("-1"),
            json!(year_262142),
            json!(year_262142.to_string()),
            json!(Utc::now().timestamp() + 3_600),
            json!(1.7e9),
            json!("9".repeat(100_000)),
            json!(""),
            json!("soon"),
            json!("17\u{0}"),
            json!(null),
            json!([]),
            json!({ "seconds": 7 }),
        ] {
            let before = Utc::now();
            let shown: String = told.to_string().chars().take(40).collect();
            let read = message(json!({ "type": "text", "timestamp": told })).unwrap();
            assert!(
                (before..=Utc::now()).contains(&read.sent_at),
                "{shown}: {}",
                read.sent_at
            );
        }
        let raw = r#"{"from":"447700900001","id":"wamid.1","type":"text"}"#;
        let raw: Box<RawValue> = serde_json::from_str(raw).unwrap();
        assert!(Message::read("77", &raw).unwrap().sent_at <= Utc::now());
    }

    #[test]
    fn half_a_character_is_no_text() {
        for raw in [
            r#"{"from":"447700900001","id":"wamid.1","type":"text","text":{"body":"\ud83d"}}"#,
            r#"{"from":"447700900001","id":"wamid.1","type":"text","text":{"body":"\udc4d\ud83d"}}"#,
        ] {
            let raw: Box<RawValue> = serde_json::from_str(raw).unwrap();
            assert_eq!(Message::read("77", &raw).unwrap().content, Content::Other);
        }
        let raw = r#"{"from":"447700900001","id":"\ud83d","type":"text","text":{"body":"Hi"}}"#;
        let raw: Box<RawValue> = serde_json::from_str(raw).unwrap();
        assert!(Message::read("77", &raw).is_none());
    }

    #[test]
    fn nothing_that_was_said_is_in_the_debug_form() {
        let read = message(json!({ "type": "text", "text": { "body": "canary" } })).unwrap();
        let shown = format!("{read:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("4477"),
            "{shown}"
        );
    }
}
