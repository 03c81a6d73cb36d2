use agentry_db::ids::UserId;
use agentry_db::rate_limit::RateLimit;
use agentry_db::{DbError, Statements, Tenant, account, audit, session, verification};
use secrecy::SecretString;

use super::authenticate::place;
use super::fresh::FreshSession;
use super::refusal::Why;
use super::{Auth, SignedIn, is_user_gone};
use crate::actor::Client;
use crate::cookie::Remember;
use crate::email::Email;
use crate::error::{AuthError, SignInError};
use crate::throttle::Attempt;

impl Auth {
    /// Checks a password and begins a session.
    ///
    /// Attempts are counted before anything costs, and alike whether or not the account exists; so is the work.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        remember: Remember,
        client: Client,
    ) -> Result<SignedIn, SignInError> {
        let parts = &self.0;
        // The network address first: whoever is refused by it does not use up the account owner's attempts.
        let limit = parts.settings.sign_in_per_address;
        self.admit(Attempt::FromNetwork(client.ip), limit).await?;
        // What is no address has no account; whoever typed it can know that.
        let email = Email::parse(email).map_err(|_| SignInError::Invalid)?;
        let limit = parts.settings.sign_in_per_account;
        let admitted = self.admit(Attempt::OnAccount(&email), limit).await;
        if let Err(SignInError::TooMany { .. }) = &admitted {
            self.refused(email.clone(), client.clone(), Why::TooMany);
        }
        admitted?;

        let found = account::find_password(&parts.db, email.as_str()).await?;
        let (user, hash) = found
            .map(|account| (account.user, account.password_hash))
            .unzip();
        let matches = parts.hasher.verify(password, hash).await?;
        let Some(user) = user.filter(|_| matches) else {
            self.refused(email, client, Why::Password);
            return Err(SignInError::Invalid);
        };
        let Some(tenant) = self.home(&user).await? else {
            return Err(SignInError::Invalid);
        };
        // Only whoever knows the password learns of this.
        if parts.settings.require_verified_email
            && !verification::is_verified(&parts.db, &user).await?
        {
            return Err(SignInError::Unverified);
        }

        let fresh = FreshSession::new(parts.settings.session_tokens, remember, client)?;
        match self.begin(&tenant, &fresh).await {
            Ok(()) => Ok(fresh.signed_in(self, tenant)),
            Err(error) if is_user_gone(&error) => Err(SignInError::Invalid),
            Err(error) => Err(error.into()),
        }
    }

    /// Where somebody acts who names no organisation in a new session: at home, which is made where there is none or, where that is
    /// switched off, where they have been a member for longest. `None`: they are gone.
    async fn home(&self, user: &UserId) -> Result<Option<Tenant>, AuthError> {
        let find = || account::home(&self.0.db, user);
        let Some(mut home) = find().await? else {
            return Ok(None);
        };
        if let Some(person) = &home.person {
            if !self.0.settings.personal_organizations {
                let first = account::first_membership(&self.0.db, user).await?;
                return place(home.user, first).map(Some);
            }
            self.give_a_home(user, person).await?;
            let Some(made) = find().await? else {
                return Ok(None);
            };
            home = made;
        }
        place(home.user, home.membership).map(Some)
    }

    /// Stores the session, and that it began.
    async fn begin(&self, tenant: &Tenant, fresh: &FreshSession) -> Result<(), DbError> {
        let origin = &fresh.origin();
        let statements = Statements::default();
        self.0
            .db
            .write(tenant, "session.create", &statements, |scope| async move {
                session::insert(&scope, &fresh.row()).await?;
                audit::record(&scope, origin, fresh.event()).await
            })
            .await
    }

    async fn admit(&self, attempt: Attempt<'_>, limit: RateLimit) -> Result<(), SignInError> {
        let counted = attempt.count(&self.0.db, limit).await?;
        counted.map_err(|retry_after| SignInError::TooMany { retry_after })
    }
}
