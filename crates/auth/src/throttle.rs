//! How often somebody may try: the keys of the counters that all replicas share.
//!
//! A counter's key outlives the request, and is read by whoever looks after the database: no key holds an email address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use agentry_db::ids::UserId;
use agentry_db::rate_limit::{self, RateLimit};
use agentry_db::{Db, DbError};
use ring::digest;

use crate::email::Email;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt<'a> {
    /// Signing in from a network address.
    FromNetwork(Option<IpAddr>),
    /// Signing in to an account, whether or not there is one.
    OnAccount(&'a Email),
    /// Signing up from a network address.
    NewAccount(Option<IpAddr>),
    /// Noting that an account, whether or not there is one, was tried too often.
    NotedOf(&'a Email),
    /// Asking from a network address for a message.
    MailFromNetwork(Option<IpAddr>),
    /// Asking for a message to this address, whether or not it is an account's.
    MailTo(MailAbout, &'a Email),
    /// Inviting people, whomever, by this user.
    InvitationsBy(&'a UserId),
    /// Having agents answer, whichever, by this user.
    RunsBy(&'a UserId),
    /// Trying tokens of messages from a network address.
    LinkFromNetwork(Option<IpAddr>),
}

/// What a message is about, each counted apart: nobody keeps a reset from reaching a person by inviting them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailAbout {
    /// A new password.
    Reset,
    /// The address itself.
    Verification,
    /// An organisation.
    Invitation,
}

impl Attempt<'_> {
    /// Counts this attempt; `Err` inside says how long to wait.
    pub(crate) async fn count(
        self,
        db: &Db,
        limit: RateLimit,
    ) -> Result<Result<(), Duration>, DbError> {
        rate_limit::hit(db, &self.key(), limit).await
    }

    fn key(self) -> String {
        match self {
            Self::FromNetwork(ip) => format!("sign-in:from:{}", network(ip)),
            Self::OnAccount(email) => format!("sign-in:to:{}", fingerprint(email)),
            Self::NewAccount(ip) => format!("sign-up:from:{}", network(ip)),
            Self::NotedOf(email) => format!("sign-in:noted:{}", fingerprint(email)),
            Self::MailFromNetwork(ip) => format!("mail:from:{}", network(ip)),
            Self::MailTo(about, email) => format!("{}:to:{}", about.word(), fingerprint(email)),
            Self::InvitationsBy(user) => format!("invite:by:{user}"),
            Self::RunsBy(user) => format!("run:by:{user}"),
            Self::LinkFromNetwork(ip) => format!("link:from:{}", network(ip)),
        }
    }
}

impl MailAbout {
    const fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Verification => "verify",
            Self::Invitation => "invite",
        }
    }
}

/// One name for all addresses a client can choose from: of IPv6, providers hand out the lower 64 bits whole. Clients whose
/// address is not known share one counter, so that hiding it is no way around the limit.
fn network(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let prefix = u128::from(ip) & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from(prefix))
        }
    }
}

/// SHA-256 of the normalised address. It keeps addresses out of a table, not from somebody who can guess one.
fn fingerprint(email: &Email) -> String {
    hex::encode(digest::digest(&digest::SHA256, email.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn to(email: &str) -> String {
        Attempt::OnAccount(&Email::parse(email).unwrap()).key()
    }

    fn from(ip: &str) -> String {
        Attempt::FromNetwork(Some(ip.parse().unwrap())).key()
    }

    #[test]
    fn account_key_is_a_hash_of_the_normalised_address() {
        // printf ada@example.com | sha256sum
        assert_eq!(
            to(" Ada@Example.com"),
            "sign-in:to:b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"
        );
        assert_ne!(to("ada@example.com"), to("ida@example.com"));
        assert!(!to("ada@example.com").contains("ada"));
    }

    #[test]
    fn network_is_one_address_or_one_prefix() {
        assert_eq!(from("192.0.2.7"), "sign-in:from:192.0.2.7");
        assert_eq!(from("::ffff:192.0.2.7"), from("192.0.2.7"));
        assert_eq!(
            from("2001:db8:1:2:3:4:5:6"),
            "sign-in:from:2001:db8:1:2::/64"
        );
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::"));
        assert_ne!(from("2001:db8:1:3::1"), from("2001:db8:1:2::1"));
        assert_eq!(Attempt::FromNetwork(None).key(), "sign-in:from:unknown");
    }

    #[test]
    fn signing_up_and_in_are_counted_apart() {
        let ip = Some("192.0.2.7".parse().unwrap());
        assert_ne!(
            Attempt::FromNetwork(ip).key(),
            Attempt::NewAccount(ip).key()
        );
    }
}
