//! What can be done, and by whom: the actions of the API, what of an API key's permissions each takes, and the ladder of roles.
//!
//! Everything that writes names one [`Action`]; its name in the audit trail, the [`Noun`] a key must be good for and the least
//! role all follow from that. A new action breaks the build until [`Action::noun`] and [`least`] say what it takes.

mod action;
mod ladder;
mod noun;

pub use action::Action;
pub use ladder::{NotAllowed, decide, least};
pub use noun::Noun;

#[cfg(test)]
mod tests;
