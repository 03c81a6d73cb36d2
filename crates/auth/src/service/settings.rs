use std::time::Duration;

use agentry_db::rate_limit::RateLimit;

use crate::session_token::TokenStorage;

/// How sessions are kept, and how often somebody may try to sign up or in, counted over all replicas. A refused attempt is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthSettings {
    /// Attempts to sign in from one network address (of IPv6: one /64), good ones included.
    pub sign_in_per_address: RateLimit,
    /// Attempts to sign in to one account, good ones included. It slows down whoever guesses from many addresses; it also lets
    /// them keep the account's owner out, so it should not be much stricter than that needs.
    pub sign_in_per_account: RateLimit,
    /// Attempts to sign up from one network address, once the form is filled in properly.
    pub sign_up_per_address: RateLimit,
    /// Messages asked for from one network address.
    pub mail_per_address: RateLimit,
    /// Messages of one kind to one address, whether or not it is an account's.
    pub mail_per_account: RateLimit,
    /// Whether only a verified address signs in.
    pub require_verified_email: bool,
    /// Whether everyone is given a personal organisation: when they sign up, and whenever they act without one. Where not, nobody
    /// signs up, and people act where they have been members for longest.
    pub personal_organizations: bool,
    /// What the database holds of session tokens.
    pub session_tokens: TokenStorage,
}

impl Default for AuthSettings {
    /// 30 in a minute, 10 in a minute and 20 in an hour: room for an office behind one address, none for guessing. Messages: 30 and
    /// 5 in an hour. Addresses need not be verified.
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        const HOUR: Duration = Duration::from_hours(1);
        let limit = |count, window| RateLimit { count, window };
        Self {
            sign_in_per_address: limit(30, MINUTE),
            sign_in_per_account: limit(10, MINUTE),
            sign_up_per_address: limit(20, HOUR),
            mail_per_address: limit(30, HOUR),
            mail_per_account: limit(5, HOUR),
            require_verified_email: false,
            personal_organizations: true,
            session_tokens: TokenStorage::Plain,
        }
    }
}
