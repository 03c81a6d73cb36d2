//! Workers, and the providers they ask.

use std::path::PathBuf;
use std::time::Duration;

use agentry_provider::{AllowList, EchoSettings, Patience, Prices};
use clap::{ArgAction, Args};
use url::Url;

use super::ConfigError;
use super::units::{duration, web_url};

/// How agents answer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Answers")]
pub struct RunsConfig {
    /// How many replies this server works on at once; 0: it leaves them to others
    #[arg(
        long,
        env = "AGENTRY_RUN_WORKERS",
        value_name = "N",
        default_value = "64"
    )]
    pub run_workers: u32,
    /// How many replies of one organisation are worked on at once, on all servers together
    #[arg(long, env = "AGENTRY_RUNS_PER_ORGANIZATION", value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs_per_organization: u32,
    /// How many tokens of a conversation are sent, by estimate; the oldest messages are left out
    #[arg(long, env = "AGENTRY_CONTEXT_TOKENS", value_name = "N", default_value = "32000", value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    pub context_tokens: u32,
    /// After how long without word from it the replies of a server that was lost are taken over by others; whole seconds
    #[arg(long, env = "AGENTRY_RUN_LEASE", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub run_lease: Duration,
    /// How long replies under way may go on when the server stops
    #[arg(long, env = "AGENTRY_RUN_DRAIN", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub run_drain: Duration,
    /// Let the agent's model name conversations after their first exchange
    #[arg(long, env = "AGENTRY_TITLES", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub titles: bool,
    /// Where the service openai is, when not at api.openai.com
    #[arg(long, env = "AGENTRY_OPENAI_BASE_URL", value_name = "URL", value_parser = web_url)]
    pub openai_base_url: Option<Url>,
    /// Where the service anthropic is, when not at api.anthropic.com
    #[arg(long, env = "AGENTRY_ANTHROPIC_BASE_URL", value_name = "URL", value_parser = web_url)]
    pub anthropic_base_url: Option<Url>,
    /// Hosts, addresses and networks beyond the public ones that connections may name as their base URL, and gateways on WhatsApp as theirs, as ollama.internal, localhost:11434, 10.1.2.3 or 10.0.0.0/8; separated by commas
    #[arg(
        long,
        env = "AGENTRY_ALLOW_HOSTS",
        value_name = "HOST,…",
        value_delimiter = ','
    )]
    pub allow_hosts: Vec<String>,
    /// File of certificates (PEM) to trust beside the public ones when providers are called
    #[arg(long, env = "AGENTRY_PROVIDER_CA_FILE", value_name = "FILE")]
    pub provider_ca_file: Option<PathBuf>,
    /// File of prices (JSON) that goes before the built-in ones
    #[arg(long, env = "AGENTRY_PRICES_FILE", value_name = "FILE")]
    pub prices_file: Option<PathBuf>,
    /// How long a connection to a provider may take
    #[arg(long, env = "AGENTRY_PROVIDER_CONNECT_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub provider_connect_timeout: Duration,
    /// How long a provider may take to begin its answer
    #[arg(long, env = "AGENTRY_PROVIDER_FIRST_TOKEN_TIMEOUT", value_name = "TIME", default_value = "3m", value_parser = duration)]
    pub provider_first_token_timeout: Duration,
    /// How long a provider may be silent in the middle of its answer
    #[arg(long, env = "AGENTRY_PROVIDER_SILENCE_TIMEOUT", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub provider_silence_timeout: Duration,
    /// How long an answer may take in all, with the tries before it
    #[arg(long, env = "AGENTRY_PROVIDER_TIMEOUT", value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub provider_timeout: Duration,
    /// How long testApiConnection may take
    #[arg(long, env = "AGENTRY_PROVIDER_TEST_TIMEOUT", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub provider_test_timeout: Duration,
    /// How often a provider is asked when it refuses for the moment, before its first token
    #[arg(long, env = "AGENTRY_PROVIDER_TRIES", value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub provider_tries: u32,
    /// The wait before each word of the built-in service echo
    #[arg(long, env = "AGENTRY_ECHO_DELAY", value_name = "TIME", default_value = "20ms", value_parser = duration)]
    pub echo_delay: Duration,
}

impl RunsConfig {
    /// What the workers are told.
    #[must_use]
    pub fn workers(&self) -> agentry_runner::Settings {
        agentry_runner::Settings {
            workers: self.run_workers,
            per_organization: self.runs_per_organization,
            context_tokens: self.context_tokens,
            lease: self.run_lease,
            drain: self.run_drain,
            titles: self.titles,
            ..agentry_runner::Settings::default()
        }
    }

    /// What calls to providers are told; it reads the files that are named.
    ///
    /// # Errors
    /// [`ConfigError`] when a file cannot be read, or an entry understood.
    pub fn providers(&self) -> Result<agentry_provider::Settings, ConfigError> {
        let hosts = self.allow_hosts.iter().map(String::as_str);
        let allow = AllowList::parse(hosts).map_err(ConfigError::AllowHosts)?;
        let read = |name, path: &PathBuf| {
            std::fs::read(path).map_err(|error| ConfigError::File {
                name,
                why: error.to_string(),
            })
        };
        let certificates = match &self.provider_ca_file {
            Some(path) => read("AGENTRY_PROVIDER_CA_FILE", path)?,
            None => Vec::new(),
        };
        let prices = match &self.prices_file {
            Some(path) => {
                let text = read("AGENTRY_PRICES_FILE", path)?;
                let prices = Prices::parse(&String::from_utf8_lossy(&text));
                let why = |error: agentry_provider::PricesError| error.to_string();
                let prices = prices.map_err(why).map_err(ConfigError::Prices)?;
                prices.or(Prices::default())
            }
            None => Prices::default(),
        };
        let mut settings = agentry_provider::Settings {
            openai_base_url: self.openai_base_url.clone(),
            anthropic_base_url: self.anthropic_base_url.clone(),
            allow,
            certificates,
            patience: Patience {
                connect: self.provider_connect_timeout,
                first_token: self.provider_first_token_timeout,
                between_tokens: self.provider_silence_timeout,
                whole: self.provider_timeout,
                test: self.provider_test_timeout,
            },
            echo: EchoSettings {
                delay: self.echo_delay,
            },
            prices,
            ..agentry_provider::Settings::default()
        };
        settings.retries.tries = self.provider_tries;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::config::ConfigError;
    use crate::config::tests::config;

    #[test]
    fn the_settings_defaults_are_those_of_workers_and_providers() {
        let runs = config(&[]).runs;
        let workers = agentry_runner::Settings::default();
        assert_eq!(format!("{:?}", runs.workers()), format!("{workers:?}"));
        let providers = agentry_provider::Settings::default();
        let set = runs.providers().unwrap();
        assert_eq!(format!("{set:?}"), format!("{providers:?}"));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let refused = |flag: &str| config(&[flag]).runs.providers().unwrap_err();
        let hosts = refused("--allow-hosts=ollama.internal,10.0.0.0/99");
        assert!(matches!(hosts, ConfigError::AllowHosts(_)));
        let file = refused("--prices-file=/nowhere/prices.json");
        assert!(matches!(file, ConfigError::File { .. }));
    }
}
