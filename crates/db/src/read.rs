use tokio::sync::OnceCell;

use crate::scope::Access;
use crate::{Db, DbError, Scope, Statements, Tenant};

/// The one read-only transaction of a request, opened when first asked for and shared by all its queries.
#[derive(Debug)]
pub struct ReadScope {
    db: Db,
    tenant: Tenant,
    statements: Statements,
    scope: OnceCell<Scope>,
}

impl Db {
    /// A read-only transaction for this tenant, not opened yet. `statements` counts what runs in it.
    #[must_use]
    pub fn read(&self, tenant: &Tenant, statements: Statements) -> ReadScope {
        ReadScope {
            db: self.clone(),
            tenant: tenant.clone(),
            statements,
            scope: OnceCell::new(),
        }
    }
}

impl ReadScope {
    /// The transaction; the first call opens it in one round trip.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when no connection comes free or the database is away.
    pub async fn scope(&self) -> Result<&Scope, DbError> {
        self.scope
            .get_or_try_init(|| {
                self.statements.add(1);
                Scope::open(
                    &self.db.pool,
                    &self.tenant,
                    Access::ReadOnly,
                    self.statements.clone(),
                )
            })
            .await
    }
}
