//! Applying and reverting, as commands and servers ask for it: one at a time, however many replicas start at once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::Migrator;
use crate::rls::SERVICE_ROLE;

/// Why the database could not be brought to the state asked for.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database cannot be reached or refuses the owner's login.
    #[error("could not work on the database as its owner: {0}")]
    Connection(#[from] sqlx::Error),
    /// A migration failed; it and those after it were not applied.
    #[error("a migration failed: {0}")]
    Migration(#[from] DbErr),
}

/// One migration, and whether it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// The key of the advisory lock that lets one migrator in at a time: the bytes of `agentry` as a number.
const LOCK: i64 = 0x0061_6765_6e74_7279;

/// Applies every migration that is not applied yet; how many there were.
///
/// # Errors
/// [`MigrationError`]; what was applied before the failing one stays.
pub async fn up(owner: &PgConnectOptions) -> Result<usize, MigrationError> {
    let database = Locked::open(owner).await?;
    let pending = Migrator::get_pending_migrations(&database.connection)
        .await?
        .len();
    Migrator::up(&database.connection, None).await?;
    database.close().await?;
    Ok(pending)
}

/// Reverts the latest `steps` migrations.
///
/// # Errors
/// [`MigrationError`].
pub async fn down(owner: &PgConnectOptions, steps: u32) -> Result<(), MigrationError> {
    let database = Locked::open(owner).await?;
    Migrator::down(&database.connection, Some(steps)).await?;
    database.close().await
}

/// Every migration of this build, and whether the database has it.
///
/// # Errors
/// [`MigrationError`].
pub async fn status(owner: &PgConnectOptions) -> Result<Vec<MigrationStatus>, MigrationError> {
    let database = Locked::open(owner).await?;
    let all = Migrator::get_migration_with_status(&database.connection).await?;
    let listed = all.iter().map(|migration| MigrationStatus {
        name: migration.name().to_owned(),
        applied: migration.status() == sea_orm_migration::MigrationStatus::Applied,
    });
    let listed = listed.collect();
    database.close().await?;
    Ok(listed)
}

/// The names of the migrations of this build, in order.
#[must_use]
pub fn names() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}

/// Lets a login act as the service: makes it when it is missing, and makes it a member of the role with the grants.
///
/// # Errors
/// [`MigrationError::Connection`] when the owner may not.
pub async fn admit(
    owner: &PgConnectOptions,
    login: &str,
    password: Option<&str>,
) -> Result<(), MigrationError> {
    let mut connection = PgConnection::connect_with(owner).await?;
    let (name, exists): (String, bool) =
        sqlx::query_as("SELECT quote_ident($1), EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(login)
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        let secret: Option<String> = match password {
            Some(password) => {
                let quoted = sqlx::query_scalar("SELECT quote_literal($1)").bind(password);
                Some(quoted.fetch_one(&mut connection).await?)
            }
            None => None,
        };
        let secret = secret
            .map(|literal| format!(" PASSWORD {literal}"))
            .unwrap_or_default();
        let create = format!(
            "CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE{secret}"
        );
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut connection)
            .await?;
    }
    let member: bool = sqlx::query_scalar("SELECT pg_has_role($1, $2, 'MEMBER')")
        .bind(login)
        .bind(SERVICE_ROLE)
        .fetch_one(&mut connection)
        .await?;
    if !member {
        sqlx::raw_sql(AssertSqlSafe(format!("GRANT {SERVICE_ROLE} TO {name}")))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await?;
    Ok(())
}

/// A connection to migrate on, while no other process does.
struct Locked {
    lock: PgConnection,
    pool: PgPool,
    connection: DatabaseConnection,
}

impl Locked {
    async fn open(owner: &PgConnectOptions) -> Result<Self, MigrationError> {
        let mut lock = PgConnection::connect_with(owner).await?;
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(LOCK)
            .execute(&mut lock)
            .await?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(owner.clone())
            .await?;
        let connection = DatabaseConnection::from(pool.clone());
        Ok(Self {
            lock,
            pool,
            connection,
        })
    }

    /// The lock goes with its connection.
    async fn close(self) -> Result<(), MigrationError> {
        self.pool.close().await;
        self.lock.close().await?;
        Ok(())
    }
}
