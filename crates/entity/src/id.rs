//! Typed ids: one kind cannot be handed over where another is meant. Each is a cuid2 text of 24 characters when made here;
//! rows made by better-auth carry 32 letters and digits.

use std::fmt;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id's text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<String> for $name {
            /// A text that PostgreSQL cannot store becomes the empty id, which nothing has: asked for, it is missing like any
            /// other, where the text itself would make the statement fail.
            fn from(text: String) -> Self {
                Self(if text.contains('\0') { String::new() } else { text })
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        // SeaORM asks it of every key; ours are texts and never come from a counter.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// A user of better-auth's `user` table.
    UserId,
    /// An organisation: the tenant.
    OrganizationId,
    /// An agent.
    AgentId,
    /// A version of an agent.
    AgentVersionId,
    /// An API connection.
    ApiConnectionId,
    /// A link between an agent and a connection.
    AgentApiConnectionId,
    /// A conversation.
    ConversationId,
    /// A message.
    MessageId,
    /// A run: an agent's work on a reply.
    RunId,
    /// A number of a publisher's on WhatsApp.
    WhatsAppNumberId,
    /// A piece of feedback.
    FeedbackId,
    /// An audit event.
    AuditEventId,
    /// A template.
    TemplateId,
    /// An install of a template.
    TemplateInstallId,
    /// A type of things, or of relationships between them.
    EntityTypeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_cannot_be_stored_is_the_id_of_nothing() {
        for text in ["\0", "a\0b"] {
            assert_eq!(AgentId::from(text).as_str(), "");
            assert_eq!(UserId::from(text.to_owned()).as_str(), "");
        }
        assert_eq!(AgentId::from("tz4a98xx").as_str(), "tz4a98xx");
    }
}
