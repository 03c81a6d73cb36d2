use tokio::sync::Mutex;

use crate::scope::Access;
use crate::{Db, DbError, Lease, Scope, Statements, Tenant};

/// The one read-only transaction of a request, opened when first asked for and shared by all its queries.
#[derive(Debug)]
pub struct ReadScope {
    db: Db,
    tenant: Tenant,
    statements: Statements,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed(Option<Lease>),
    Open(Scope),
}

impl Db {
    /// A read-only transaction for this tenant, not opened yet. `statements` counts what runs in it.
    #[must_use]
    pub fn read(&self, tenant: &Tenant, statements: Statements) -> ReadScope {
        self.read_on(None, tenant, statements)
    }

    /// As [`Db::read`], on the connection of `lease`.
    #[must_use]
    pub fn read_on(
        &self,
        lease: Option<Lease>,
        tenant: &Tenant,
        statements: Statements,
    ) -> ReadScope {
        ReadScope {
            db: self.clone(),
            tenant: tenant.clone(),
            statements,
            state: Mutex::new(State::Closed(lease)),
        }
    }
}

impl ReadScope {
    /// The transaction; the first call opens it in one round trip.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when no connection comes free or the database is away.
    pub async fn scope(&self) -> Result<Scope, DbError> {
        let mut state = self.state.lock().await;
        let lease = match &mut *state {
            State::Open(scope) => return Ok(scope.clone()),
            State::Closed(lease) => lease.take(),
        };
        self.statements.add(1);
        let scope = Scope::open(
            &self.db,
            lease,
            &self.tenant,
            Access::ReadOnly,
            self.statements.clone(),
        )
        .await?;
        *state = State::Open(scope.clone());
        Ok(scope)
    }

    /// Lets the connection go, or hands it over when nothing was read on it; the next [`ReadScope::scope`] opens another
    /// transaction.
    pub async fn release(&self) -> Option<Lease> {
        let mut state = self.state.lock().await;
        match std::mem::replace(&mut *state, State::Closed(None)) {
            State::Open(_) => None,
            State::Closed(lease) => lease,
        }
    }
}
