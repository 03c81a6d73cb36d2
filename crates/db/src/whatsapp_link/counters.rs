//! How often what happened to links, in this process. Whoever exposes metrics reads them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Claim, Outcome};

static CLAIMED: AtomicU64 = AtomicU64::new(0);
static VERIFIED: AtomicU64 = AtomicU64::new(0);
static CONFLICTS: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static UNLINKED: AtomicU64 = AtomicU64::new(0);

/// Counts since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Numbers claimed.
    pub claimed: u64,
    /// Senders verified.
    pub verified: u64,
    /// Claims and codes refused because somebody else had shown the number.
    pub conflicts: u64,
    /// Codes refused for another reason: unknown, late, from another sender, too many.
    pub refused: u64,
    /// Claims of others that ended because the number was verified.
    pub dropped: u64,
    /// Numbers taken back.
    pub unlinked: u64,
}

impl LinkCounts {
    /// As they are now.
    #[must_use]
    pub fn read() -> Self {
        Self {
            claimed: CLAIMED.load(Relaxed),
            verified: VERIFIED.load(Relaxed),
            conflicts: CONFLICTS.load(Relaxed),
            refused: REFUSED.load(Relaxed),
            dropped: DROPPED.load(Relaxed),
            unlinked: UNLINKED.load(Relaxed),
        }
    }
}

pub(super) fn claimed(claim: &Claim) {
    match claim {
        Claim::Open { .. } => CLAIMED.fetch_add(1, Relaxed),
        Claim::AlreadyLinked => CONFLICTS.fetch_add(1, Relaxed),
        Claim::Verified | Claim::NoMember => 0,
    };
}

pub(super) fn unlinked(numbers: usize) {
    UNLINKED.fetch_add(u64::try_from(numbers).unwrap_or(u64::MAX), Relaxed);
}

pub(super) fn refused() {
    REFUSED.fetch_add(1, Relaxed);
}

pub(super) fn redeemed(outcome: &Outcome) {
    match outcome {
        Outcome::Verified(verified) => {
            DROPPED.fetch_add(verified.dropped.into(), Relaxed);
            VERIFIED.fetch_add(1, Relaxed);
        }
        Outcome::AlreadyLinked(_) => {
            CONFLICTS.fetch_add(1, Relaxed);
        }
        Outcome::Expired(_)
        | Outcome::SenderMismatch(_)
        | Outcome::Unknown
        | Outcome::TooMany(_) => refused(),
    }
}
