//! Checks of inputs, each failure noted with its path, none repeating the value.

use async_graphql::{ID, MaybeUndefined};
use serde_json::Value;

use crate::ApiError;
use crate::failure::{Failure, InvalidField, ValidationFailed};

/// The longest text of a filter, in characters.
const MAX_FILTER: usize = 200;

/// An id as it came. A text that PostgreSQL cannot take is the id of nothing, and so is the empty text.
pub(crate) fn id_of<I: From<String>>(id: ID) -> I {
    if id.contains('\0') {
        String::new().into()
    } else {
        id.0.into()
    }
}

/// Checks a text of a list's `filter` argument.
pub(crate) fn filter_text(field: &str, text: Option<&str>) -> Result<(), ApiError> {
    let fits = |text: &str| text.chars().count() <= MAX_FILTER && !text.contains('\0');
    if text.is_none_or(fits) {
        return Ok(());
    }
    Err(ApiError::BadInput {
        message: format!(
            "{field} must have at most {MAX_FILTER} characters, U+0000 not among them."
        ),
        path: vec!["filter".to_owned(), field.to_owned()],
    })
}

/// The longest address of a picture, in characters.
const MAX_LINK: usize = 2_000;

/// A field of an update that may be left out, and null to take the value away.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
pub(crate) fn optional_field<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// The most of a caller's own notes, as JSON without white space.
const MAX_METADATA_BYTES: usize = 16 * 1_024;
/// How deep they may nest, the outermost object counted.
const MAX_METADATA_DEPTH: usize = 16;

/// Collects what is wrong with an input.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    fields: Vec<InvalidField>,
}

impl Checks {
    /// Notes that a field cannot be accepted.
    pub(crate) fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.fields.push(InvalidField {
            path: vec![field.to_owned()],
            message: message.into(),
        });
    }

    /// Notes that something inside the input cannot be accepted.
    pub(crate) fn refuse_at(&mut self, path: Vec<String>, message: impl Into<String>) {
        self.fields.push(InvalidField {
            path,
            message: message.into(),
        });
    }

    /// A text inside the input, of at most `most` characters; it may be empty.
    pub(crate) fn content_at(&mut self, path: Vec<String>, value: &str, most: usize) {
        let length = value.chars().count();
        if value.contains('\0') {
            self.refuse_at(path, "It must not contain the character U+0000.");
        } else if length > most {
            let message = format!("It must have at most {most} characters; it has {length}.");
            self.refuse_at(path, message);
        }
    }

    /// The failure of an input of which this one field cannot be accepted.
    pub(crate) fn refused(field: &str, message: impl Into<String>) -> Failure {
        Self::refused_at(&[field], message)
    }

    /// The same of something inside the input.
    pub(crate) fn refused_at(path: &[&str], message: impl Into<String>) -> Failure {
        let mut checks = Self::default();
        let path = path.iter().map(|&part| part.to_owned()).collect();
        checks.refuse_at(path, message);
        checks
            .finish()
            .err()
            .unwrap_or_else(|| ApiError::internal("a refusal without a field").into())
    }

    /// A text of 1 to `most` characters; one line of it, without the white space around, when it names something.
    pub(crate) fn name(&mut self, field: &str, value: &str, most: usize) -> String {
        let value = value.trim();
        if value.chars().any(char::is_control) {
            self.refuse(field, "It must be one line without control characters.");
        }
        self.length(field, value, most);
        value.to_owned()
    }

    /// A text of 1 to `most` characters, kept as it is.
    pub(crate) fn text(&mut self, field: &str, value: &str, most: usize) {
        if value.contains('\0') {
            self.refuse(field, "It must not contain the character U+0000.");
        }
        self.length(field, value, most);
    }

    /// An optional text; an empty one counts as none.
    pub(crate) fn optional_text(
        &mut self,
        field: &str,
        value: Option<String>,
        most: usize,
    ) -> Option<String> {
        let value = value.filter(|text| !text.trim().is_empty())?;
        self.text(field, &value, most);
        Some(value)
    }

    /// An optional address of a picture: http or https, so that no page that shows it runs it. An empty one counts as none.
    pub(crate) fn link(&mut self, field: &str, value: Option<String>) -> Option<String> {
        let value = self.optional_text(field, value, MAX_LINK)?;
        let plain = !value.chars().any(|c| c.is_control() || c.is_whitespace());
        if !plain || !(value.starts_with("https://") || value.starts_with("http://")) {
            self.refuse(field, "It must be an http or https address.");
        }
        Some(value)
    }

    /// Notes of the caller's own: a JSON object, not too large and not too deep for the database. None is an empty one.
    pub(crate) fn metadata(&mut self, field: &str, value: Option<Value>) -> Value {
        let value = value.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if !value.is_object() {
            self.refuse(field, "It must be a JSON object.");
        }
        if value.to_string().len() > MAX_METADATA_BYTES {
            self.refuse(
                field,
                format!("It must have at most {MAX_METADATA_BYTES} bytes as JSON."),
            );
        }
        if too_deep(&value, MAX_METADATA_DEPTH) {
            self.refuse(
                field,
                format!("It must nest at most {MAX_METADATA_DEPTH} deep."),
            );
        } else if has_nul(&value) {
            self.refuse(field, "It must not contain the character U+0000.");
        }
        value
    }

    /// A field of an update that may be left out and may not be null.
    pub(crate) fn required<T>(&mut self, field: &str, value: MaybeUndefined<T>) -> Option<T> {
        match value {
            MaybeUndefined::Value(value) => Some(value),
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => {
                self.refuse(
                    field,
                    "It cannot be null. Leave it out to keep the present value.",
                );
                None
            }
        }
    }

    /// The failure, when anything was noted.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Some(first) = self.fields.first() else {
            return Ok(());
        };
        let message = match self.fields.len() {
            1 if first.path.is_empty() => {
                format!("The input cannot be accepted: {}", first.message)
            }
            1 => format!(
                "{} cannot be accepted: {}",
                first.path.join("."),
                first.message
            ),
            several => format!("{several} input fields cannot be accepted."),
        };
        Err(Failure::ValidationFailed(ValidationFailed {
            message,
            fields: self.fields,
        }))
    }

    fn length(&mut self, field: &str, value: &str, most: usize) {
        let length = value.chars().count();
        if length == 0 {
            self.refuse(field, "It must not be empty.");
        } else if length > most {
            self.refuse(
                field,
                format!("It must have at most {most} characters; it has {length}."),
            );
        }
    }
}

