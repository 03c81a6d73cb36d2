use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::DbError;
use crate::doubt::Doubt;

/// How many connections, and how long things may take.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// The most connections. 8 to 16 serve two cores; more only queue inside PostgreSQL.
    pub max_connections: u32,
    /// The longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// The longest a single statement may run (`statement_timeout`).
    pub statement_timeout: Duration,
    /// The longest a transaction may sit idle (`idle_in_transaction_session_timeout`).
    pub idle_in_transaction_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 12,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_secs(30),
        }
    }
}

/// The pool of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) pool: PgPool,
    pub(crate) doubt: Doubt,
    /// Where to listen, when it is not where the pool connects to.
    pub(crate) listen: Option<Arc<PgConnectOptions>>,
}

/// How the pool stands.
#[derive(Debug, Clone, Copy)]
pub struct PoolStatus {
    /// Connections open.
    pub open: u32,
    /// Of these, free.
    pub idle: usize,
    /// The most there may be.
    pub max: u32,
}

/// A connection idle for longer than this is asked whether it lives before it is handed out.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

impl Db {
    /// Opens the pool lazily: it succeeds with the database away, and heals by itself when the database is back.
    #[must_use]
    pub fn open(options: PgConnectOptions, settings: &PoolSettings) -> Self {
        let options = options
            .application_name("agentry")
            .statement_cache_capacity(256)
            .options([
                (
                    "statement_timeout",
                    settings.statement_timeout.as_millis().to_string(),
                ),
                (
                    "idle_in_transaction_session_timeout",
                    settings.idle_in_transaction_timeout.as_millis().to_string(),
                ),
                // Identity is set afresh in every transaction, and plans must not depend on whose it was.
                ("plan_cache_mode", "auto".to_owned()),
                // Every list walks an index to its first rows and stops there. At the default of 4 the planner, which cannot
                // guess what row security leaves of a list, may rather read all of it and sort.
                ("random_page_cost", "1.1".to_owned()),
            ])
            .disable_statement_logging();
        let doubt = Doubt::none();
        let doubted = doubt.clone();
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let trusted = meta.idle_for < PING_AFTER_IDLE && !doubted.covers(meta.idle_for);
                Box::pin(async move {
                    if trusted {
                        return Ok(true);
                    }
                    Ok(connection.ping().await.is_ok())
                })
            })
            .connect_lazy_with(options);
        Self {
            pool,
            doubt,
            listen: None,
        }
    }

    /// The same pool, with another way to the same database for [`Live`](crate::live::Live): notifications come on one
    /// connection that is kept, and a pooler in transaction mode keeps none.
    #[must_use]
    pub fn listening_at(self, options: PgConnectOptions) -> Self {
        let options = options
            .application_name("agentry")
            .disable_statement_logging();
        Self {
            listen: Some(Arc::new(options)),
            ..self
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.pool.acquire().await?.ping().await?;
        Ok(())
    }

    /// The names of the migrations that the database has.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn applied_migrations(&self) -> Result<Vec<String>, DbError> {
        let names = sqlx::query_scalar("SELECT version FROM seaql_migrations ORDER BY version");
        Ok(names.fetch_all(&self.pool).await?)
    }

    /// How the pool stands.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        PoolStatus {
            open: self.pool.size(),
            idle: self.pool.num_idle(),
            max: self.pool.options().get_max_connections(),
        }
    }

    /// Waits for the connections that are out, and closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
