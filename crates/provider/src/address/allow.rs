use std::net::IpAddr;
use std::str::FromStr;

use url::Host;

/// What the operator lets connections name as their address beyond what is public.
///
/// Entries are host names (`ollama.internal`), host names with a port (`localhost:11434`), addresses (`10.1.2.3`, `[fd00::1]:8000`) and
/// networks (`10.1.0.0/16`, `fd00::/8`). A host that is named may be called over plain HTTP and may be anywhere; a network covers the
/// addresses in it, and the names that lead there over HTTPS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Name { name: String, port: Option<u16> },
    Address { address: IpAddr, port: u16 },
    Net(Net),
}

/// A network: the addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    start: IpAddr,
    length: u8,
}

impl Net {
    /// The network of the addresses whose first `length` bits are those of `start`.
    pub(super) const fn new(start: IpAddr, length: u8) -> Self {
        Self { start, length }
    }

    pub(super) fn holds(self, address: IpAddr) -> bool {
        let differ = match (self.start, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
            (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differ.leading_zeros() >= u32::from(self.length)
    }
}

/// An entry that is neither a host, nor an address, nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host name, address or network, as ollama.internal, localhost:11434, 10.1.2.3 or 10.0.0.0/8"
)]
pub struct AllowListError(String);

impl AllowList {
    /// Reads the entries.
    ///
    /// # Errors
    ///
    /// [`AllowListError`] names the first that cannot be read.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, AllowListError> {
        entries
            .into_iter()
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                entry
                    .parse()
                    .map_err(|Unread| AllowListError(entry.to_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Lets this host be called at this port too.
    pub(crate) fn add(&mut self, host: &Host<&str>, port: u16) {
        self.0.push(match host {
            Host::Domain(name) => Entry::Name {
                name: plain_name(name),
                port: Some(port),
            },
            Host::Ipv4(address) => Entry::Address {
                address: IpAddr::V4(*address),
                port,
            },
            Host::Ipv6(address) => Entry::Address {
                address: IpAddr::V6(*address),
                port,
            },
        });
    }

    /// Whether the host itself is named, at this port.
    pub(super) fn names(&self, host: &Host<&str>, port: u16) -> bool {
        match host {
            Host::Domain(host) => self.0.iter().any(|entry| match entry {
                Entry::Name { name, port: at } => {
                    *name == plain_name(host) && at.is_none_or(|at| at == port)
                }
                Entry::Address { .. } | Entry::Net(_) => false,
            }),
            Host::Ipv4(address) => self.covers(IpAddr::V4(*address), port),
            Host::Ipv6(address) => self.covers(IpAddr::V6(*address), port),
        }
    }

    /// Whether the address is named, or in a network that is.
    pub(super) fn covers(&self, address: IpAddr, port: u16) -> bool {
        self.0.iter().any(|entry| match entry {
            Entry::Net(net) => net.holds(address) || net.holds(address.to_canonical()),
            Entry::Address {
                address: named,
                port: at,
            } => *named == address && *at == port,
            Entry::Name { .. } => false,
        })
    }
}

struct Unread;

impl FromStr for Entry {
    type Err = Unread;

    fn from_str(text: &str) -> Result<Self, Unread> {
        if let Ok(address) = text.parse::<IpAddr>() {
            let length = if address.is_ipv4() { 32 } else { 128 };
            return Ok(Self::Net(Net::new(address, length)));
        }
        if let Some((start, length)) = text.split_once('/') {
            let start: IpAddr = start.parse().map_err(|_| Unread)?;
            let length: u8 = length.parse().map_err(|_| Unread)?;
            let most = if start.is_ipv4() { 32 } else { 128 };
            return if length <= most {
                Ok(Self::Net(Net::new(start, length)))
            } else {
                Err(Unread)
            };
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| Unread)?)),
            None => (text, None),
        };
        // Only what a URL would make of it is ever compared.
        match (Host::parse(host).map_err(|_| Unread)?, port) {
            (Host::Domain(name), port) => Ok(Self::Name {
                name: plain_name(&name),
                port,
            }),
            (Host::Ipv4(address), Some(port)) => Ok(Self::Address {
                address: IpAddr::V4(address),
                port,
            }),
            (Host::Ipv6(address), Some(port)) => Ok(Self::Address {
                address: IpAddr::V6(address),
                port,
            }),
            (Host::Ipv4(_) | Host::Ipv6(_), None) => Err(Unread),
        }
    }
}

/// A name as it is compared: without the dot that may end it, in lower case.
fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn host(text: &str) -> Host<String> {
        Host::parse(text).unwrap()
    }

    fn names(list: &AllowList, text: &str, port: u16) -> bool {
        let host = host(text);
        let host = match &host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        list.names(&host, port)
    }

    #[test]
    fn each_kind_of_entry_names_what_it_says_and_no_more() {
        let list = AllowList::parse([
            "ollama.internal",
            "localhost:11434",
            " 10.1.0.0/16 ",
            "192.168.0.7",
            "127.0.0.1:9000",
            "fd00::/8",
            "[::1]:9000",
            "",
        ])
        .unwrap();
        for (host, port, named) in [
            ("ollama.internal", 80, true),
            ("OLLAMA.internal.", 8443, true),
            ("x.ollama.internal", 80, false),
            ("localhost", 11434, true),
            ("localhost", 11435, false),
            ("10.1.2.3", 80, true),
            ("10.2.2.3", 80, false),
            ("192.168.0.7", 1, true),
            ("192.168.0.8", 1, false),
            ("127.0.0.1", 9000, true),
            ("127.0.0.1", 9001, false),
            ("[fd12::1]", 80, true),
            ("[fe80::1]", 80, false),
            ("[::1]", 9000, true),
            ("[::1]", 80, false),
        ] {
            assert_eq!(names(&list, host, port), named, "{host}:{port}");
        }
    }

    #[test]
    fn entries_that_are_nothing_are_refused_by_name() {
        for entry in [
            "10.0.0.0/33",
            "fd00::/129",
            "a b",
            "host:port",
            "http://x/",
            "x/8",
            "[::1]",
        ] {
            let error = AllowList::parse(["10.0.0.0/8", entry]).unwrap_err();
            assert!(error.to_string().contains(entry), "{error}");
        }
    }
}
