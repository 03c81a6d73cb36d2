//! Refused sign-ins, in the audit trail of whoever's account was meant.
//!
//! They are noted when the answer is on its way already, by the same steps whether or not there is an account: neither the
//! answer nor the time it takes tells which.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::audit::{self, NewAuditEvent, Origin};
use agentry_db::entity::CredentialKind;
use agentry_db::rate_limit::RateLimit;
use agentry_db::{DbError, Statements, account};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Auth;
use super::authenticate::place;
use crate::actor::Client;
use crate::email::Email;
use crate::throttle::Attempt;

/// How many may wait to be written. Passwords are checked far more slowly than this fills.
const WAITING: u32 = 1_024;
/// How many are written at once: each takes a connection for a moment.
const AT_ONCE: usize = 2;
/// How long the end waits for them.
const FAREWELL: Duration = Duration::from_secs(3);
/// An account that is tried too often is noted so often and no more: whoever tries costs nothing to go on.
const TOO_MANY: RateLimit = RateLimit {
    count: 1,
    window: Duration::from_mins(1),
};

/// Why a sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The password is another one, or the account has none.
    Password,
    /// The account was tried too often.
    TooMany,
}

impl Why {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::TooMany => "too_many",
        }
    }
}

/// Notes that wait to be written.
pub(super) struct Notes {
    waiting: Arc<Semaphore>,
    writing: Semaphore,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING as usize)),
            writing: Semaphore::new(AT_ONCE),
        }
    }
}

impl Auth {
    /// Waits for the notes of refused sign-ins to be written, for a few seconds at most. To be called once nobody can sign in any
    /// more and before the database stops.
    pub async fn close(&self) {
        let written = self.0.notes.waiting.acquire_many(WAITING);
        if timeout(FAREWELL, written).await.is_err() {
            tracing::warn!("refused sign-ins could not be noted in time");
        }
    }

    /// Notes a refused sign-in, later. Needs a tokio runtime.
    pub(super) fn refused(&self, email: Email, client: Client, why: Why) {
        let Ok(place) = Arc::clone(&self.0.notes.waiting).try_acquire_owned() else {
            tracing::warn!(
                reason = why.word(),
                "a refused sign-in could not be noted: too many wait"
            );
            return;
        };
        tokio::spawn(self.clone().note(email, client, why, place));
    }

    async fn note(self, email: Email, client: Client, why: Why, _place: OwnedSemaphorePermit) {
        let Ok(_turn) = self.0.notes.writing.acquire().await else {
            return;
        };
        if let Err(error) = self.write_note(&email, &client, why).await {
            tracing::warn!(%error, reason = why.word(), "a refused sign-in could not be noted");
        }
    }

    async fn write_note(&self, email: &Email, client: &Client, why: Why) -> Result<(), DbError> {
        let db = &self.0.db;
        if why == Why::TooMany && Attempt::NotedOf(email).count(db, TOO_MANY).await?.is_err() {
            return Ok(());
        }
        let found = account::home_of_address(db, email.as_str()).await?;
        let Some(home) = found else {
            tracing::info!(reason = why.word(), "a sign-in to no account was refused");
            return Ok(());
        };
        let user = home.user;
        tracing::info!(user.id = %user, reason = why.word(), "a sign-in was refused");
        // Somebody whom better-auth signed up and who was never here has no place yet where it could be kept.
        let Ok(tenant) = place(user.clone(), home.membership) else {
            return Ok(());
        };
        let origin = &Origin {
            credential: CredentialKind::SignIn,
            credential_id: None,
            ip: client.stored_ip(),
        };
        let metadata = json!({ "reason": why.word(), "userAgent": client.stored_user_agent() });
        let event = &NewAuditEvent {
            action: "session.refuse",
            target_type: "User",
            target_id: user.into_string(),
            metadata,
        };
        let statements = Statements::default();
        db.write(&tenant, "session.refuse", &statements, |scope| async move {
            audit::record(&scope, origin, event.clone()).await
        })
        .await
    }
}
