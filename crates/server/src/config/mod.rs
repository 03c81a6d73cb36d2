//! Every setting, each by flag and by environment variable, with its default and its meaning.
//!
//! One struct a group; the sentences here are what `agentry --help` and `docs/configuration.md` say.

mod auth;
mod catalogue;
mod database;
mod embedded;
mod error;
mod http;
mod limits;
mod log;
mod mail;
#[cfg(test)]
mod page;
mod runs;
mod secrets;
mod units;
mod whatsapp;

use clap::Args;

pub use auth::{AuthConfig, SessionTokens};
pub use catalogue::CatalogueConfig;
pub use database::{DatabaseConfig, GivenDatabase};
pub use embedded::{EmbeddedConfig, ROOT_DATA_DIR};
pub use error::ConfigError;
pub use http::HttpConfig;
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use mail::MailConfig;
pub use runs::RunsConfig;
pub use secrets::SecretsConfig;
pub use whatsapp::WhatsAppConfig;

/// What every command that touches the database needs.
#[derive(Debug, Clone, Args)]
pub struct BaseConfig {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Agentry's own PostgreSQL.
    #[command(flatten)]
    pub embedded: EmbeddedConfig,
    /// Keys and secrets.
    #[command(flatten)]
    pub secrets: SecretsConfig,
    /// Logging.
    #[command(flatten)]
    pub log: LogConfig,
}

/// Everything the service needs.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Database, secrets, log.
    #[command(flatten)]
    pub base: BaseConfig,
    /// The HTTP service.
    #[command(flatten)]
    pub http: HttpConfig,
    /// Sessions.
    #[command(flatten)]
    pub auth: AuthConfig,
    /// Messages.
    #[command(flatten)]
    pub mail: MailConfig,
    /// Workers and providers.
    #[command(flatten)]
    pub runs: RunsConfig,
    /// WhatsApp.
    #[command(flatten)]
    pub whatsapp: WhatsAppConfig,
    /// Limits.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// The templates that come with the program.
    #[command(flatten)]
    pub catalogue: CatalogueConfig,
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::cli::{self, Command};

    /// The configuration `agentry` with these flags has.
    pub(crate) fn config(args: &[&str]) -> Config {
        match cli::tests::parse(args).unwrap() {
            Command::Serve(config) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let secret = "canary-0123456789-canary-0123456789";
        let url = format!("postgres://u:{secret}@h/d");
        let mut args: Vec<String> = [
            "encryption-keys",
            "encryption-key",
            "auth-secret",
            "agentuity-auth-secret",
        ]
        .iter()
        .chain(&["better-auth-secret"])
        .map(|name| format!("--{name}={secret}"))
        .collect();
        args.extend([
            format!("--mail-url=smtp://u:{secret}@h"),
            format!("--database-url={url}"),
            format!("--database-owner-url={url}"),
            format!("--database-listen-url={url}"),
        ]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let config = config(&args);
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let config = config(&["--trusted-origins=https://a.example,https://b.example:8443"]);
        assert_eq!(
            config.http.trusted_origins,
            ["https://a.example", "https://b.example:8443"]
        );
    }
}
