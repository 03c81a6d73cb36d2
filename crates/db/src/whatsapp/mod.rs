//! `WhatsApp`: numbers of publishers, what comes in by them, what goes out, and into which conversations.
//!
//! What comes in is nobody's before it is known who sent it: the inbox and the outbox are of no tenant, and reached through functions that
//! take the name of the worker who holds a row.

pub mod conversation;
pub mod inbox;
pub mod number;
pub mod outbox;

use std::collections::HashSet;
use std::time::Duration;

use agentry_entity::id::OrganizationId;

/// Whose numbers are believed. Whoever has a number's secret can say that anybody wrote to it: a publisher who is not to be trusted with
/// that could link numbers of others, and write to agents in their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publishers {
    /// Those of these organisations.
    These(HashSet<OrganizationId>),
    /// Everyone's.
    All,
}

impl Publishers {
    /// Whether this organisation's are.
    #[must_use]
    pub fn include(&self, organization: &OrganizationId) -> bool {
        match self {
            Self::These(these) => these.contains(organization),
            Self::All => true,
        }
    }

    /// Whether nobody's are.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::These(these) if these.is_empty())
    }

    /// Their ids, as the database's functions take them; `None`: everyone's.
    pub(crate) fn ids(&self) -> Option<Vec<String>> {
        match self {
            Self::These(these) => Some(these.iter().map(ToString::to_string).collect()),
            Self::All => None,
        }
    }
}

impl Default for Publishers {
    /// Nobody's.
    fn default() -> Self {
        Self::These(HashSet::new())
    }
}

/// The database counts leases in whole seconds.
fn seconds(time: Duration) -> i32 {
    let up = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(up).unwrap_or(i32::MAX)
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
