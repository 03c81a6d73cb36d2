use std::time::Duration;

use agentry_db::DbError;
use secrecy::{ExposeSecret, SecretString};

use super::{Auth, ConfirmPasswordError};
use crate::error::PasswordError;
use crate::password;

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

impl From<ConfirmPasswordError> for ChangePasswordError {
    fn from(error: ConfirmPasswordError) -> Self {
        match error {
            ConfirmPasswordError::Wrong => Self::Wrong,
            ConfirmPasswordError::TooMany { retry_after } => Self::TooMany { retry_after },
            ConfirmPasswordError::Busy => Self::Busy,
            ConfirmPasswordError::Failed => Self::Failed,
            ConfirmPasswordError::Db(error) => Self::Db(error),
        }
    }
}

impl Auth {
    /// The hash of a new password for whoever knows the present one, whose hash is `old_hash`.
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
        password::check_length(new.expose_secret())?;
        self.confirm_password(email, old_hash, current).await?;
        Ok(self.0.hasher.hash(new).await?.into())
    }
}
