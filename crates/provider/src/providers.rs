use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::address::AddressGuard;
use crate::call::{Caller, Learned};
use crate::circuit::Circuits;
use crate::http::{Http, Resolve, SystemResolver};
use crate::reply::Reply;
use crate::settings::SettingsError;
use crate::target::Target;
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
    http: Http,
    circuits: Circuits,
    learned: Learned,
}

impl Providers {
    /// Makes ready; nothing is called yet.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] says which setting cannot work.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Self::with_resolver(settings, Arc::new(SystemResolver))
    }

    pub(crate) fn with_resolver(
        settings: Settings,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, SettingsError> {
        let guard = AddressGuard::new(settings.allowed()?);
        let http = Http::new(&settings, guard.clone(), resolver)?;
        let circuits = Circuits::new(settings.circuit.clone());
        Ok(Self(Arc::new(Inner {
            settings,
            guard,
            http,
            circuits,
            learned: Learned::default(),
        })))
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
        let Inner {
            settings,
            guard,
            circuits,
            ..
        } = &*self.0;
        if endpoint.service.is_built_in() {
            return Ok(echo::answered(&settings.echo, request, 0));
        }
        let target = Target::of(endpoint, settings, guard)?;
        let pass = circuits.enter(&endpoint.identity)?;
        let end = Instant::now() + settings.patience.whole;
        let caller = self.caller();
        match timeout_at(end, caller.ask(&target, request))
            .await
            .unwrap_or(Err(ProviderError::TimedOut))
        {
            Ok((response, asked)) => Ok(Reply {
                body: response.into_body(),
                reader: Caller::reader(&target),
                key: target.key,
                pass: Some(pass),
                asked,
                end,
                patience: settings.patience.clone(),
                sizes: settings.sizes.clone(),
            }
            .events()),
            Err(error) => {
                pass.failed(&error);
                Err(error)
            }
        }
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

    /// Makes the call that costs nothing: asks which models there are, or what the key may do. It is made once, and even where the
    /// connection is left alone for its failures; where it succeeds it no longer is.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] says why calls by this connection fail.
    pub async fn test(&self, endpoint: &Endpoint) -> Result<TestReport, ProviderError> {
        if endpoint.service.is_built_in() {
            return Ok(TestReport {
                took: Duration::ZERO,
                models: vec![endpoint.service.name().to_owned()],
            });
        }
        let target = Target::of(endpoint, &self.0.settings, &self.0.guard)?;
        let start = Instant::now();
        let caller = self.caller();
        let models = timeout(self.0.settings.patience.test, caller.models(&target))
            .await
            .unwrap_or(Err(ProviderError::TimedOut))?;
        self.0.circuits.close(&endpoint.identity);
        Ok(TestReport {
            took: start.elapsed(),
            models,
        })
    }

    /// What tokens cost.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        &self.0.settings.prices
    }

    fn caller(&self) -> Caller<'_> {
        Caller {
            http: &self.0.http,
            settings: &self.0.settings,
            learned: &self.0.learned,
        }
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}
