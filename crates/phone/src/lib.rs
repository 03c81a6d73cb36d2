//! Phone numbers, senders on WhatsApp, and the codes that tie one to an account.
//!
//! **The one rule:** whatever is pasted or sent, nothing here panics, and nothing is guessed: a text is one number, one sender or one
//! code, or it is refused.
//!
//! [`Phone`] is what somebody types, [`Sender`] what WhatsApp reports, [`Code`] what travels in the first message from one to the
//! other. Numbers follow ITU-T E.164 and Google's libphonenumber, see `docs/adr/0019-phone-numbers.md`.
//!
//! **How to add a country whose numbers have two forms:** a line in `variants`, and its cases there.

mod clean;
mod code;
mod phone;
mod sender;
#[cfg(test)]
mod tests;
mod variants;

pub use code::{Code, RandomnessError};
pub use phone::{Phone, PhoneRefused, Region};
pub use sender::{Namespace, Sender, SenderRefused};
