use agentry_db::account;
use agentry_db::rate_limit::RateLimit;
use agentry_db::session;
use secrecy::SecretString;

use super::authenticate::tenant;
use super::fresh::FreshSession;
use super::{Auth, SignedIn, is_user_gone};
use crate::actor::Client;
use crate::cookie::Remember;
use crate::email::Email;
use crate::error::SignInError;
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
        self.admit(Attempt::OnAccount(&email), limit).await?;

        let found = account::find_password(&parts.db, email.as_str()).await?;
        let (user, hash) = found
            .map(|account| (account.user, account.password_hash))
            .unzip();
        let matches = parts.hasher.verify(password, hash).await?;
        let Some(user) = user.filter(|_| matches) else {
            return Err(SignInError::Invalid);
        };

        let fresh = FreshSession::new(remember, client)?;
        match session::insert(&parts.db, &user, &fresh.row()).await {
            Ok(()) => {}
            Err(error) if is_user_gone(&error) => return Err(SignInError::Invalid),
            Err(error) => return Err(error.into()),
        }
        // As any later request will find it, the personal organisation made where there is none.
        let (session, _) = self.session(fresh.token(), None).await?;
        let tenant = tenant(session)?;
        Ok(fresh.signed_in(self, tenant))
    }

    async fn admit(&self, attempt: Attempt<'_>, limit: RateLimit) -> Result<(), SignInError> {
        let counted = attempt.count(&self.0.db, limit).await?;
        counted.map_err(|retry_after| SignInError::TooMany { retry_after })
    }
}
