use std::time::Duration;

use agentry_db::DbError;
use secrecy::{ExposeSecret, SecretString};

use super::Auth;
use crate::email::Email;
use crate::error::PasswordError;
use crate::throttle::Attempt;

/// Why somebody signed in was not believed to know their password.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmPasswordError {
    /// It is another one.
    #[error("the password is wrong")]
    Wrong,
    /// Too many attempts on this account, at signing in included.
    #[error("too many attempts, try again later")]
    TooMany {
        /// When it may work again, from now.
        retry_after: Duration,
    },
    /// Every worker is hashing and the queue is full: try again in a few seconds.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// The system gave no randomness, or it is shutting down.
    #[error("the password could not be processed")]
    Failed,
    /// The database could not answer.
    #[error("the attempt could not be counted")]
    Db(#[from] DbError),
}

impl From<PasswordError> for ConfirmPasswordError {
    fn from(error: PasswordError) -> Self {
        match error {
            // The length rule is for new passwords; one outside it is merely wrong.
            PasswordError::TooShort | PasswordError::TooLong => Self::Wrong,
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::Failed,
        }
    }
}

impl Auth {
    /// Whether somebody signed in knows their password, whose hash is `hash`. A stolen session is no place to guess at the
    /// password behind it: attempts are counted with those at signing in to the account.
    ///
    /// # Errors
    /// [`ConfirmPasswordError`].
    pub async fn confirm_password(
        &self,
        email: &str,
        hash: &SecretString,
        password: SecretString,
    ) -> Result<(), ConfirmPasswordError> {
        let parts = &self.0;
        // What better-auth stored may be spelled as no address of ours; it cannot be signed in to here either.
        if let Ok(email) = Email::parse(email) {
            let limit = parts.settings.sign_in_per_account;
            let counted = Attempt::OnAccount(&email).count(&parts.db, limit).await?;
            counted.map_err(|retry_after| ConfirmPasswordError::TooMany { retry_after })?;
        }
        let hash = Some(hash.expose_secret().to_owned());
        if parts.hasher.verify(password, hash).await? {
            Ok(())
        } else {
            Err(ConfirmPasswordError::Wrong)
        }
    }
}
