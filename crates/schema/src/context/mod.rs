use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use agentry_auth::{Access, Actor, Client};
use agentry_db::audit::Origin;
use agentry_db::entity::CredentialKind;
use agentry_db::{
    AsDbError as _, Constraint, DbError, Lease, ReadScope, Scope, Statements, Tenant,
};
use async_graphql::Context;

use crate::failure::Failure;
use crate::loader::{Batches, Loader};
use crate::{Action, ApiError, Noun, Services};

mod audit;
mod changes;
mod doing;
mod door;
mod elsewhere;

pub(crate) use audit::{audited, audited_in};
pub(crate) use changes::{changed, changes};
pub use doing::Doing;
pub(crate) use doing::{ADMINS_ONLY, OWNERS_ONLY};
pub use door::Door;

/// What one operation runs with: who acts, and their one read-only transaction. Made anew for every request, loaders
/// included, so that nothing read for one tenant can be handed to another.
pub struct RequestContext {
    services: Arc<Services>,
    caller: Caller,
    statements: Statements,
}

enum Caller {
    Anonymous(Client),
    Actor {
        actor: Box<Actor>,
        read: Arc<ReadScope>,
        loader: OnceLock<Batches>,
    },
}

impl RequestContext {
    /// The context of an operation; without an actor only the fields that need none can answer.
    #[must_use]
    pub fn new(
        services: Arc<Services>,
        actor: Option<Actor>,
        client: Client,
        lease: Option<Lease>,
    ) -> Self {
        let statements = Statements::default();
        let caller = match actor {
            None => Caller::Anonymous(client),
            Some(actor) => {
                let read = Arc::new(services.db.0.read_on(
                    lease,
                    actor.tenant(),
                    statements.clone(),
                ));
                Caller::Actor {
                    actor: Box::new(actor),
                    read,
                    loader: OnceLock::new(),
                }
            }
        };
        Self {
            services,
            caller,
            statements,
        }
    }

    /// The context of this operation.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the schema is executed without one.
    pub fn of<'a>(context: &'a Context<'_>) -> Result<&'a Self, ApiError> {
        context
            .data::<Arc<Self>>()
            .map(AsRef::as_ref)
            .map_err(|_| ApiError::internal("the operation runs without a context"))
    }

    /// What every request shares.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What is shared, to be kept beyond the request.
    #[must_use]
    pub fn shared_services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// Who acts, if anyone.
    #[must_use]
    pub fn find_actor(&self) -> Option<&Actor> {
        match &self.caller {
            Caller::Anonymous(_) => None,
            Caller::Actor { actor, .. } => Some(&**actor),
        }
    }

    /// Who acts.
    ///
    /// # Errors
    /// [`ApiError::Unauthenticated`] when nobody does.
    pub fn actor(&self) -> Result<&Actor, ApiError> {
        self.find_actor().ok_or(ApiError::Unauthenticated)
    }

    /// For whom the operation acts.
    ///
    /// # Errors
    /// As [`RequestContext::actor`].
    pub fn tenant(&self) -> Result<&Tenant, ApiError> {
        Ok(self.actor()?.tenant())
    }

    /// The program at the other end.
    #[must_use]
    pub fn client(&self) -> &Client {
        match &self.caller {
            Caller::Anonymous(client) => client,
            Caller::Actor { actor, .. } => actor.client(),
        }
    }

    /// The client's address as text.
    #[must_use]
    pub fn ip(&self) -> Option<String> {
        self.client().ip.as_ref().map(IpAddr::to_string)
    }

    /// How many statements the operation has sent so far.
    #[must_use]
    pub fn statements(&self) -> u32 {
        self.statements.count()
    }

    /// Whether the credential is good for this. Only an API key can be good for less than its user.
    ///
    /// # Errors
    /// As [`RequestContext::actor`]; [`ApiError::Forbidden`] when it is not.
    pub fn allow(&self, noun: Noun, access: Access) -> Result<(), ApiError> {
        if self.actor()?.may(noun, access) {
            return Ok(());
        }
        Err(ApiError::Forbidden(noun.name().map_or_else(
            || "Sessions, passwords, API keys and linked numbers are managed by their user, signed in, and not by an API key.".to_owned(),
            |name| format!("This API key lacks the permission {name}:{}.", access.as_str()),
        )))
    }

    /// The read-only transaction that all queries of the operation share, to read this.
    ///
    /// # Errors
    /// As [`RequestContext::allow`]; [`ApiError::Db`] when it cannot be opened.
    pub async fn read(&self, noun: Noun) -> Result<Scope, ApiError> {
        self.allow(noun, Access::Read)?;
        self.read_own().await
    }

