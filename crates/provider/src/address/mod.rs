//! Which addresses are called. Whoever saves a connection chooses where this server sends a request, so that what is only reachable
//! from inside is refused: by what the address says, and again by where its name leads at the moment of the connection.

mod allow;
mod ranges;

use std::net::IpAddr;

use url::{Host, Url};

use allow::Net;
pub use allow::{AllowList, AllowListError};

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither `https` nor, where the operator allows the host, `http`.
    #[error("it must begin with https://.")]
    Scheme,
    /// No host.
    #[error("it names no host.")]
    Host,
    /// A user name or a password in it.
    #[error("it must not hold a user name or a password.")]
    UserInfo,
    /// A host that is, or leads to, an address inside.
    #[error(
        "it leads to an address that is not public, which the operator of this server has not allowed."
    )]
    NotPublic,
}

/// The rules by which addresses are called.
#[derive(Debug, Clone)]
pub struct AddressGuard(AllowList);

impl AddressGuard {
    /// A guard that lets through what is public and what the operator allows.
    #[must_use]
    pub const fn new(allow: AllowList) -> Self {
        Self(allow)
    }

    /// Checks what an address says of itself. Where its name leads is checked when it is called: it may change until then.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] says why this address is never called.
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        let host = url.host().ok_or(Refusal::Host)?;
        let port = url.port_or_known_default().unwrap_or(0);
        if self.0.names(&host, port) {
            return Ok(());
        }
        let inside = match host {
            Host::Domain(name) => is_inside(name),
            Host::Ipv4(address) => !ranges::is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => !ranges::is_public(IpAddr::V6(address)),
        };
        if inside {
            return Err(Refusal::NotPublic);
        }
        if url.scheme() != "https" {
            return Err(Refusal::Scheme);
        }
        Ok(())
    }

    /// Checks where a host leads, at the moment of the connection. One address inside refuses them all: a name that leads both ways
    /// is up to something.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotPublic`].
    pub(crate) fn check_addresses(
        &self,
        host: &Host<&str>,
        port: u16,
        addresses: &[IpAddr],
    ) -> Result<(), Refusal> {
        let may = |address: IpAddr| ranges::is_public(address) || self.0.covers(address, port);
        if self.0.names(host, port) || addresses.iter().all(|address| may(*address)) {
            Ok(())
        } else {
            Err(Refusal::NotPublic)
        }
    }
}

/// Names that never lead outside: RFC 6761 and 6762, and what ICANN keeps for private use.
fn is_inside(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.is_empty()
        || [
            "localhost",
            "local",
            "internal",
            "intranet",
            "lan",
            "home.arpa",
        ]
        .iter()
        .any(|inside| {
            name.strip_suffix(inside)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn check(allow: &[&str], url: &str) -> Result<(), Refusal> {
        AddressGuard::new(AllowList::parse(allow.iter().copied()).unwrap())
            .check(&Url::parse(url).unwrap())
    }

    #[test]
    fn public_addresses_over_https_are_let_through() {
        for url in [
            "https://api.example.com/v1",
            "https://api.example.com:8443/v1?api-version=1",
            "https://1.1.1.1/v1",
            "https://[2606:4700::1111]/v1",
        ] {
            assert_eq!(check(&[], url), Ok(()), "{url}");
        }
    }

    #[test]
    fn addresses_inside_are_refused_however_they_are_written() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://169.254.169.254/latest/meta-data",
            "http://169.254.169.254/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "http://localhost:11434/v1",
            "https://①②⑦.0.0.1/",
        ] {
            assert_eq!(check(&[], url), Err(Refusal::NotPublic), "{url}");
        }
    }

    #[test]
    fn plain_http_and_other_schemes_are_refused() {
        for url in [
            "http://api.example.com/",
            "http://1.1.1.1/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert_eq!(check(&[], url), Err(Refusal::Scheme), "{url}");
        }
    }

    #[test]
    fn names_and_passwords_are_refused_even_where_the_host_is_allowed() {
        for url in [
            "https://a@example.com/",
            "https://:b@example.com/",
            "https://a:b@example.com/",
        ] {
            assert_eq!(
                check(&["example.com"], url),
                Err(Refusal::UserInfo),
                "{url}"
            );
        }
    }

    #[test]
    fn what_the_operator_names_is_let_through() {
        let allow = &["ollama.internal", "127.0.0.1:9000", "10.0.0.0/8"];
        for url in [
            "http://ollama.internal:11434/v1",
            "http://127.0.0.1:9000/v1",
            "http://10.1.2.3/v1",
            "https://[::ffff:10.1.2.3]/v1",
        ] {
            assert_eq!(check(allow, url), Ok(()), "{url}");
        }
        assert_eq!(
            check(allow, "http://127.0.0.1:9001/"),
            Err(Refusal::NotPublic)
        );
    }

    #[test]
    fn one_address_inside_refuses_a_name() {
        let guard = AddressGuard::new(AllowList::parse(["10.0.0.0/8"]).unwrap());
        let leads = |addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|a| a.parse().unwrap()).collect();
            guard.check_addresses(&Host::Domain("api.example.com"), 443, &addresses)
        };
        assert_eq!(leads(&["1.1.1.1", "2606:4700::1111"]), Ok(()));
        assert_eq!(leads(&["1.1.1.1", "10.0.0.1"]), Ok(()));
        assert_eq!(leads(&["1.1.1.1", "127.0.0.1"]), Err(Refusal::NotPublic));
        assert_eq!(leads(&["::ffff:127.0.0.1"]), Err(Refusal::NotPublic));
    }
}
