//! Checks of what a key is asked to be.

use agentry_db::api_key::{Owner, Terms};
use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::check::Checks;

/// The longest name; better-auth's own.
pub(super) const MAX_NAME: usize = 32;
/// The longest life of a key: 365 days, as better-auth has it.
const MAX_LIFE: i32 = 365 * 24 * 3_600;
/// The longest window, and the longest time between refills, in seconds: what milliseconds in 32 bits hold.
const MAX_SECONDS: i32 = i32::MAX / 1_000;
/// The longest permissions, as JSON.
const MAX_PERMISSIONS: usize = 4_096;
/// The longest word of them.
const MAX_WORD: usize = 64;

/// How often a key may be used.
#[derive(Debug, Clone, Copy, InputObject, Serialize)]
pub struct ApiKeyRateLimitInput {
    /// So many times, 1 or more.
    max: i32,
    /// In so many seconds, 1 to 2,147,483.
    window_seconds: i32,
}

/// How a key's remaining uses are set again.
#[derive(Debug, Clone, Copy, InputObject, Serialize)]
pub struct ApiKeyRefillInput {
    /// To so many, 1 or more.
    amount: i32,
    /// Every so many seconds, 1 to 2,147,483.
    interval_seconds: i32,
}

/// `max` and the window in milliseconds, as stored.
pub(super) fn rate_limit(checks: &mut Checks, limit: ApiKeyRateLimitInput) -> (i32, i32) {
    let window = seconds(checks, "rateLimit", limit.window_seconds);
    positive(checks, "rateLimit", limit.max);
    (limit.max, window)
}

/// The interval in milliseconds and the amount, as stored.
pub(super) fn refill(checks: &mut Checks, refill: ApiKeyRefillInput) -> (i32, i32) {
    let interval = seconds(checks, "refill", refill.interval_seconds);
    positive(checks, "refill", refill.amount);
    (interval, refill.amount)
}

/// Whose a key is, for the audit trail.
pub(super) fn owner_name(owner: Owner) -> Value {
    match owner {
        Owner::Me => json!("user"),
        Owner::Organization(role) => json!({ "organizationRole": role.as_str() }),
    }
}

pub(super) fn remaining(checks: &mut Checks, count: i32) -> i32 {
    if count < 0 {
        checks.refuse("remaining", "It must be 0 or more.");
    }
    count
}

/// A refill without a count to fill would do nothing.
pub(super) fn terms(checks: &mut Checks, terms: &Terms) {
    if terms.refill.is_some() && terms.remaining.is_none() {
        checks.refuse("refill", "It needs remaining.");
    }
}

/// When a key ends that lives so many seconds from now.
pub(super) fn expiry(checks: &mut Checks, life: i32) -> DateTime<Utc> {
    if !(1..=MAX_LIFE).contains(&life) {
        checks.refuse("expiresIn", format!("It must be 1 to {MAX_LIFE} seconds."));
    }
    Utc::now() + TimeDelta::seconds(life.clamp(1, MAX_LIFE).into())
}

/// 1 to 32 letters, digits, `_` and `-`: what better-auth takes.
pub(super) fn prefix(checks: &mut Checks, prefix: &str) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !(1..=32).contains(&prefix.len()) || !prefix.bytes().all(plain) {
        checks.refuse("prefix", "It must be 1 to 32 of A-Z, a-z, 0-9, _ and -.");
    }
}

/// A JSON object of nouns with lists of actions, as stored. Nouns of other programs that read the same keys are welcome.
pub(super) fn permissions(checks: &mut Checks, value: &Value) -> String {
    let text = value.to_string();
    let word = |word: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:*".contains(&b);
        (1..=MAX_WORD).contains(&word.len()) && word.bytes().all(plain)
    };
    let actions = |actions: &Value| {
        let words = actions.as_array();
        words.is_some_and(|all| all.iter().all(|action| action.as_str().is_some_and(word)))
    };
    let fits = value
        .as_object()
        .is_some_and(|nouns| nouns.iter().all(|(noun, list)| word(noun) && actions(list)));
    if !fits || text.len() > MAX_PERMISSIONS {
        checks.refuse(
            "permissions",
            "It must be a JSON object of nouns, each with a list of actions, of at most 4096 bytes.",
        );
    }
    text
}

fn seconds(checks: &mut Checks, field: &str, value: i32) -> i32 {
    if !(1..=MAX_SECONDS).contains(&value) {
        checks.refuse(field, format!("It must be 1 to {MAX_SECONDS} seconds."));
    }
    value.clamp(1, MAX_SECONDS) * 1_000
}

fn positive(checks: &mut Checks, field: &str, value: i32) {
    if value < 1 {
        checks.refuse(field, "It must be 1 or more.");
    }
}
