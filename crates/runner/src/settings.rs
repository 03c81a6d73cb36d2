use std::time::Duration;

/// What the operator decides about workers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many runs are under way at once; 0: none, and others than this server do the work.
    pub workers: u32,
    /// How many of one organisation may be under way at once on all servers together.
    pub per_organization: u32,
    /// How many tokens of a conversation are sent, by estimate.
    pub context_tokens: u32,
    /// For how long a run is held. Whoever is not heard of for so long loses it to another worker.
    pub lease: Duration,
    /// How long runs that are under way may go on when the server stops.
    pub drain: Duration,
    /// Whether conversations without a title are given one after their first exchange.
    pub titles: bool,
    /// The longest reply, in characters; what is beyond it is not read. The database takes 1,000,000.
    pub reply_characters: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 64,
            per_organization: 32,
            context_tokens: 32_000,
            lease: Duration::from_secs(15),
            drain: Duration::from_secs(5),
            titles: true,
            reply_characters: 1_000_000,
        }
    }
}
