use std::fmt;

use agentry_db::account::{self, NewAccount};
use agentry_db::audit::{self, NewAuditEvent};
use agentry_db::ids::UserId;
use agentry_db::{DbError, Role, Statements, Tenant, UnsafeId, new_id, session};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::fresh::FreshSession;
use super::{Auth, SignedIn};
use crate::actor::Client;
use crate::cookie::Remember;
use crate::email::Email;
use crate::error::SignUpError;
use crate::throttle::Attempt;
use crate::{name, password, slug};

/// Somebody who wants an account, as typed. `Debug` shows nothing of them.
pub struct SignUp {
    /// What they are called; their personal organisation will be called so too.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The password they chose.
    pub password: SecretString,
}

impl Auth {
    /// Stores a user, their password, their personal organisation and a first session, all of it or nothing; without the session
    /// where the address must be verified first.
    ///
    /// # Errors
    /// [`SignUpError`]. An address that is taken is told as such: a form that hid it would need a message to the address.
    pub async fn sign_up(
        &self,
        new: SignUp,
        remember: Remember,
        client: Client,
    ) -> Result<SignedIn, SignUpError> {
        let parts = &self.0;
        // They would have nowhere to be.
        if !parts.settings.personal_organizations {
            return Err(SignUpError::Closed);
        }
        let SignUp {
            name,
            email,
            password,
        } = new;
        // What is merely mistyped costs nothing and is not counted.
        let name = name::check(&name)?;
        let email = Email::parse(&email)?;
        password::check_length(password.expose_secret())?;
        Attempt::NewAccount(client.ip)
            .count(&parts.db, parts.settings.sign_up_per_address)
            .await?
            .map_err(|retry_after| SignUpError::TooMany { retry_after })?;

        let password_hash = parts.hasher.hash(password).await?;
        let fresh = FreshSession::new(parts.settings.session_tokens, remember, client)?;
        let user: UserId = new_id();
        let account = NewAccount {
            user: &user,
            name,
            email: email.as_str(),
            password_hash: &password_hash,
            slug: &slug::personal(name, email.as_str(), user.as_str()),
        };
        // The organisation is being made: whoever is made with it owns it.
        let tenant = Tenant::new(user.clone(), new_id(), Role::Owner)
            .map_err(|UnsafeId| SignUpError::Failed)?;
        if !self.enter(&tenant, &account, &fresh).await? {
            return Err(SignUpError::EmailTaken);
        }
        if parts.settings.require_verified_email {
            return Err(SignUpError::Unverified);
        }
        Ok(fresh.signed_in(self, tenant))
    }

    /// Stores the account and its first session, and that they began. Whether the address was free.
    async fn enter(
        &self,
        tenant: &Tenant,
        account: &NewAccount<'_>,
        fresh: &FreshSession,
    ) -> Result<bool, DbError> {
        let origin = &fresh.origin();
        let event = &NewAuditEvent {
            action: "user.sign_up",
            target_type: "User",
            target_id: account.user.to_string(),
            metadata: json!({}),
        };
        let statements = Statements::default();
        self.0
            .db
            .write(tenant, "user.sign_up", &statements, |scope| async move {
                if !account::insert(&scope, account, &fresh.row()).await? {
                    return Ok(false);
                }
                audit::record(&scope, origin, event.clone()).await?;
                if self.0.settings.require_verified_email {
                    // Made with the account, and told to nobody.
                    session::delete(&scope, fresh.row().token).await?;
                } else {
                    audit::record(&scope, origin, fresh.event()).await?;
                }
                Ok(true)
            })
            .await
    }
}

impl fmt::Debug for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp").finish_non_exhaustive()
    }
}
