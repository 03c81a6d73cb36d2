use std::time::Duration;

use agentry_db::DbError;
use secrecy::{ExposeSecret, SecretString};

use super::Auth;
use crate::email::Email;
use crate::error::PasswordError;
use crate::password;
use crate::throttle::Attempt;

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The present password is another one.
    #[error("the current password is wrong")]
    Wrong,
    /// The new one has fewer than 8 UTF-16 units.
    #[error("the password must have at least 8 characters")]
    TooShort,
    /// The new one has more than 128 UTF-16 units.
    #[error("the password must have at most 128 characters")]
    TooLong,
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

impl From<PasswordError> for ChangePasswordError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::TooShort,
            PasswordError::TooLong => Self::TooLong,
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::Failed,
        }
    }
}

impl Auth {
    /// The hash of a new password for whoever knows the present one, whose hash is `old_hash`. A stolen session is no place to
    /// guess at the password behind it: attempts are counted with those at signing in to the account.
    ///
    /// # Errors
    /// [`ChangePasswordError`].
    pub async fn replace_password(
        &self,
        email: &str,
        old_hash: &SecretString,
        current: SecretString,
        new: SecretString,
    ) -> Result<SecretString, ChangePasswordError> {
        let parts = &self.0;
        password::check_length(new.expose_secret())?;
        // What better-auth stored may be spelled as no address of ours; it cannot be signed in to here either.
        if let Ok(email) = Email::parse(email) {
            let limit = parts.settings.sign_in_per_account;
            let counted = Attempt::OnAccount(&email).count(&parts.db, limit).await?;
            counted.map_err(|retry_after| ChangePasswordError::TooMany { retry_after })?;
        }
        let hash = Some(old_hash.expose_secret().to_owned());
        if !parts.hasher.verify(current, hash).await? {
            return Err(ChangePasswordError::Wrong);
        }
        Ok(parts.hasher.hash(new).await?.into())
    }
}
