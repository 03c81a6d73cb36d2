use agentry_db::audit::{NewAuditEvent, Origin};
use agentry_db::entity::CredentialKind;
use agentry_db::session::NewSession;
use agentry_db::{Tenant, new_id};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Auth, SignedIn};
use crate::actor::{Actor, Client, Held};
use crate::cookie::Remember;
use crate::credential::SessionCarrier;
use crate::session_token::{self, NoRandomness, TokenStorage};

/// A session about to be stored, and what its row needs.
pub(super) struct FreshSession {
    id: String,
    token: SecretString,
    stored: SecretString,
    expires_at: DateTime<Utc>,
    remember: Remember,
    client: Client,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl FreshSession {
    pub(super) fn new(
        storage: TokenStorage,
        remember: Remember,
        client: Client,
    ) -> Result<Self, NoRandomness> {
        let life = TimeDelta::seconds(remember.session_seconds().into());
        let token = session_token::generate()?;
        Ok(Self {
            id: new_id(),
            stored: storage.stored(&token),
            token,
            // Milliseconds, as the row has it.
            expires_at: (Utc::now() + life).trunc_subsecs(3),
            remember,
            ip_address: client.stored_ip(),
            user_agent: client.stored_user_agent(),
            client,
        })
    }

    pub(super) fn row(&self) -> NewSession<'_> {
        NewSession {
            id: &self.id,
            token: self.stored.expose_secret(),
            expires_at: self.expires_at,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
        }
    }

    /// By what, and from where, the session begins.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            credential: CredentialKind::SignIn,
            credential_id: None,
            ip: self.ip_address.clone(),
        }
    }

    /// That it began.
    pub(super) fn event(&self) -> NewAuditEvent {
        NewAuditEvent {
            action: "session.create",
            target_type: "Session",
            target_id: self.id.clone(),
            metadata: json!({ "userAgent": self.user_agent, "expiresAt": self.expires_at }),
        }
    }

    /// The answer, once the session is stored.
    pub(super) fn signed_in(self, auth: &Auth, tenant: Tenant) -> SignedIn {
        let parts = &auth.0;
        SignedIn {
            set_cookies: parts
                .cookies
                .sign_in(&parts.secrets, &self.token, self.remember),
            actor: Actor {
                tenant,
                held: Held::Session {
                    id: self.id,
                    carrier: SessionCarrier::Cookie,
                    stored: self.stored,
                },
                client: self.client,
                renewed: Vec::new(),
            },
            token: self.token,
            expires_at: self.expires_at,
        }
    }
}
