//! Checks of inputs, each failure noted with its path, none repeating the value.

use async_graphql::{ID, MaybeUndefined};

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
