use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tower_service::Service;
use url::Host;

use super::stream::Wire;
use crate::address::AddressGuard;
use crate::{ProviderError, Refusal, Unreachable};

/// Finds the addresses of a name.
pub(crate) trait Resolve: Send + Sync {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the machine finds them.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// Makes connections. Names are looked up here, what was found is checked here, and the very addresses that were checked are connected
/// to: no second look-up can lead elsewhere. Hosts that are addresses already take the same way.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    guard: AddressGuard,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    patience: Duration,
}

impl Connector {
    pub(super) fn new(
        guard: AddressGuard,
        resolver: Arc<dyn Resolve>,
        tls: Arc<ClientConfig>,
        patience: Duration,
    ) -> Self {
        Self(Arc::new(Inner {
            guard,
            resolver,
            tls: TlsConnector::from(tls),
            patience,
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = ProviderError;
    type Future = BoxFuture<'static, Result<Self::Response, ProviderError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ProviderError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        async move {
            match timeout(inner.patience, inner.connect(&uri)).await {
                Ok(wire) => wire.map(TokioIo::new),
                Err(_) => Err(ProviderError::Unreachable(Unreachable::Slow)),
            }
        }
        .boxed()
    }
}

impl Inner {
    async fn connect(&self, uri: &Uri) -> Result<Wire, ProviderError> {
        let refused = ProviderError::AddressRefused;
        let is_tls = uri.scheme_str() == Some("https");
        let text = uri.host().ok_or(refused(Refusal::Host))?;
        let host = Host::parse(text).map_err(|_| refused(Refusal::Host))?;
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let (host, addresses) = match &host {
            Host::Ipv4(address) => (Host::Ipv4(*address), vec![IpAddr::V4(*address)]),
            Host::Ipv6(address) => (Host::Ipv6(*address), vec![IpAddr::V6(*address)]),
            Host::Domain(name) => {
                let found = self.resolver.resolve(name.clone()).await;
                (Host::Domain(name.as_str()), found.unwrap_or_default())
            }
        };
        if addresses.is_empty() {
            return Err(ProviderError::Unreachable(Unreachable::Name));
        }
        self.guard
            .check_addresses(&host, port, &addresses)
            .map_err(refused)?;
        let stream = self.reach(&addresses, port).await?;
        if !is_tls {
            return Ok(Wire::Plain(stream));
        }
        let failed = ProviderError::Unreachable(Unreachable::Tls);
        let name = match host {
            Host::Domain(name) => {
                ServerName::try_from(name.to_owned()).map_err(|_| failed.clone())?
            }
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            tracing::debug!(%error, "a provider could not be reached over TLS");
            failed
        })?;
        Ok(Wire::Tls(Box::new(stream)))
    }

    /// Tries the addresses in turn, each for its share of the time that is left.
    async fn reach(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, ProviderError> {
        let end = Instant::now() + self.patience;
        let mut fault = Unreachable::Refused;
        for (tried, address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = (end - Instant::now()) / left;
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            match timeout_at(Instant::now() + share, connecting).await {
                Ok(Ok(stream)) => {
                    // Small writes, one at a time: nothing to wait together for.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(_)) => fault = Unreachable::Refused,
                Err(_) => fault = Unreachable::Slow,
            }
        }
        Err(ProviderError::Unreachable(fault))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::net::TcpListener;

    use super::*;
    use crate::AllowList;

    fn connector(allow: &[&str], patience: u64) -> Connector {
        let guard = AddressGuard::new(AllowList::parse(allow.iter().copied()).unwrap());
        let tls = super::super::tls::config(b"").unwrap();
        let patience = Duration::from_millis(patience);
        Connector::new(guard, Arc::new(SystemResolver), tls, patience)
    }

    #[tokio::test]
    async fn hosts_that_are_addresses_are_checked_here_too() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "localhost"] {
            let uri: Uri = format!("http://{host}:{port}/").parse().unwrap();
            let outcome = connector(&[], 5_000).call(uri).await.err();
            let refused = ProviderError::AddressRefused(Refusal::NotPublic);
            assert_eq!(outcome, Some(refused), "{host}");
        }
        let uri: Uri = format!("http://127.0.0.1:{port}/").parse().unwrap();
        assert!(connector(&["127.0.0.0/8"], 5_000).call(uri).await.is_ok());
    }

    #[tokio::test]
    async fn a_connection_that_does_not_come_about_is_given_up() {
        // It takes the connection and never speaks TLS.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let uri: Uri = format!("https://127.0.0.1:{port}/").parse().unwrap();
        let outcome = connector(&["127.0.0.0/8"], 100).call(uri).await.err();
        assert_eq!(outcome, Some(ProviderError::Unreachable(Unreachable::Slow)));
    }
}
