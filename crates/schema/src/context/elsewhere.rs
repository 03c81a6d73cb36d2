//! What is done before there is a tenant, or for another than the request's own.

use std::future::Future;
use std::time::Duration;

use agentry_auth::Access;
use agentry_db::account::{self, PersonalOrganization};
use agentry_db::audit::Origin;
use agentry_db::organization::Membership;
use agentry_db::rate_limit::{self, RateLimit};
use agentry_db::{DbError, ReadScope, Tenant, Through};

use super::{Caller, Doing, RequestContext, doing};
use crate::failure::Failure;
use crate::{Action, ApiError, Noun};

impl RequestContext {
    /// For what is public: the request's own transaction or, when nobody is signed in, none.
    ///
    /// # Errors
    /// [`ApiError::Db`] when the transaction cannot be opened.
    pub(crate) async fn through(&self) -> Result<Through, ApiError> {
        match &self.caller {
            Caller::Anonymous(_) => Ok(Through::Nobody(self.services.db.0.clone())),
            Caller::Actor { read, .. } => Ok(Through::Tenant(read.scope().await?)),
        }
    }

    /// Counts one use of something by the acting user, whatever becomes of it.
    ///
    /// # Errors
    /// [`Failure::TooManyRequests`] when the limit is reached.
    pub(crate) async fn count(&self, what: &str, limit: RateLimit) -> Result<(), Failure> {
        let key = format!("{what}:{}", self.tenant()?.user());
        self.release().await;
        rate_limit::hit(&self.services.db.0, &key, limit)
            .await?
            .map_err(Failure::too_many)
    }

    /// Counts one use of something by whatever `key` says, whatever becomes of it; how long to wait when the limit is reached.
    pub(crate) async fn hit(
        &self,
        key: &str,
        limit: RateLimit,
    ) -> Result<Result<(), Duration>, ApiError> {
        self.release().await;
        Ok(rate_limit::hit(&self.services.db.0, key, limit).await?)
    }

    /// The acting user's personal organisation, made now when it is missing; `name` and `slug` are then its own.
    pub(crate) async fn ensure_personal_organization(
        &self,
        name: &str,
        slug: &str,
    ) -> Result<PersonalOrganization, Failure> {
        let user = self.tenant()?.user();
        self.release().await;
        Ok(account::ensure_personal_organization(&self.services.db.0, user, name, slug).await?)
    }

    /// As [`RequestContext::read`], in an organisation in which the database has just found the caller a member.
    pub(crate) async fn read_in(
        &self,
        organization: &Membership,
        noun: Noun,
    ) -> Result<ReadScope, ApiError> {
        self.allow(noun, Access::Read)?;
        let user = self.tenant()?.user().clone();
        let tenant = Tenant::new(user, organization.id.clone(), organization.role)
            .map_err(|error| DbError::Unexpected(error.to_string()))?;
        self.release().await;
        Ok(self.services.db.0.read(&tenant, self.statements.clone()))
    }

    /// As [`RequestContext::write`], in another organisation: one in which the database has just found the caller a member.
    ///
    /// # Errors
    /// As [`RequestContext::write`], by the role that they have there.
    pub(crate) async fn write_in<T, F, R>(
        &self,
        organization: &Membership,
        action: Action,
        work: F,
    ) -> Result<T, Failure>
    where
        F: Fn(Doing) -> R + Send,
        R: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        self.allow(action.noun(), Access::Write)?;
        doing::allow(organization.role, action)?;
        let Caller::Actor { actor, read, .. } = &self.caller else {
            return Err(ApiError::Unauthenticated.into());
        };
        let user = actor.tenant().user().clone();
        let tenant = Tenant::new(user, organization.id.clone(), organization.role)
            .map_err(|error| DbError::Unexpected(error.to_string()))?;
        let origin = Origin {
            credential: actor.credential(),
            credential_id: actor.credential_id().map(str::to_owned),
            ip: self.ip(),
        };
        let work = move |scope| work(Doing::new(scope, action, origin.clone()));
        read.release().await;
        let db = &self.services.db.0;
        db.write(&tenant, action.name(), &self.statements, work)
            .await
    }
}
