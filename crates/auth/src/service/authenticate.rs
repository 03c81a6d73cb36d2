use agentry_db::session::{self, Person, Session};
use agentry_db::{DbError, Lease, Tenant, UnsafeId, account};
use secrecy::{ExposeSecret, SecretString};

use super::{Auth, is_user_gone};
use crate::actor::{Actor, Client};
use crate::credential::{Credential, Presented};
use crate::error::AuthError;
use crate::slug;

impl Auth {
    /// Who makes a request, by one look-up, and the connection it was made on, for what they ask to run on. `None` when no
    /// credential was presented.
    ///
    /// They act in the organisation asked for, else in the session's active one, else in their personal one, each only while they
    /// are a member. Somebody whom better-auth signed up has no personal organisation at first; it is made here when needed.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn authenticate(
        &self,
        presented: &Presented,
        client: Client,
    ) -> Result<Option<(Actor, Lease)>, AuthError> {
        let parts = &self.0;
        let (token, carrier) = match presented.credential(&parts.secrets, &parts.cookies)? {
            Credential::None => return Ok(None),
            Credential::SessionToken { token, kind } => (token, kind),
        };
        let (session, lease) = self.session(&token, presented.organization()?).await?;
        let session_id = session.id.clone();
        let tenant = tenant(session)?;
        let actor = Actor {
            tenant,
            session_id,
            carrier,
            token,
            client,
        };
        Ok(Some((actor, lease)))
    }

    /// Whether the actor may go on: the session lives, and its user is still in that organisation, in the same role. To be
    /// asked now and then wherever one request lasts long.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn is_live(&self, actor: &Actor) -> Result<bool, DbError> {
        let acted = actor.tenant.organization();
        let token = actor.token.expose_secret();
        let found = session::find(&self.0.db, token, Some(acted.as_str())).await?;
        Ok(found.is_some_and(|(session, _)| {
            session.user == *actor.tenant.user()
                && session
                    .membership
                    .is_some_and(|(id, role)| id == *acted && role == actor.tenant.role())
        }))
    }

    /// The live session of a token, its user's personal organisation made if there is none to act in.
    pub(super) async fn session(
        &self,
        token: &SecretString,
        organization: Option<&str>,
    ) -> Result<(Session, Lease), AuthError> {
        let find = || session::find(&self.0.db, token.expose_secret(), organization);
        let (session, lease) = find().await?.ok_or(AuthError::UnknownSession)?;
        let Some(person) = &session.person else {
            return Ok((session, lease));
        };
        // One request never holds two connections.
        drop(lease);
        self.give_a_home(&session, person).await?;
        find().await?.ok_or(AuthError::UnknownSession)
    }

    async fn give_a_home(&self, session: &Session, person: &Person) -> Result<(), AuthError> {
        let slug = slug::personal(&person.name, &person.email, session.user.as_str());
        let name = slug::personal_name(&person.name, &person.email, &slug);
        let made =
            account::ensure_personal_organization(&self.0.db, &session.user, name, &slug).await;
        match made {
            Ok(home) => {
                tracing::info!(user.id = %session.user, organization.id = %home.id, "made a personal organization");
                Ok(())
            }
            Err(error) if is_user_gone(&error) => Err(AuthError::UnknownSession),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whom a session acts for.
pub(super) fn tenant(session: Session) -> Result<Tenant, AuthError> {
    let (organization, role) = session.membership.ok_or(AuthError::NotAMember)?;
    Tenant::new(session.user, organization, role).map_err(|UnsafeId| {
        tracing::warn!(session.id = %session.id, "another program made an id this service cannot act for");
        AuthError::NotAMember
    })
}