fn too_deep(value: &Value, left: usize) -> bool {
    let next = left.checked_sub(1);
    match (value, next) {
        (Value::Array(_) | Value::Object(_), None) => true,
        (Value::Array(items), Some(left)) => items.iter().any(|item| too_deep(item, left)),
        (Value::Object(fields), Some(left)) => fields.values().any(|item| too_deep(item, left)),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => false,
    }
}

/// Whether a key or a text contains U+0000, which jsonb cannot hold.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (1..depth).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    fn refused(value: &Value) -> bool {
        let mut checks = Checks::default();
        let kept = checks.metadata("metadata", Some(value.clone()));
        assert_eq!(kept, *value);
        checks.finish().is_err()
    }

    #[test]
    fn one_refused_field_is_the_whole_failure() {
        let Failure::ValidationFailed(failed) = Checks::refused("email", "It is no address.")
        else {
            panic!("another failure")
        };
        assert_eq!(
            failed.message,
            "email cannot be accepted: It is no address."
        );
        assert_eq!(failed.fields.len(), 1);
        assert_eq!(failed.fields[0].path, ["email"]);
        assert_eq!(failed.fields[0].message, "It is no address.");
    }

    #[test]
    fn metadata_is_a_small_shallow_object_that_jsonb_can_hold() {
        for bad in [
            json!([]),
            json!("text"),
            json!(null),
            json!({ "a": "\0" }),
            json!({ "a": [{ "\0": 1 }] }),
            json!({ "a": "x".repeat(MAX_METADATA_BYTES - 7) }),
            json!({ "a": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]] }),
            nested(17),
        ] {
            assert!(refused(&bad));
        }
        for good in [
            json!({}),
            json!({ "a": [1, "ü", null, { "b": true }] }),
            json!({ "a": "x".repeat(MAX_METADATA_BYTES - 8) }),
            nested(16),
        ] {
            assert!(!refused(&good));
        }
    }
}
