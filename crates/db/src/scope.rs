use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, Postgres, SqlSafeStr as _, Transaction};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::finish::finish;
use crate::{Db, DbError, Lease, Statements, Tenant};

/// A transaction that acts for one [`Tenant`]. SeaORM runs on it unchanged; clones share the one connection, and their
/// statements queue on it. Dropped without a commit, it rolls back as its connection returns to the pool, and nobody
/// waits for that.
#[derive(Debug, Clone)]
pub struct Scope {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tenant: Tenant,
    statements: Statements,
    transaction: Mutex<Option<Begun>>,
}

/// A name for it without a lifetime, which the futures that hold it could not be shown to be `Send` with.
#[derive(Debug)]
struct Begun(Transaction<'static, Postgres>);

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

impl Scope {
    /// Begins the transaction and says who acts in one simple-protocol message: one round trip. `SET LOCAL` dies with the
    /// transaction, so a pooler in transaction mode stays safe. It runs on the connection of
    /// `lease`, or on one of the pool.
    pub(crate) async fn open(
        db: &Db,
        lease: Option<Lease>,
        tenant: &Tenant,
        access: Access,
        statements: Statements,
    ) -> Result<Self, DbError> {
        let begin = match access {
            Access::ReadOnly => "BEGIN READ ONLY; ",
            Access::ReadWrite => "BEGIN READ WRITE; ",
        };
        let message = [begin, &tenant.settings()].concat();
        // A caller who goes away in the middle of BEGIN must not leave a connection that nobody knows to be in a transaction.
        let begin = move |connection: PoolConnection<Postgres>| {
            let message = AssertSqlSafe(message.clone()).into_sql_str();
            Transaction::begin(connection, Some(message))
        };
        let transaction = if let Some(Lease(connection)) = lease {
            finish(begin(connection)).await?
        } else {
            let begin = |pool: PgPool| {
                let begin = begin.clone();
                finish(async move { begin(pool.acquire().await?).await })
            };
            db.begin_anew(begin).await?
        };
        Ok(Self {
            inner: Arc::new(Inner {
                tenant: tenant.clone(),
                statements,
                transaction: Mutex::new(Some(Begun(transaction))),
            }),
        })
    }

    /// For whom it acts.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.inner.tenant
    }

    pub(crate) async fn commit(&self) -> Result<(), DbError> {
        let transaction = self.inner.transaction.lock().await.take();
        if let Some(Begun(transaction)) = transaction {
            finish(transaction.commit()).await?;
        }
        Ok(())
    }

    async fn hold(&self) -> Result<MappedMutexGuard<'_, Begun>, DbErr> {
        self.inner.statements.add(1);
        MutexGuard::try_map(self.inner.transaction.lock().await, Option::as_mut)
            .map_err(|_| DbErr::Custom("the transaction is over".to_owned()))
    }
}

pub(crate) fn query(statement: Statement) -> Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

pub(crate) fn wrap(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

#[async_trait]
impl ConnectionTrait for Scope {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut transaction = self.hold().await?;
        query(statement)
            .execute(&mut *transaction.0)
            .await
            .map(Into::into)
            .map_err(wrap)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut transaction = self.hold().await?;
        transaction
            .0
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .map(Into::into)
            .map_err(wrap)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut transaction = self.hold().await?;
        let row = query(statement)
            .fetch_optional(&mut *transaction.0)
            .await
            .map_err(wrap)?;
        Ok(row.map(Into::into))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut transaction = self.hold().await?;
        let rows = query(statement)
            .fetch_all(&mut *transaction.0)
            .await
            .map_err(wrap)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