    /// The same, for what every credential may know: of which noun an id is, and what the credential itself is.
    ///
    /// # Errors
    /// As [`RequestContext::actor`]; [`ApiError::Db`] when it cannot be opened.
    pub(crate) async fn read_own(&self) -> Result<Scope, ApiError> {
        match &self.caller {
            Caller::Anonymous(_) => Err(ApiError::Unauthenticated),
            Caller::Actor { read, .. } => Ok(read.scope().await?),
        }
    }

    /// Lets the read-only transaction go, for an operation that now waits for something else; it is opened anew when next
    /// asked for.
    pub async fn release(&self) {
        if let Caller::Actor { read, .. } = &self.caller {
            read.release().await;
        }
    }

    /// The context of this operation, to be kept by what outlives the call.
    pub(crate) fn shared(context: &Context<'_>) -> Result<Arc<Self>, ApiError> {
        context
            .data::<Arc<Self>>()
            .cloned()
            .map_err(|_| ApiError::internal("the operation runs without a context"))
    }

    /// Reads this for many fields at once.
    ///
    /// # Errors
    /// As [`RequestContext::allow`].
    pub fn loader(&self, noun: Noun) -> Result<&Batches, ApiError> {
        self.allow(noun, Access::Read)?;
        match &self.caller {
            Caller::Anonymous(_) => Err(ApiError::Unauthenticated),
            Caller::Actor { read, loader, .. } => {
                Ok(loader.get_or_init(|| Loader::batching(Arc::clone(read))))
            }
        }
    }

    /// Whether the caller may do this, as far as their credential and their role say: for what is to be known before the input is
    /// looked at. [`RequestContext::write`] asks it in any case.
    ///
    /// # Errors
    /// As [`RequestContext::allow`] when the credential is not good for the action's noun; [`Failure::Forbidden`] when the action
    /// takes a higher role.
    pub fn may(&self, action: Action) -> Result<(), Failure> {
        self.allow(action.noun(), Access::Write)?;
        doing::allow(self.tenant()?.role(), action)
    }

    /// Does this: runs `work` in one write transaction of the action's name, committed before this answers. The operation's
    /// read-only transaction is let go first, so that no request ever holds one connection while it waits for a second.
    ///
    /// # Errors
    /// As [`RequestContext::may`], before anything is asked of the database. What `work` answers, and then nothing was written;
    /// as [`agentry_db::Db::write`] besides.
    pub async fn write<T, F, R>(&self, action: Action, work: F) -> Result<T, Failure>
    where
        F: Fn(Doing) -> R + Send,
        R: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        self.may(action)?;
        let Caller::Actor { actor, read, .. } = &self.caller else {
            return Err(ApiError::Unauthenticated.into());
        };
        let origin = Origin {
            credential: actor.credential(),
            credential_id: actor.credential_id().map(str::to_owned),
            ip: self.ip(),
        };
        let work = move |scope| work(Doing::new(scope, action, origin.clone()));
        let lease = read.release().await;
        let (db, tenant) = (&self.services.db.0, actor.tenant());
        let outcome = db
            .write_on(lease, tenant, action.name(), &self.statements, work)
            .await;
        match outcome {
            // What the caller's rows refer to went while this ran: they themself, or the organisation they act in.
            Err(error) if is_dangling(&error) && !self.services.auth.is_live(actor).await? => {
                Err(ApiError::Unauthenticated.into())
            }
            outcome => outcome,
        }
    }

    /// Lets the index of what the caller said and was told catch up, on a task of its own: no operation waits for it, and it changes
    /// nothing that can be read but how quickly.
    pub(crate) fn catch_up_search(&self) -> Result<(), ApiError> {
        let (db, tenant) = (self.services.db.0.clone(), self.tenant()?.clone());
        tokio::spawn(async move {
            if let Err(error) = agentry_db::search::catch_up(&db, &tenant).await {
                tracing::debug!(%error, "a search index could not catch up");
            }
        });
        Ok(())
    }

    /// As [`RequestContext::write`], for whom the link of a message speaks: the link is what allows it, whoever the caller is, and
    /// the audit trail says so.
    pub(crate) async fn write_by_link<T, F, R>(
        &self,
        tenant: &Tenant,
        action: Action,
        work: F,
    ) -> Result<T, Failure>
    where
        F: Fn(Doing) -> R + Send,
        R: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        doing::allow(tenant.role(), action)?;
        let origin = Origin {
            credential: CredentialKind::Link,
            credential_id: None,
            ip: self.ip(),
        };
        let work = move |scope| work(Doing::new(scope, action, origin.clone()));
        self.release().await;
        let db = &self.services.db.0;
        db.write(tenant, action.name(), &self.statements, work)
            .await
    }
}

fn is_dangling(error: &Failure) -> bool {
    matches!(
        error.as_db_error(),
        Some(DbError::Constraint {
            kind: Constraint::Reference,
            ..
        })
    )
}
