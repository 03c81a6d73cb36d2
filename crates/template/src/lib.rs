//! The definition of a template: what it may say, what is taken out of it, and what it asks for.
//!
//! The one rule: nothing here reads or writes anything. A document comes in, and a [`Definition`] comes out that is good to be
//! stored, or every [`Problem`] that stands in its way, each with a code. No schema is ever fetched from anywhere.
//!
//! To add a part to definitions: `docs/template.schema.json` first, then what refers to it in `references`. To add a template to those
//! that come with the program: a file in the folder `catalogue`, and a line in [`catalogue`].

mod capabilities;
pub mod catalogue;
mod definition;
mod effort;
mod merge;
mod overrides;
mod problem;
mod references;
mod schema;
mod strip;
mod tools;

pub use capabilities::Capabilities;
pub use definition::{Definition, MAX_BYTES, Provides, SCHEMA};
pub use effort::Effort;
pub use merge::merge;
pub use overrides::{check_overrides, check_patch};
pub use problem::{Problem, ProblemCode, unknown_type};
pub use references::OpenReference;
pub use schema::{check as check_schema, check_event_kinds, check_value};
pub use tools::{MAX_TOOLS, Tool, check_tools, no_parameters};

/// The reserved mark before the slugs of types that each organisation makes for itself.
const RESERVED: char = '$';

/// Whether a text can be the slug of a type: a lower-case letter, then at most 63 of a-z, 0-9, `_` and `-`.
#[must_use]
pub fn is_type_slug(slug: &str) -> bool {
    let mut bytes = slug.bytes();
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    bytes.next().is_some_and(|b| b.is_ascii_lowercase()) && slug.len() <= 64 && bytes.all(rest)
}
