use std::fmt;
use std::time::Duration;

use agentry_db::{DbError, Tenant, verification};
use chrono::{SubsecRound as _, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::Auth;
use crate::actor::Client;
use crate::email::Email;
use crate::error::PasswordError;
use crate::password;
use crate::session_token::{self, NoRandomness};

/// How long a reset is open.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// Characters of a reset's token, as better-auth makes it; 142 bits.
const TOKEN_CHARS: usize = 24;

/// A reset that may be finished, in a transaction of this tenant. `Debug` shows no secret.
pub struct OpenReset {
    /// Whose password it is.
    pub tenant: Tenant,
    /// The token, to be used up.
    pub token: SecretString,
    /// The hash of the new password.
    pub password_hash: SecretString,
}

/// Why a password is not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// No reset is open under this token: it never was, was used, or its time is over.
    #[error("the link is not valid any more")]
    Unknown,
    /// The new password has fewer than 8 UTF-16 units.
    #[error("the password must have at least 8 characters")]
    TooShort,
    /// The new one has more than 128 UTF-16 units.
    #[error("the password must have at most 128 characters")]
    TooLong,
    /// Too many tokens were tried from this network address.
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
    #[error("the reset could not be looked up")]
    Db(#[from] DbError),
}

impl From<PasswordError> for ResetError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::TooShort,
            PasswordError::TooLong => Self::TooLong,
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::Failed,
        }
    }
}

impl From<NoRandomness> for ResetError {
    fn from(_: NoRandomness) -> Self {
        Self::Failed
    }
}

impl fmt::Debug for OpenReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenReset")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Opens a reset for the account of this address: its token, for a message. `None`: there is no account. Takes longer for an
    /// account than for none, so nobody must be waiting for it.
    ///
    /// # Errors
    /// [`ResetError::Failed`] and [`ResetError::Db`].
    pub async fn begin_reset(&self, email: &Email) -> Result<Option<SecretString>, ResetError> {
        let token = session_token::letters(TOKEN_CHARS)?;
        let expires_at = (Utc::now() + LIFE).trunc_subsecs(3);
        let db = &self.0.db;
        let open = verification::begin_reset(db, email.as_str(), token.expose_secret(), expires_at)
            .await?;
        Ok(open.then_some(token))
    }

    /// Checks a reset's token and hashes the new password. The hash is made for a good token alone: nobody guesses one.
    ///
    /// # Errors
    /// [`ResetError`].
    pub async fn check_reset(
        &self,
        token: SecretString,
        new: SecretString,
        client: &Client,
    ) -> Result<OpenReset, ResetError> {
        let parts = &self.0;
        password::check_length(new.expose_secret())?;
        self.count_link(client)
            .await?
            .map_err(|retry_after| ResetError::TooMany { retry_after })?;
        session_token::check(token.expose_secret()).map_err(|_| ResetError::Unknown)?;
        let found = verification::find_reset(&parts.db, token.expose_secret()).await?;
        let (user, person) = found.ok_or(ResetError::Unknown)?;
        let password_hash = parts.hasher.hash(new).await?.into();
        let tenant = self.at_home(user, &person).await?;
        Ok(OpenReset {
            tenant: tenant.ok_or(ResetError::Unknown)?,
            token,
            password_hash,
        })
    }
}
