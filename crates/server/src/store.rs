//! The database in effect and the secrets that go with it, whichever way they came: given, or Agentry's own.

use agentry_db::Db;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use crate::app;
use crate::config::{BaseConfig, ConfigError, DatabaseConfig};
use crate::embedded::{self, Address, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use crate::secrets::{Secrets, SecretsError};

/// Why there is no database to work with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Settings are missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The embedded PostgreSQL does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The secrets could not be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// Logins and secrets, and the embedded server while it is ours to run.
#[derive(Debug)]
pub struct Store {
    /// The service's restricted login.
    pub service: PgConnectOptions,
    /// The password to make that login with when a given database lacks it.
    pub service_password: Option<SecretString>,
    /// The login that owns the tables; with a given database only when it was given too.
    pub owner: Option<PgConnectOptions>,
    /// Where to listen for notifications, when that is not where the service's login goes.
    pub listen: Option<PgConnectOptions>,
    /// Encryption keys and the sessions' secret.
    pub secrets: Secrets,
    /// The server this process runs.
    pub embedded: Option<EmbeddedPostgres>,
}

impl Store {
    /// For the service: the given database, or an embedded server that this process starts and holds alone.
    ///
    /// # Errors
    ///
    /// [`StoreError`], one sentence each.
    pub async fn open(config: &BaseConfig) -> Result<Self, StoreError> {
        if let Some(given) = Self::given(config)? {
            return Ok(given);
        }
        let mut options = EmbeddedOptions::durable(config.embedded.data_dir(embedded::reachable));
        options.bin_dir.clone_from(&config.embedded.pg_bin);
        let server = EmbeddedPostgres::start(options).await?;
        let secrets = match Secrets::kept(&config.secrets, server.data_dir()) {
            Ok(secrets) => secrets,
            Err(error) => {
                server.stop().await?;
                return Err(error.into());
            }
        };
        let mut store = Self::on(server.address(), secrets);
        store.embedded = Some(server);
        Ok(store)
    }

    /// For the other commands: as [`Store::open`], but where a service already runs on the data folder, its server is used.
    ///
    /// # Errors
    ///
    /// [`StoreError`], one sentence each.
    pub async fn open_beside(config: &BaseConfig) -> Result<Self, StoreError> {
        let busy = match Self::open(config).await {
            Err(StoreError::Embedded(busy @ EmbeddedError::AlreadyRunning { .. })) => busy,
            other => return other,
        };
        let data_dir = config.embedded.data_dir(embedded::reachable);
        // The holder of the lock may be starting or stopping: then its own message is the right one.
        let address = Address::of_running(&data_dir).ok_or(busy)?;
        Ok(Self::on(
            &address,
            Secrets::kept(&config.secrets, &data_dir)?,
        ))
    }

    /// The owner's login.
    ///
    /// # Errors
    ///
    /// [`ConfigError::OwnerMissing`] when a database was given without it.
    pub fn owner(&self) -> Result<&PgConnectOptions, ConfigError> {
        self.owner.as_ref().ok_or(ConfigError::OwnerMissing)
    }

    /// The service's pool, which listens where it is to. It opens lazily, so this cannot fail.
    #[must_use]
    pub fn pool(&self, config: &DatabaseConfig) -> Db {
        let db = app::open_pool(&self.service, config);
        match &self.listen {
            Some(listen) => db.listening_at(listen.clone()),
            None => db,
        }
    }

    /// Stops the embedded server, if this process runs one. Close the pools first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Embedded`] when it had to be cut off.
    pub async fn close(self) -> Result<(), StoreError> {
        match self.embedded {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }

    fn given(config: &BaseConfig) -> Result<Option<Self>, ConfigError> {
        let Some(given) = config.database.given()? else {
            return Ok(None);
        };
        let secrets = Secrets::given(&config.secrets)?;
        Ok(Some(Self {
            service: given.service,
            service_password: given.service_password,
            owner: given.owner,
            listen: given.listen,
            secrets,
            embedded: None,
        }))
    }

    fn on(address: &Address, secrets: Secrets) -> Self {
        let (service, owner) = (address.service_options(), Some(address.owner_options()));
        Self {
            service,
            service_password: None,
            owner,
            listen: None,
            secrets,
            embedded: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::config::tests::config;
    use crate::embedded::tests::TempDir;

    #[tokio::test]
    async fn other_commands_use_the_server_and_secrets_of_a_running_service() {
        let dir = TempDir::new();
        let data_dir = format!("--data-dir={}", dir.path().join("data").display());
        let config = config(&[&data_dir]).base;
        let service = Store::open(&config).await.unwrap();
        let error = Store::open(&config).await.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Embedded(EmbeddedError::AlreadyRunning { .. })
            ),
            "{error}"
        );
        let beside = Store::open_beside(&config).await.unwrap();
        assert!(beside.embedded.is_none());
        assert_eq!(beside.service.get_socket(), service.service.get_socket());
        assert_eq!(
            beside
                .secrets
                .auth
                .list()
                .unwrap()
                .sign("value")
                .expose_secret(),
            service
                .secrets
                .auth
                .list()
                .unwrap()
                .sign("value")
                .expose_secret()
        );
        beside.close().await.unwrap();
        service.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_given_database_needs_given_secrets() {
        let config = config(&["--database-url=postgres://s@h/d"]).base;
        let error = Store::open(&config).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Config(ConfigError::KeysMissing)),
            "{error}"
        );
    }
}
