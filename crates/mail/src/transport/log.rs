use async_trait::async_trait;

use super::{Fault, Transport};
use crate::Message;
use crate::sender::Sender;

/// Messages go to the log, for development: who gets what, and the text only where somebody asks for this module at `debug`.
#[derive(Debug)]
pub(super) struct Log;

#[async_trait]
impl Transport for Log {
    async fn deliver(&self, sender: &Sender, message: &Message) -> Result<(), Fault> {
        // What could not be sent for real is a fault here too.
        message.mime(sender)?;
        tracing::info!(
            mail.kind = message.kind().as_str(),
            mail.to = message.to,
            mail.subject = message.subject,
            "a message would be sent"
        );
        tracing::debug!(mail.text = message.text, "it says");
        Ok(())
    }
}
