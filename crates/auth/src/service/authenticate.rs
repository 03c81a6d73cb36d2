use agentry_db::credential::{self, ApiKeyUse, JwtNames};
use agentry_db::ids::{OrganizationId, UserId};
use agentry_db::session::{self, Person, Session};
use agentry_db::{DbError, Lease, Role, Tenant, UnsafeId, account};
use chrono::{TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{Auth, is_user_gone};
use crate::actor::{Actor, Client, Held};
use crate::api_key;
use crate::cookie::Remember;
use crate::credential::{Credential, Presented, SessionCarrier};
use crate::error::{AuthError, JwtError, Refusal};
use crate::jwt::Jwt;
use crate::permission::Permissions;
use crate::slug;

/// Whom a credential acts for, what is kept of it, and the connection it was looked up on.
type Known = (Tenant, Held, Lease);

/// A session with less time left is extended: a week less the day that better-auth waits between two times.
const EXTENDED_BELOW: TimeDelta = TimeDelta::days(6);

impl Auth {
    /// Who makes a request, by one look-up, and the connection it was made on, for what they ask to run on. `None` when no
    /// credential was presented.
    ///
    /// Of several credentials the first counts, in the order of [`Presented::credentials`]; when another one is good too, it must be
    /// of the same user. A JSON Web Token that has merely expired makes way for the cookie beside it: clients renew theirs late.
    ///
    /// They act in the organisation asked for, else in the session's active one, else in their personal one, each only while they
    /// are a member. Somebody whom better-auth signed up has no personal organisation at first; it is made here when needed, unless
    /// that is switched off.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn authenticate(
        &self,
        presented: &Presented,
        client: Client,
    ) -> Result<Option<(Actor, Lease)>, AuthError> {
        let parts = &self.0;
        let mut found = presented.credentials(&parts.secrets, &parts.cookies)?;
        if found.is_empty() {
            return Ok(None);
        }
        let first = match found.remove(0) {
            Credential::JsonWebToken(token) => match self.read_jwt(&token) {
                Err(JwtError::Expired) if !found.is_empty() => found.remove(0),
                Ok(_) | Err(_) => Credential::JsonWebToken(token),
            },
            first @ (Credential::SessionToken { .. } | Credential::ApiKey(_)) => first,
        };
        let organization = presented.organization()?;
        let beside = self.user_beside(&found).await?;
        let mut renewed = Vec::new();
        let (tenant, held, lease) = match first {
            Credential::SessionToken { token, kind } => {
                let (session, mut lease) = self.session(&token, organization).await?;
                let stored = parts.settings.session_tokens.stored(&token);
                if session.expires_at - Utc::now() <= EXTENDED_BELOW {
                    (renewed, lease) = self.extend(presented, &token, &stored, kind, lease).await?;
                }
                let id = session.id.clone();
                let held = Held::Session {
                    id,
                    stored,
                    carrier: kind,
                };
                (tenant(session)?, held, lease)
            }
            Credential::ApiKey(key) => self.by_key(&key, organization, beside.as_ref()).await?,
            Credential::JsonWebToken(token) => self.by_jwt(&token, organization).await?,
        };
        if beside.is_some_and(|user| user != *tenant.user()) {
            return Err(AuthError::TwoUsers);
        }
        let actor = Actor {
            tenant,
            held,
            client,
            renewed,
        };
        Ok(Some((actor, lease)))
    }

    /// Gives a session that has used up a day of its week a new week, as better-auth does: once a day, not once a request.
    /// Answers the cookies to send again. Whoever asked not to be remembered is not.
    async fn extend(
        &self,
        presented: &Presented,
        token: &SecretString,
        stored: &SecretString,
        carrier: SessionCarrier,
        lease: Lease,
    ) -> Result<(Vec<SecretString>, Lease), DbError> {
        let parts = &self.0;
        let cookie = presented
            .cookie
            .as_ref()
            .map_or("", |header| header.expose_secret());
        let by_cookie = match carrier {
            SessionCarrier::Cookie => true,
            SessionCarrier::Bearer => false,
        };
        if by_cookie && parts.cookies.remember(&parts.secrets, cookie) == Remember::No {
            return Ok((Vec::new(), lease));
        }
        let (until, lease) = session::extend(lease, stored.expose_secret()).await?;
        let renewed = if until.is_some() && by_cookie {
            parts.cookies.sign_in(&parts.secrets, token, Remember::Yes)
        } else {
            Vec::new()
        };
        Ok((renewed, lease))
    }

    /// Whether the actor may go on: the credential is good, and its user is still in that organisation, in the same role. To be
    /// asked now and then wherever one request lasts long. It is no use of an API key.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn is_live(&self, actor: &Actor) -> Result<bool, DbError> {
        let db = &self.0.db;
        let organization = Some(actor.tenant.organization().as_str());
        let now: Option<(UserId, Option<(OrganizationId, Role)>)> = match &actor.held {
            Held::Session { stored, .. } => session::find(db, stored.expose_secret(), organization)
                .await?
                .map(|(session, _)| (session.user, session.membership)),
            Held::ApiKey {
                hash, permissions, ..
            } => match credential::find_api_key(db, hash.expose_secret(), organization).await? {
                ApiKeyUse::Accepted(key, _)
                    if Permissions::parse(key.permissions.as_deref()) == *permissions =>
                {
                    Some((key.user, Some(key.membership)))
                }
                _ => None,
            },
            Held::JsonWebToken { expires_at, .. } if *expires_at <= Utc::now() => None,
            Held::JsonWebToken { kid, session, .. } => {
                let names = JwtNames {
                    kid,
                    user: actor.tenant.user().as_str(),
                    session: session.as_deref(),
                };
                let found = credential::find_jwt_subject(db, names, organization).await?;
                found.and_then(|(subject, _)| Some((subject.user?, subject.membership)))
            }
        };
        Ok(now.is_some_and(|(user, membership)| {
            user == *actor.tenant.user()
                && membership.is_some_and(|(id, role)| {
                    id == *actor.tenant.organization() && role == actor.tenant.role()
                })
        }))
    }

    async fn by_key(
        &self,
        key: &SecretString,
        organization: Option<&str>,
        only: Option<&UserId>,
    ) -> Result<Known, AuthError> {
        let hash = api_key::hash(key);
        let db = &self.0.db;
        let mut outcome = credential::use_api_key(db, &hash, organization, only).await?;
        if let ApiKeyUse::Homeless(user, person) = &outcome {
            let home = self.give_a_home(user, person).await?;
            outcome = credential::use_api_key(db, &hash, Some(home.as_str()), only).await?;
        }
        match outcome {
            ApiKeyUse::Accepted(key, lease) => {
                let held = Held::ApiKey {
                    id: key.id,
                    hash: hash.into(),
                    permissions: Permissions::parse(key.permissions.as_deref()),
                };
                Ok((place(key.user, Some(key.membership))?, held, lease))
            }
            ApiKeyUse::Invalid | ApiKeyUse::Homeless(..) => Err(AuthError::UnknownApiKey),
            ApiKeyUse::OfAnother => Err(AuthError::TwoUsers),
            ApiKeyUse::NotAMember => Err(AuthError::NotAMember),
            ApiKeyUse::Limited(retry_after) => Err(AuthError::ApiKeyLimited { retry_after }),
        }
    }

    async fn by_jwt(
        &self,
        token: &SecretString,
        organization: Option<&str>,
    ) -> Result<Known, AuthError> {
        let jwt = self.read_jwt(token).map_err(Refusal::from)?;
        let mut home: Option<OrganizationId> = None;
        loop {
            let names = JwtNames {
                kid: &jwt.kid,
                user: &jwt.user,
                session: jwt.session.as_deref(),
            };
            let organization = home.as_ref().map(OrganizationId::as_str).or(organization);
            let found = credential::find_jwt_subject(&self.0.db, names, organization).await?;
            let (subject, lease) = found.ok_or(Refusal::JsonWebToken(JwtError::Signature))?;
            jwt.verify(&subject.public_key, subject.alg.as_deref())
                .map_err(Refusal::from)?;
            let user = subject.user.ok_or(AuthError::UnknownSession)?;
            let Some(person) = subject.person.filter(|_| home.is_none()) else {
                let held = Held::JsonWebToken {
                    kid: jwt.kid,
                    session: jwt.session,
                    expires_at: jwt.expires_at,
                };
                return Ok((place(user, subject.membership)?, held, lease));
            };
            // One request never holds two connections.
            drop(lease);
            home = Some(self.give_a_home(&user, &person).await?);
        }
    }

    pub(super) fn read_jwt(&self, token: &SecretString) -> Result<Jwt, JwtError> {
        Jwt::read(token.expose_secret(), &self.0.jwt, Utc::now())
    }

    /// The live session of a token, its user given a home if there is none to act in.
    async fn session(
        &self,
        token: &SecretString,
        organization: Option<&str>,
    ) -> Result<(Session, Lease), AuthError> {
        let found = self.find_session(token, organization).await?;
        let (session, lease) = found.ok_or(AuthError::UnknownSession)?;
        let Some(person) = &session.person else {
            return Ok((session, lease));
        };
        // One request never holds two connections.
        drop(lease);
        let home = self.give_a_home(&session.user, person).await?;
        let found = self.find_session(token, Some(home.as_str())).await?;
        found.ok_or(AuthError::UnknownSession)
    }

    /// The live session of a token. One that stands in clear, where hashes are stored now, is found once more and stored as its hash.
    pub(super) async fn find_session(
        &self,
        token: &SecretString,
        organization: Option<&str>,
    ) -> Result<Option<(Session, Lease)>, DbError> {
        let (db, storage) = (&self.0.db, self.0.settings.session_tokens);
        let stored = storage.stored(token);
        let found = session::find(db, stored.expose_secret(), organization).await?;
        let Some(before) = storage.stored_before(token).filter(|_| found.is_none()) else {
            return Ok(found);
        };
        // Of many requests at once one stores it, and all find it.
        session::hash(db, before.expose_secret(), stored.expose_secret()).await?;
        session::find(db, stored.expose_secret(), organization).await
    }

    /// Where somebody acts who has no personal organisation: in one that is made now or, where that is switched off, where they have
    /// been a member for longest.
    pub(super) async fn give_a_home(
        &self,
        user: &UserId,
        person: &Person,
    ) -> Result<OrganizationId, AuthError> {
        if !self.0.settings.personal_organizations {
            let first = account::first_membership(&self.0.db, user).await?;
            return first.map(|(id, _)| id).ok_or(AuthError::NotAMember);
        }
        let slug = slug::personal(&person.name, &person.email, user.as_str());
        let name = slug::personal_name(&person.name, &person.email, &slug);
        let made = account::ensure_personal_organization(&self.0.db, user, name, &slug).await;
        match made {
            Ok(home) => {
                tracing::info!(user.id = %user, organization.id = %home.id, "made a personal organization");
                Ok(home.id)
            }
            Err(error) if is_user_gone(&error) => Err(AuthError::UnknownSession),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whom a session acts for.
fn tenant(session: Session) -> Result<Tenant, AuthError> {
    place(session.user, session.membership)
}

pub(super) fn place(
    user: UserId,
    membership: Option<(OrganizationId, Role)>,
) -> Result<Tenant, AuthError> {
    let (organization, role) = membership.ok_or(AuthError::NotAMember)?;
    Tenant::new(user, organization, role).map_err(|UnsafeId| {
        tracing::warn!("another program made an id this service cannot act for");
        AuthError::NotAMember
    })
}
