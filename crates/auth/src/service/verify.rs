use agentry_db::ids::UserId;
use agentry_db::{DbError, Tenant, verification};
use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};

use super::Auth;
use crate::email::Email;
use crate::email_token::{EmailClaim, EmailTokenError};

/// An address that somebody has shown to be theirs, to be noted in a transaction of this tenant.
#[derive(Debug)]
pub struct ShownEmail {
    /// Whose it is, or is to be.
    pub tenant: Tenant,
    /// What was shown.
    pub claim: EmailClaim,
    /// Whether it has been noted before.
    pub noted: bool,
}

/// Why an address is not shown.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The token.
    #[error(transparent)]
    Token(#[from] EmailTokenError),
    /// The account has another address by now, or there is none.
    #[error("the account has another address by now")]
    Changed,
    /// Somebody else is signed in where the link was opened.
    #[error("somebody else is signed in here")]
    OfAnother,
    /// The database could not answer.
    #[error("the account could not be looked up")]
    Db(#[from] DbError),
}

impl Auth {
    /// A token by which whoever reads this address shows that it is theirs. `None`: no account has it, or it is verified. Nobody
    /// must be waiting for the answer, which takes longer for an account than for none.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn verification_token(&self, email: &Email) -> Result<Option<SecretString>, DbError> {
        let parts = &self.0;
        let found = verification::find_person(&parts.db, email.as_str()).await?;
        let open = found.filter(|found| !found.verified);
        Ok(open.map(|found| {
            let claim = EmailClaim::Verify {
                email: email.clone(),
                user: Some(found.user),
            };
            claim.sign(&parts.secrets, Utc::now())
        }))
    }

    /// A token by which whoever reads `to` makes it the address of this user, who has `from`. `None`: somebody has it. As for
    /// [`Auth::verification_token`], nobody must be waiting.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn change_token(
        &self,
        user: UserId,
        from: Email,
        to: Email,
    ) -> Result<Option<SecretString>, DbError> {
        let parts = &self.0;
        let taken = verification::find_person(&parts.db, to.as_str()).await?;
        let asked_at = Utc::now();
        let claim = EmailClaim::Change {
            from,
            to,
            user,
            asked_at,
        };
        Ok(taken
            .is_none()
            .then(|| claim.sign(&parts.secrets, asked_at)))
    }

    /// What a token shows. `signed_in` is who opened the link, where that is known: an address is not changed for another person's
    /// session to see, as better-auth has it.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub async fn check_email_token(
        &self,
        token: &SecretString,
        signed_in: Option<&UserId>,
    ) -> Result<ShownEmail, VerifyError> {
        let parts = &self.0;
        let claim = EmailClaim::read(token.expose_secret(), &parts.secrets, Utc::now())?;
        let (email, user) = match &claim {
            EmailClaim::Verify { email, user } => (email, user.as_ref()),
            EmailClaim::Change { from, user, .. } => (from, Some(user)),
        };
        let found = verification::find_person(&parts.db, email.as_str()).await?;
        let found = found
            .filter(|found| user.is_none_or(|user| *user == found.user))
            .ok_or(VerifyError::Changed)?;
        let noted = match &claim {
            EmailClaim::Verify { .. } => found.verified,
            EmailClaim::Change { .. } => {
                if signed_in.is_some_and(|user| *user != found.user) {
                    return Err(VerifyError::OfAnother);
                }
                false
            }
        };
        let tenant = self.at_home(found.user, &found.person).await?;
        Ok(ShownEmail {
            tenant: tenant.ok_or(VerifyError::Changed)?,
            claim,
            noted,
        })
    }
}
