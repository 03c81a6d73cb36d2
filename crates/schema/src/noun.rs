/// What a field reads or changes, as the permissions of an API key name it. Every way to the database asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// Agents, their links to connections included.
    Agents,
    /// API connections.
    Connections,
    /// Conversations.
    Conversations,
    /// Messages.
    Messages,
    /// Feedback.
    Feedback,
    /// Audit events.
    Audit,
    /// The caller's own person.
    Profile,
    /// Organisations.
    Organizations,
    /// Members and invitations.
    Members,
    /// What opens and closes the caller's account: sessions, passwords, API keys. No API key manages them, whatever its permissions.
    Account,
}

impl Noun {
    /// As it stands in a key's permissions; `None` for what no key is ever good for.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Agents => Some("agents"),
            Self::Connections => Some("connections"),
            Self::Conversations => Some("conversations"),
            Self::Messages => Some("messages"),
            Self::Feedback => Some("feedback"),
            Self::Audit => Some("audit"),
            Self::Profile => Some("profile"),
            Self::Organizations => Some("organizations"),
            Self::Members => Some("members"),
            Self::Account => None,
        }
    }
}
