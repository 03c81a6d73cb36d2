//! Who acts, once a credential has been looked up.

use std::net::IpAddr;

use agentry_db::Tenant;
use agentry_db::entity::CredentialKind;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::credential::SessionCarrier;
use crate::permission::{Access, Permissions};
use crate::policy::Noun;

/// The most characters of a user agent that are stored.
const MAX_USER_AGENT_CHARS: usize = 512;

/// Whoever makes a request: the tenant they act for, and by what. Only [`crate::Auth`] makes one, from what the database just
/// said. `Debug` does not show the token.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(crate) tenant: Tenant,
    pub(crate) held: Held,
    pub(crate) client: Client,
    pub(crate) renewed: Vec<SecretString>,
}

/// By what kind of credential somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A session's cookie.
    Cookie,
    /// A session's token in a bearer header.
    Bearer,
    /// An API key.
    ApiKey,
    /// A JSON Web Token.
    JsonWebToken,
}

/// The credential itself, as far as it is needed later.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    Session {
        id: String,
        /// As `session.token` has it.
        stored: SecretString,
        carrier: SessionCarrier,
    },
    ApiKey {
        id: String,
        hash: SecretString,
        permissions: Permissions,
    },
    JsonWebToken {
        kid: String,
        session: Option<String>,
        expires_at: DateTime<Utc>,
    },
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The network address, behind whatever proxies are trusted.
    pub ip: Option<IpAddr>,
    /// What the client calls itself, as it came.
    pub user_agent: Option<String>,
}

impl Actor {
    /// What opens a connection.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The session's id; not a credential. A JSON Web Token may name the session it was made from; an API key has none.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        match &self.held {
            Held::Session { id, .. } => Some(id),
            Held::ApiKey { .. } => None,
            Held::JsonWebToken { session, .. } => session.as_deref(),
        }
    }

    /// The id of the API key; not a credential. `None` for other credentials.
    #[must_use]
    pub fn api_key_id(&self) -> Option<&str> {
        match &self.held {
            Held::ApiKey { id, .. } => Some(id),
            Held::Session { .. } | Held::JsonWebToken { .. } => None,
        }
    }

    /// The id of the session or API key, for the audit trail; `None` of a JSON Web Token that names no session.
    #[must_use]
    pub fn credential_id(&self) -> Option<&str> {
        self.session_id().or_else(|| self.api_key_id())
    }

    /// Whether an organisation acts, by a key of its own, and not a person.
    #[must_use]
    pub fn is_organization(&self) -> bool {
        let organization = self.tenant.organization().as_str();
        self.tenant.user().as_str().strip_prefix("org_") == Some(organization)
    }

    /// By what kind of credential they are known.
    #[must_use]
    pub const fn method(&self) -> Method {
        match &self.held {
            Held::Session {
                carrier: SessionCarrier::Cookie,
                ..
            } => Method::Cookie,
            Held::Session {
                carrier: SessionCarrier::Bearer,
                ..
            } => Method::Bearer,
            Held::ApiKey { .. } => Method::ApiKey,
            Held::JsonWebToken { .. } => Method::JsonWebToken,
        }
    }

    /// What the credential is called in the audit trail.
    #[must_use]
    pub const fn credential(&self) -> CredentialKind {
        match self.method() {
            Method::Cookie => CredentialKind::Cookie,
            Method::Bearer => CredentialKind::Bearer,
            Method::ApiKey => CredentialKind::ApiKey,
            Method::JsonWebToken => CredentialKind::JsonWebToken,
        }
    }

    /// Whether the credential is good for this access to this noun. Only an API key can be good for less than its user; what its
    /// user may do at all is for their role, and for row security, to say.
    #[must_use]
    pub fn may(&self, noun: Noun, access: Access) -> bool {
        match &self.held {
            Held::Session { .. } | Held::JsonWebToken { .. } => true,
            Held::ApiKey { permissions, .. } => noun
                .name()
                .is_some_and(|name| permissions.grant(name, access)),
        }
    }

    /// The values of `Set-Cookie` headers to be sent with the answer, because this look-up extended the session.
    #[must_use]
    pub fn renewed_cookies(&self) -> &[SecretString] {
        &self.renewed
    }

    /// Where the request comes from.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// The address as stored in `session."ipAddress"`.
    pub(crate) fn stored_ip(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_canonical().to_string())
    }

    /// The user agent as stored in `session."userAgent"`: cut, and without control characters (PostgreSQL stores no NUL).
    pub(crate) fn stored_user_agent(&self) -> Option<String> {
        let plain = self.user_agent.as_deref()?.chars();
        let kept: String = plain
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT_CHARS)
            .collect();
        (!kept.is_empty()).then_some(kept)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_db::Role;

    use super::*;

    #[test]
    fn debug_shows_no_token() {
        let actor = Actor {
            tenant: Tenant::new("user".into(), "org".into(), Role::Owner).unwrap(),
            held: Held::Session {
                id: "session".to_owned(),
                carrier: SessionCarrier::Bearer,
                stored: "NzMKIWXjzqaznCOVtwkjT3wct0LeNdk7".into(),
            },
            client: Client::default(),
            renewed: Vec::new(),
        };
        let shown = format!("{actor:?}");
        assert!(
            shown.contains("session") && !shown.contains("NzMK"),
            "{shown}"
        );
        assert_eq!(actor.credential(), CredentialKind::Bearer);
    }

    #[test]
    fn stored_client_is_cut_and_plain() {
        let client = |agent: &str| Client {
            ip: Some("::ffff:192.0.2.7".parse().unwrap()),
            user_agent: Some(agent.to_owned()),
        };
        assert_eq!(client("x").stored_ip().unwrap(), "192.0.2.7");
        let long = client(&"é".repeat(600)).stored_user_agent().unwrap();
        assert_eq!(long, "é".repeat(512));
        assert_eq!(client("a\0b\n").stored_user_agent().unwrap(), "ab");
        assert_eq!(client("\0").stored_user_agent(), None);
        assert_eq!(Client::default().stored_ip(), None);
    }
}
