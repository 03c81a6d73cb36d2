use std::ops::Deref;

use crate::scope::Access;
use crate::{Db, DbError, Lease, Scope, Statements, Tenant};

/// A transaction that may write: what `insert`, `update` and `delete` ask for by type. Made by [`Db::write`] alone.
#[derive(Debug, Clone)]
pub struct WriteScope(Scope);

/// How often a transaction that crossed another is done again before the crossing is reported.
const ATTEMPTS: u32 = 5;

impl Db {
    /// Runs `work` in one named write transaction and commits it. Work that crossed another transaction (SQLSTATE 40001,
    /// 40P01) is undone and done again, so it must touch nothing but the transaction it is handed.
    ///
    /// # Errors
    /// What `work` answers; then nothing was written. [`DbError`] when the transaction cannot begin or commit.
    pub async fn write<T, E, F, R>(
        &self,
        tenant: &Tenant,
        name: &'static str,
        statements: &Statements,
        work: F,
    ) -> Result<T, E>
    where
        F: Fn(WriteScope) -> R + Send,
        R: Future<Output = Result<T, E>> + Send,
        E: From<DbError> + AsDbError + Send,
        T: Send,
    {
        self.write_on(None, tenant, name, statements, work).await
    }

    /// As [`Db::write`], the first time on the connection of `lease`.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_on<T, E, F, R>(
        &self,
        mut lease: Option<Lease>,
        tenant: &Tenant,
        name: &'static str,
        statements: &Statements,
        work: F,
    ) -> Result<T, E>
    where
        F: Fn(WriteScope) -> R + Send,
        R: Future<Output = Result<T, E>> + Send,
        E: From<DbError> + AsDbError + Send,
        T: Send,
    {
        let mut attempt = 1;
        loop {
            statements.add(2);
            let scope = Scope::open(
                self,
                lease.take(),
                tenant,
                Access::ReadWrite,
                statements.clone(),
            )
            .await?;
            let outcome = match work(WriteScope(scope.clone())).await {
                Ok(value) => scope.commit().await.map(|()| value).map_err(E::from),
                Err(error) => Err(error),
            };
            match outcome {
                Err(error)
                    if attempt < ATTEMPTS
                        && matches!(error.as_db_error(), Some(DbError::Crossed)) =>
                {
                    tracing::debug!(
                        db.transaction = name,
                        attempt,
                        "crossed another transaction, doing it again"
                    );
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

/// An error that may hold a [`DbError`]; [`Db::write`] asks, to know whether doing it again may help.
pub trait AsDbError {
    /// The database's part of the error, if there is one.
    fn as_db_error(&self) -> Option<&DbError>;
}

impl AsDbError for DbError {
    fn as_db_error(&self) -> Option<&DbError> {
        Some(self)
    }
}

impl Deref for WriteScope {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.0
    }
}
