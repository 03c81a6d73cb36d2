//! The database: a given one, or none, which means Agentry's own.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::error::ConfigError;
use super::units::{duration, secret};

/// Where the database is and how it is used.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseConfig {
    /// The database, as the service's restricted login; without it Agentry runs a PostgreSQL of its own
    #[arg(long = "database-url", env = "DATABASE_URL", value_name = "URL", value_parser = secret, hide_env_values = true)]
    pub url: Option<SecretString>,
    /// The same database as the login that owns the tables, for migrations
    #[arg(long = "database-owner-url", env = "DATABASE_OWNER_URL", value_name = "URL", value_parser = secret, hide_env_values = true)]
    pub owner_url: Option<SecretString>,
    /// The same database as the service's login and past any pooler, for LISTEN, which a pooler cannot pass on; `DATABASE_URL` when not given
    #[arg(long = "database-listen-url", env = "DATABASE_LISTEN_URL", value_name = "URL", value_parser = secret, hide_env_values = true)]
    pub listen_url: Option<SecretString>,
    /// Connections of the service; 8 to 16 keep two cores busy, more only queue
    #[arg(long, env = "AGENTRY_POOL_SIZE", value_name = "N", default_value = "12", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pool_size: u32,
    /// How long a request waits for a connection before it is told UNAVAILABLE
    #[arg(long, env = "AGENTRY_ACQUIRE_TIMEOUT", value_name = "TIME", default_value = "3s", value_parser = duration)]
    pub acquire_timeout: Duration,
    /// How long one statement may run
    #[arg(long, env = "AGENTRY_STATEMENT_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub statement_timeout: Duration,
    /// How long a transaction may sit idle before PostgreSQL ends it
    #[arg(long, env = "AGENTRY_IDLE_TRANSACTION_TIMEOUT", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub idle_transaction_timeout: Duration,
}

/// The logins of a given database.
#[derive(Debug, Clone)]
pub struct GivenDatabase {
    /// The service's restricted login.
    pub service: PgConnectOptions,
    /// Its password, to make the login with when it is missing.
    pub service_password: Option<SecretString>,
    /// The owner's login, if given.
    pub owner: Option<PgConnectOptions>,
    /// Where to listen for notifications, if not there.
    pub listen: Option<PgConnectOptions>,
}

impl DatabaseConfig {
    /// The given database, or `None` when Agentry is to run its own. An empty value counts as not given.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a URL is malformed, or another than the service's is given without that.
    pub fn given(&self) -> Result<Option<GivenDatabase>, ConfigError> {
        let given = |value: &Option<SecretString>| {
            value.clone().filter(|url| !url.expose_secret().is_empty())
        };
        let (owner, listen) = (given(&self.owner_url), given(&self.listen_url));
        let service = match (given(&self.url), &owner, &listen) {
            (Some(service), ..) => service,
            (None, None, None) => return Ok(None),
            (None, Some(_), _) => return Err(ConfigError::OwnerWithoutService),
            (None, None, Some(_)) => return Err(ConfigError::ListenWithoutService),
        };
        Ok(Some(GivenDatabase {
            service_password: password(&service),
            service: parse("DATABASE_URL", &service)?,
            owner: owner
                .map(|url| parse("DATABASE_OWNER_URL", &url))
                .transpose()?,
            listen: listen
                .map(|url| parse("DATABASE_LISTEN_URL", &url))
                .transpose()?,
        }))
    }
}

/// The password of a database URL, percent-decoded.
fn password(url: &SecretString) -> Option<SecretString> {
    let url = Url::parse(url.expose_secret()).ok()?;
    let decoded = percent_encoding::percent_decode_str(url.password()?)
        .decode_utf8()
        .ok()?;
    Some(SecretString::from(decoded.into_owned()))
}

fn parse(name: &'static str, url: &SecretString) -> Result<PgConnectOptions, ConfigError> {
    let wrong = |_| ConfigError::DatabaseUrl { name };
    let text = url.expose_secret();
    let parsed = Url::parse(text).map_err(|_| ConfigError::DatabaseUrl { name })?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(ConfigError::DatabaseUrl { name });
    }
    text.parse().map_err(|error: sqlx::Error| wrong(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::tests::config;

    fn given(args: &[&str]) -> Result<Option<GivenDatabase>, ConfigError> {
        config(args).base.database.given()
    }

    #[test]
    fn nothing_or_empty_means_our_own() {
        assert!(given(&[]).unwrap().is_none());
        assert!(given(&["--database-url="]).unwrap().is_none());
    }

    #[test]
    fn every_url_is_read() {
        let args = [
            "--database-url=postgres://s:pw@h:6432/d",
            "--database-owner-url=postgresql://o@h/d",
            "--database-listen-url=postgresql://s@h:5432/d",
        ];
        let database = given(&args).unwrap().unwrap();
        assert_eq!(
            (database.service.get_username(), database.service.get_port()),
            ("s", 6432)
        );
        assert_eq!(database.owner.unwrap().get_username(), "o");
        assert_eq!(database.listen.unwrap().get_port(), 5432);
    }

    #[test]
    fn malformed_url_is_named_and_never_quoted() {
        for url in [
            "hunter2",
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@h:notaport/d",
        ] {
            let message = given(&["--database-url", url]).unwrap_err().to_string();
            assert!(
                message.starts_with("DATABASE_URL is not a PostgreSQL URL"),
                "{message}"
            );
            assert!(!message.contains("hunter2"));
        }
        let error = given(&["--database-owner-url=postgres://o@h/d"]).unwrap_err();
        assert_eq!(error, ConfigError::OwnerWithoutService);
        let error = given(&["--database-listen-url=postgres://s@h/d"]).unwrap_err();
        assert_eq!(error, ConfigError::ListenWithoutService);
    }
}
