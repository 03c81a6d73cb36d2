//! Messages to people: what they say, and the way they leave.
//!
//! **The one rule:** nobody waits for a message. [`Mailer::send`] and [`Mailer::send_later`] put it into a bounded queue and are done;
//! tries, waits and faults are the queue's, no transaction is open meanwhile, and no log line ever holds a message's link.
//!
//! What is sent names people and organisations as they called themselves, which may be anything: every such text passes
//! [`plain::name`] first, and nothing but a checked address and one line of subject ever becomes a header.
//!
//! **How to add a kind of message:** a variant of [`Kind`], a file in `letters` that builds its [`letters::Letter`], and a method of
//! [`Letters`] to call it by.

mod letters;
mod mailer;
mod message;
mod plain;
mod sender;
mod transport;

pub use letters::{Invited, Letters};
pub use mailer::{Mailer, Pace};
pub use message::{Kind, Message};
pub use sender::{Sender, SenderError};
pub use transport::{SmtpSettings, Tls, Way, WayError};
