use std::time::Duration;

use agentry_db::whatsapp::Publishers;
use url::Url;

/// What the operator decides about `WhatsApp`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many messages are dealt with, and how many sent, at once; 0: none, and others than this server do the work.
    pub workers: u32,
    /// Whose numbers are believed.
    pub publishers: Publishers,
    /// Where people install templates and link numbers: pages are under it.
    pub app: Url,
    /// Whether agents have pages there, at `/<organisation>/agents/<id>`.
    pub agent_pages: bool,
    /// After how long without a word another conversation begins.
    pub idle: Duration,
    /// For how long a message of which it is not known whether it was taken is not sent again.
    pub doubt: Duration,
    /// For how long a server that is not heard of keeps what it took up.
    pub lease: Duration,
    /// How many messages of one sender are taken in within a minute, on each server; those beyond are passed over.
    pub per_sender: u32,
    /// How many runs one user may ask for in a minute.
    pub runs_per_minute: u32,
    /// The most runs of one conversation that have not ended.
    pub runs_per_conversation: u32,
    /// The longest message, in characters.
    pub message_characters: usize,
    /// The most parts of an answer.
    pub parts: usize,
}

impl Settings {
    /// The usual ones, with this address.
    #[must_use]
    pub fn at(app: Url) -> Self {
        Self {
            workers: 16,
            publishers: Publishers::default(),
            app,
            agent_pages: true,
            idle: Duration::from_hours(24),
            doubt: Duration::from_mins(1),
            lease: Duration::from_mins(1),
            per_sender: 60,
            runs_per_minute: 60,
            runs_per_conversation: 20,
            message_characters: 100_000,
            parts: 10,
        }
    }
}
