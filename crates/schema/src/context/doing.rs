use std::ops::Deref;

use agentry_auth::policy::{NotAllowed, decide};
use agentry_db::audit::Origin;
use agentry_db::{Role, WriteScope};

use crate::Action;
use crate::failure::Failure;

/// What a member who is no admin is told.
pub(crate) const ADMINS_ONLY: &str = "Only the organisation's owners and admins may do this.";
/// What an admin is told who is no owner.
pub(crate) const OWNERS_ONLY: &str = "Only an owner of the organisation may do this.";

/// A write transaction in which one action is being done, by somebody whose role allows it. Only
/// [`crate::RequestContext::write`] makes one.
#[derive(Debug)]
pub struct Doing {
    scope: WriteScope,
    action: Action,
    origin: Origin,
}

impl Doing {
    pub(super) const fn new(scope: WriteScope, action: Action, origin: Origin) -> Self {
        Self {
            scope,
            action,
            origin,
        }
    }

    /// What is being done.
    pub(super) const fn action(&self) -> Action {
        self.action
    }

    /// By what, and from where.
    pub(super) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Goes on as this action: the same one with more known of it, or another that it has turned out to be.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] when it takes a higher role.
    pub(crate) fn turn_to(self, action: Action) -> Result<Self, Failure> {
        allow(self.tenant().role(), action)?;
        Ok(Self { action, ..self })
    }
}

impl Deref for Doing {
    type Target = WriteScope;

    fn deref(&self) -> &WriteScope {
        &self.scope
    }
}

/// Asks the ladder of roles.
pub(super) fn allow(role: Role, action: Action) -> Result<(), Failure> {
    decide(role, action).map_err(|why| {
        Failure::forbidden(match why {
            NotAllowed::AdminsOnly => ADMINS_ONLY,
            NotAllowed::OwnersOnly => OWNERS_ONLY,
        })
    })
}
