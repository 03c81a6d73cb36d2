use serde::Deserialize;
use serde_json::value::RawValue;

/// What became of a message to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `phone_number_id`: by which number it was sent.
    pub number: String,
    /// The id that Meta gave the message.
    pub id: String,
    /// What was sent along with it to tell it by (`biz_opaque_callback_data`); `None` for what others sent by the number.
    pub reference: Option<String>,
    /// How far it came.
    pub progress: Progress,
    /// Meta's number for what went wrong.
    pub error: Option<i64>,
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Meta has it.
    Sent,
    /// The phone has it.
    Delivered,
    /// It was read.
    Read,
    /// It will not arrive.
    Failed,
}

impl Progress {
    /// As it is delivered, and kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Sent, Self::Delivered, Self::Read, Self::Failed]
            .into_iter()
            .find(|progress| progress.as_str() == word)
    }
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    status: String,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: Option<i64>,
}

impl Status {
    /// `None`: it cannot be read, or tells nothing of how far the message came.
    pub(crate) fn read(number: &str, raw: &RawValue) -> Option<Self> {
        let raw: Raw = serde_json::from_str(raw.get()).ok()?;
        let kept = (1..=256).contains(&raw.id.len()) && !raw.id.contains('\0');
        kept.then_some(Self {
            number: number.to_owned(),
            id: raw.id,
            reference: raw
                .biz_opaque_callback_data
                .filter(|text| !text.contains('\0')),
            progress: Progress::from_word(&raw.status)?,
            error: raw.errors.first().and_then(|fault| fault.code),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::{Value, json};

    use super::*;

    fn status(value: &Value) -> Option<Status> {
        Status::read("77", &serde_json::value::to_raw_value(value).unwrap())
    }

    #[test]
    fn how_far_it_came_and_why_no_further_is_told() {
        let failed = json!({ "id": "w", "status": "failed", "biz_opaque_callback_data": "p1", "errors": [{ "code": 131_026, "title": "x" }] });
        let failed = status(&failed).unwrap();
        assert_eq!(failed.progress, Progress::Failed);
        assert_eq!(
            (failed.error, failed.reference.as_deref()),
            (Some(131_026), Some("p1"))
        );
        for word in ["sent", "delivered", "read"] {
            let told = status(&json!({ "id": "w", "status": word })).unwrap();
            assert_eq!((told.progress.as_str(), told.reference), (word, None));
        }
        for other in [
            json!({ "id": "w", "status": "deleted" }),
            json!({ "id": "", "status": "sent" }),
            json!({ "status": "sent" }),
        ] {
            assert!(status(&other).is_none(), "{other}");
        }
    }
}
