use tokio::sync::Mutex;

use crate::scope::Access;
use crate::{Db, DbError, Scope, Statements, Tenant};

/// The one read-only transaction of a request, opened when first asked for and shared by all its queries.
#[derive(Debug)]
pub struct ReadScope {
    db: Db,
    tenant: Tenant,
    statements: Statements,
    scope: Mutex<Option<Scope>>,
}

impl Db {
    /// A read-only transaction for this tenant, not opened yet. `statements` counts what runs in it.
    #[must_use]
    pub fn read(&self, tenant: &Tenant, statements: Statements) -> ReadScope {
        ReadScope {
            db: self.clone(),
            tenant: tenant.clone(),
            statements,
            scope: Mutex::new(None),
        }
    }
}

impl ReadScope {
    /// The transaction; the first call opens it in one round trip.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when no connection comes free or the database is away.
    pub async fn scope(&self) -> Result<Scope, DbError> {
        let mut open = self.scope.lock().await;
        if let Some(scope) = open.as_ref() {
            return Ok(scope.clone());
        }
        self.statements.add(1);
        let scope = Scope::open(
            &self.db,
            &self.tenant,
            Access::ReadOnly,
            self.statements.clone(),
        )
        .await?;
        Ok(open.insert(scope).clone())
    }

    /// Lets the connection go; the next [`ReadScope::scope`] opens another transaction.
    pub async fn release(&self) {
        self.scope.lock().await.take();
    }
}
