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
    /// Meta's number for what went wrong, where it is one.
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
struct Raw<'a> {
    id: String,
    status: String,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: Option<i64>,
}

impl Status {
    /// `None`: it cannot be read, or tells nothing of how far the message came.
    pub(crate) fn read(number: &str, raw: &RawValue) -> Option<Self> {
        let raw: Raw<'_> = serde_json::from_str(raw.get()).ok()?;
        let kept = (1..=256).contains(&raw.id.len()) && !raw.id.contains('\0');
        kept.then_some(Self {
            number: number.to_owned(),
            id: raw.id,
            reference: raw
                .biz_opaque_callback_data
                .filter(|text| !text.contains('\0')),
            progress: Progress::from_word(&raw.status)?,
            error: raw.errors.and_then(code),
        })
    }
}

/// How far it came counts more than why no further: what is no list of errors, or no number, says nothing.
fn code(errors: &RawValue) -> Option<i64> {
    let errors: Vec<Fault> = serde_json::from_str(errors.get()).ok()?;
    errors.first()?.code
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

    #[test]
    fn what_else_is_said_of_it_may_be_anything() {
        for more in [
            json!({ "errors": [{ "code": u64::MAX }] }),
            json!({ "errors": [{ "code": 1e300 }] }),
            json!({ "errors": [{ "code": "131026" }] }),
            json!({ "errors": [7] }),
            json!({ "errors": "none" }),
            json!({ "errors": [] }),
            json!({ "errors": null }),
            json!({ "timestamp": i64::MAX }),
            json!({ "timestamp": "-1\u{0}" }),
            json!({ "recipient_id": "4".repeat(100_000) }),
        ] {
            let mut failed = json!({ "id": "w", "status": "failed" });
            let all = failed.as_object_mut().unwrap();
            all.extend(more.as_object().unwrap().clone());
            let read = status(&failed).map(|read| (read.progress, read.error));
            assert_eq!(read, Some((Progress::Failed, None)));
        }
        for code in [i64::MIN, -1, i64::MAX] {
            let failed = json!({ "id": "w", "status": "failed", "errors": [{ "code": code }] });
            assert_eq!(status(&failed).unwrap().error, Some(code));
        }
        for id in ["w\u{0}".to_owned(), "w".repeat(100_000)] {
            assert_eq!(status(&json!({ "id": id, "status": "sent" })), None);
        }
        let nul = json!({ "id": "w", "status": "sent", "biz_opaque_callback_data": "p\u{0}" });
        assert_eq!(status(&nul).unwrap().reference, None);
    }
}
