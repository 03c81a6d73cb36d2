use std::time::Duration;

use url::Url;

use crate::address::{AddressGuard, AllowList, Refusal};
use crate::prices::Prices;

/// What the operator decides about calls to providers.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where the service `openai` is, instead of its own address. The guard takes the operator's word for it.
    pub openai_base_url: Option<Url>,
    /// Where the service `anthropic` is, instead of its own address. The guard takes the operator's word for it.
    pub anthropic_base_url: Option<Url>,
    /// What connections may name as their `base_url` beyond public addresses.
    pub allow: AllowList,
    /// Certificates to trust beside the public ones, in PEM form: those of an operator's own authority.
    pub certificates: Vec<u8>,
    /// How long things may take.
    pub patience: Patience,
    /// How often to try again.
    pub retries: Retries,
    /// When to leave a connection alone.
    pub circuit: CircuitSettings,
    /// How large things may be.
    pub sizes: Sizes,
    /// What the built-in service does.
    pub echo: EchoSettings,
    /// What tokens cost.
    pub prices: Prices,
}

impl Settings {
    /// What may be called beyond public addresses: what is said in `allow`, and where the operator says that services are.
    pub(crate) fn allowed(&self) -> Result<AllowList, SettingsError> {
        let mut allow = self.allow.clone();
        let services = [
            ("openai", &self.openai_base_url),
            ("anthropic", &self.anthropic_base_url),
        ];
        for (service, url) in services {
            let Some(url) = url else {
                continue;
            };
            let refused = |refusal| SettingsError::Address { service, refusal };
            let host = url.host().ok_or(refused(Refusal::Host))?;
            let port = url
                .port_or_known_default()
                .ok_or(refused(Refusal::Scheme))?;
            allow.add(&host, port);
            AddressGuard::new(allow.clone())
                .check(url)
                .map_err(refused)?;
        }
        Ok(allow)
    }
}

/// How long the parts of a call may take.
#[derive(Debug, Clone)]
pub struct Patience {
    /// From nothing to a connection, TLS included.
    pub connect: Duration,
    /// From the request to the first token of the answer.
    pub first_token: Duration,
    /// Between two signs of life after that.
    pub between_tokens: Duration,
    /// The whole call, its retries included.
    pub whole: Duration,
    /// A test of a connection.
    pub test: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            // Reasoning models think for minutes without a word.
            first_token: Duration::from_mins(3),
            between_tokens: Duration::from_mins(1),
            whole: Duration::from_mins(15),
            test: Duration::from_secs(15),
        }
    }
}

/// How often a call that was not answered is made again.
#[derive(Debug, Clone)]
pub struct Retries {
    /// Tries in all; 1: none again.
    pub tries: u32,
    /// The wait after the first try; it doubles after each, and each is drawn from its upper half.
    pub first_wait: Duration,
    /// The longest such wait.
    pub longest_wait: Duration,
    /// The longest `Retry-After` that is waited for; a longer one is told to the caller at once.
    pub longest_retry_after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(20),
        }
    }
}

/// When a connection is left alone.
#[derive(Debug, Clone)]
pub struct CircuitSettings {
    /// Calls in a row that failed transiently, after which it opens.
    pub failures: u32,
    /// How long it stays open; then one call may try.
    pub cool_down: Duration,
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            cool_down: Duration::from_secs(30),
        }
    }
}

/// How large answers may be, in bytes.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// One frame of a stream.
    pub frame: usize,
    /// Everything that is said in an answer: its text and its tool calls.
    pub answer: usize,
    /// Everything that comes over the wire for one answer, frames and all.
    pub wire: usize,
    /// The body of a refusal; what is beyond it is not read.
    pub refusal: usize,
    /// A list of models.
    pub models: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            frame: 1 << 20,
            answer: 2 << 20,
            wire: 64 << 20,
            refusal: 64 << 10,
            models: 8 << 20,
        }
    }
}

/// What the built-in service does.
#[derive(Debug, Clone)]
pub struct EchoSettings {
    /// The wait before each word.
    pub delay: Duration,
}

impl Default for EchoSettings {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(20),
        }
    }
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An operator's address of a service is none that can be called.
    #[error("the address of the service `{service}` cannot be used: {refusal}")]
    Address {
        /// The service.
        service: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// The certificates are not PEM, or hold no certificate.
    #[error("the certificates to trust cannot be read: {0}")]
    Certificates(String),
    /// No TLS with what this program was built with.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
