//! HTTP to providers: hyper's client over a connector of ours, through which every connection passes. There is no proxy, no redirect
//! and no cookie to switch off: none of that is there.

mod connector;
mod key;
mod stream;
mod tls;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::address::AddressGuard;
use crate::settings::{Settings, SettingsError};
use crate::{ProviderError, Unreachable};

pub(crate) use connector::{Resolve, SystemResolver};
pub(crate) use key::KeyHeader;

use connector::Connector;

/// How long a connection that nobody uses is kept: less than providers keep it.
const IDLE: Duration = Duration::from_secs(50);

/// How many of them, for each host.
const IDLE_CONNECTIONS: usize = 32;

/// The most headers of an answer.
const HEADERS: usize = 128;

/// The connections to all providers. Clones share them.
#[derive(Clone)]
pub(crate) struct Http(Client<Connector, Full<Bytes>>);

impl Http {
    pub(crate) fn new(
        settings: &Settings,
        guard: AddressGuard,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, SettingsError> {
        let tls = tls::config(&settings.certificates)?;
        let connector = Connector::new(guard, resolver, tls, settings.patience.connect);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_headers(HEADERS)
            // Only requests of which nothing was sent yet are sent again by themselves.
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Self(client))
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ProviderError> {
        self.0.request(request).await.map_err(|error| fault(&error))
    }
}

/// What a fault below means: our own where the connector raised it, else that the connection was of no use.
fn fault(error: &(dyn Error + 'static)) -> ProviderError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<ProviderError>() {
            return ours.clone();
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>()
            && hyper.is_parse()
        {
            return ProviderError::Malformed("it is not HTTP");
        }
        cause = error.source();
    }
    ProviderError::Unreachable(Unreachable::Closed)
}
