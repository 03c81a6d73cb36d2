use serde_json::Value;

/// One thing that keeps a document from being accepted. It never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub code: ProblemCode,
    /// Where, as a JSON Pointer (RFC 6901) into the document, cut after 500 characters; empty for the whole of it.
    pub path: String,
    /// What is wrong, for a person to read.
    pub message: String,
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// The document is larger than a definition may be.
    TooLarge,
    /// It nests deeper than a definition may.
    TooDeep,
    /// A member that a definition does not have.
    UnknownKey,
    /// The slug of a type begins with `$`.
    ReservedType,
    /// A value is not as the definition's own JSON Schema says.
    Invalid,
    /// A name is used that the definition does not declare.
    UnknownReference,
    /// A JSON Schema in it is none.
    InvalidSchema,
    /// A JSON Schema in it refers to something outside itself.
    ForeignReference,
    /// References in a JSON Schema run in a circle.
    CyclicSchema,
    /// A pattern in a JSON Schema needs more than linear time, or a program too large.
    HostilePattern,
    /// A JSON Schema unfolds to more than can be checked.
    HostileSchema,
}

impl ProblemCode {
    /// As it is written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "TOO_LARGE",
            Self::TooDeep => "TOO_DEEP",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::ReservedType => "RESERVED_TYPE",
            Self::Invalid => "INVALID",
            Self::UnknownReference => "UNKNOWN_REFERENCE",
            Self::InvalidSchema => "INVALID_SCHEMA",
            Self::ForeignReference => "FOREIGN_REFERENCE",
            Self::CyclicSchema => "CYCLIC_SCHEMA",
            Self::HostilePattern => "HOSTILE_PATTERN",
            Self::HostileSchema => "HOSTILE_SCHEMA",
        }
    }
}

impl Problem {
    pub(crate) fn new(
        code: ProblemCode,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            path: short(path.into()),
            message: short(message.into()),
        }
    }
}

/// The problem of a definition that uses a type which neither it nor any of its catalogs brings.
#[must_use]
pub fn unknown_type() -> Problem {
    let message = "It names a type that neither it nor any of its catalogs brings.";
    Problem::new(ProblemCode::UnknownReference, "", message)
}

/// A step further down a JSON Pointer.
pub(crate) fn below(path: &str, step: &str) -> String {
    format!("{path}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Whether a key or a text contains U+0000, which jsonb cannot hold.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.contains('\0') || has_nul(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The problem of what [`has_nul`] finds.
pub(crate) fn nul(path: &str) -> Problem {
    let message = "It must not contain the character U+0000.";
    Problem::new(ProblemCode::Invalid, path, message)
}

/// The longest path or message, in characters: names in a document may be as long as the document.
const MAX_TEXT: usize = 500;

fn short(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
