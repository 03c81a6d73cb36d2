//! The ways out.

mod folder;
mod log;
mod smtp;
mod way;

use std::fmt;

use async_trait::async_trait;

pub use way::{SmtpSettings, Tls, Way, WayError};

use crate::Message;
use crate::sender::Sender;

/// Why a message did not go out. The text is for the log: it holds neither the recipient nor a word of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Another try may help.
    #[error("{0}")]
    Temporary(String),
    /// No try will.
    #[error("{0}")]
    Permanent(String),
}

/// One way out.
#[async_trait]
pub(crate) trait Transport: fmt::Debug + Send + Sync {
    /// Hands one message over; `Ok` says that somebody else has it now.
    async fn deliver(&self, sender: &Sender, message: &Message) -> Result<(), Fault>;
}

/// What a way is to travel by; none when it leads nowhere.
pub(crate) fn open(way: Way) -> Option<Box<dyn Transport>> {
    match way {
        Way::Off => None,
        Way::Folder(path) => Some(Box::new(folder::Folder::new(path))),
        Way::Log => Some(Box::new(log::Log)),
        Way::Smtp(settings) => Some(Box::new(smtp::Smtp::new(settings))),
    }
}
