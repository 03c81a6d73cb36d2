//! [`Auth`]: everything that needs the database, behind one cheap clone.

mod authenticate;
mod beside;
mod change_password;
mod confirm_password;
mod fresh;
mod link;
mod refusal;
mod reset;
mod settings;
mod sign_in;
mod sign_up;
mod verify;

use std::fmt;
use std::sync::Arc;

use agentry_db::audit::{self, NewAuditEvent, Origin};
use agentry_db::{Constraint, Db, DbError, Statements, session};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::actor::{Actor, Held};
use crate::cookie::Cookies;
use crate::jwt::JwtSettings;
use crate::password::PasswordHasher;
use crate::secret::SecretList;
use refusal::Notes;

pub use change_password::ChangePasswordError;
pub use confirm_password::ConfirmPasswordError;
pub use reset::{OpenReset, ResetError};
pub use settings::AuthSettings;
pub use sign_up::SignUp;
pub use verify::{ShownEmail, VerifyError};

/// Makes actors of credentials, and credentials of passwords. Clones share everything.
#[derive(Clone)]
pub struct Auth(Arc<Parts>);

struct Parts {
    db: Db,
    hasher: PasswordHasher,
    secrets: SecretList,
    cookies: Cookies,
    jwt: JwtSettings,
    settings: AuthSettings,
    notes: Notes,
}

/// Somebody who has just signed up or in. `Debug` shows no secret.
#[derive(Debug)]
pub struct SignedIn {
    /// Who, in their personal organisation.
    pub actor: Actor,
    /// The session's token, for clients that send it in a bearer header.
    pub token: SecretString,
    /// When the session ends, in milliseconds.
    pub expires_at: DateTime<Utc>,
    /// The values of the `Set-Cookie` headers, for browsers.
    pub set_cookies: Vec<SecretString>,
}

impl Auth {
    /// `cookies` must be named as better-auth's are where one front end uses both.
    #[must_use]
    pub fn new(
        db: Db,
        hasher: PasswordHasher,
        secrets: SecretList,
        cookies: Cookies,
        jwt: JwtSettings,
        settings: AuthSettings,
    ) -> Self {
        Self(Arc::new(Parts {
            db,
            hasher,
            secrets,
            cookies,
            jwt,
            settings,
            notes: Notes::default(),
        }))
    }

    /// Whether whoever has no personal organisation is given one.
    #[must_use]
    pub fn gives_personal_organizations(&self) -> bool {
        self.0.settings.personal_organizations
    }

    /// Ends the actor's session, everywhere at once. Whether it was still there; an API key and a JSON Web Token are no session.
    ///
    /// # Errors
    /// [`DbError`] as the database answers.
    pub async fn sign_out(&self, actor: &Actor) -> Result<bool, DbError> {
        let (id, stored) = match &actor.held {
            Held::Session { id, stored, .. } => (id, stored),
            Held::ApiKey { .. } | Held::JsonWebToken { .. } => return Ok(false),
        };
        let origin = &Origin {
            credential: actor.credential(),
            credential_id: Some(id.clone()),
            ip: actor.client.stored_ip(),
        };
        let event = &NewAuditEvent {
            action: "session.revoke",
            target_type: "Session",
            target_id: id.clone(),
            metadata: json!({ "signedOut": true }),
        };
        let statements = Statements::default();
        self.0
            .db
            .write(
                &actor.tenant,
                "session.revoke",
                &statements,
                |scope| async move {
                    let ended = session::delete(&scope, stored.expose_secret()).await?;
                    if ended {
                        audit::record(&scope, origin, event.clone()).await?;
                    }
                    Ok(ended)
                },
            )
            .await
    }

    /// The values of the `Set-Cookie` headers that make a browser forget its session, under whichever name it keeps it.
    #[must_use]
    pub fn clear_cookies(&self) -> Vec<SecretString> {
        self.0.cookies.sign_out()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// Whether a row could not be stored because its user was deleted a moment ago.
fn is_user_gone(error: &DbError) -> bool {
    matches!(
        error,
        DbError::Constraint {
            kind: Constraint::Reference,
            ..
        }
    )
}
