//! Messages that operations cause. They are made and sent after the answer.

use agentry_auth::email::Email;
use agentry_auth::{Auth, ResetError};
use agentry_db::ids::UserId;
use agentry_mail::{Kind, Letters, Mailer, Message};
use secrecy::SecretString;

/// What sends messages, and what writes them.
#[derive(Debug)]
pub struct Mail {
    /// Sends them.
    pub mailer: Mailer,
    /// Writes them.
    pub letters: Letters,
    /// Whether whoever signs up is sent a message to verify their address.
    pub on_sign_up: bool,
}

impl Mail {
    /// Lets the account of this address, if there is one, choose a new password. Whether it was taken up.
    pub(crate) fn reset(&self, auth: &Auth, email: Email) -> bool {
        let (auth, letters) = (auth.clone(), self.letters.clone());
        self.mailer.send_later(Kind::PasswordReset, async move {
            let token = auth.begin_reset(&email).await;
            let write = |token: &SecretString| letters.password_reset(email.as_str(), token);
            written(Kind::PasswordReset, token, write)
        })
    }

    /// Lets the account of this address, if there is one that is not verified, verify it. Whether it was taken up.
    pub(crate) fn verification(&self, auth: &Auth, email: Email) -> bool {
        let (auth, letters) = (auth.clone(), self.letters.clone());
        self.mailer.send_later(Kind::Verification, async move {
            let token = auth.verification_token(&email).await;
            let token = token.map_err(ResetError::from);
            let write = |token: &SecretString| letters.verification(email.as_str(), token);
            written(Kind::Verification, token, write)
        })
    }

    /// Lets whoever reads `to` make it the address of this user, unless it is somebody's. Whether it was taken up.
    pub(crate) fn email_change(&self, auth: &Auth, user: UserId, from: Email, to: Email) -> bool {
        let (auth, letters) = (auth.clone(), self.letters.clone());
        self.mailer.send_later(Kind::EmailChange, async move {
            let token = auth.change_token(user, from, to.clone()).await;
            let token = token.map_err(ResetError::from);
            let write = |token: &SecretString| letters.email_change(to.as_str(), token);
            written(Kind::EmailChange, token, write)
        })
    }
}

/// The message with this token, if there is one to send.
fn written(
    kind: Kind,
    token: Result<Option<SecretString>, ResetError>,
    write: impl FnOnce(&SecretString) -> Message,
) -> Option<Message> {
    match token {
        Ok(token) => token.as_ref().map(write),
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            let cause = cause.source().map(ToString::to_string);
            tracing::warn!(mail.kind = kind.as_str(), %error, cause, "a message cannot be made");
            None
        }
    }
}
