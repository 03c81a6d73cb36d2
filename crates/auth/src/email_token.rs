//! Tokens that show an address to be somebody's: better-auth's, JSON Web Tokens (RFC 7519) signed with HS256 by the secret that
//! signs sessions. They have no row: what makes one worthless is time, or another address in the account.

use std::fmt;

use agentry_db::ids::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::email::Email;
use crate::secret::SecretList;

/// How long a token is good.
pub const LIFE: TimeDelta = TimeDelta::hours(1);

/// The most bytes of a token.
const MAX_BYTES: usize = 4_000;

/// What better-auth calls the last step of changing an address.
const CHANGE: &str = "change-email-verification";

/// What a token lets whoever reads the messages of an address do. `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub enum EmailClaim {
    /// Verify it.
    Verify {
        /// The address.
        email: Email,
        /// Whose it was; better-auth before 1.7 does not say.
        user: Option<UserId>,
    },
    /// Make it an account's.
    Change {
        /// The address the account had.
        from: Email,
        /// The address.
        to: Email,
        /// Whose account. Required, as by better-auth since 1.7: an address alone may have passed to somebody else meanwhile.
        user: UserId,
        /// When it was asked for, in whole seconds: a password that is newer makes it worthless.
        asked_at: DateTime<Utc>,
    },
}

/// Why a token shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailTokenError {
    /// No such token, or none of ours.
    #[error("the link is not valid")]
    Invalid,
    /// Its time is over; nothing else is wrong with it.
    #[error("the link has expired")]
    Expired,
}

impl EmailClaim {
    /// A token for this, good for an hour. A change is asked for now, whenever it says.
    #[must_use]
    pub fn sign(&self, secrets: &SecretList, now: DateTime<Utc>) -> SecretString {
        let (issued, expires) = (now.timestamp(), (now + LIFE).timestamp());
        let mut claims = match self {
            Self::Verify { email, user } => {
                let mut claims = json!({ "email": email.as_str() });
                if let Some(user) = user {
                    claims["userId"] = user.as_str().into();
                }
                claims
            }
            Self::Change { from, to, user, .. } => json!({
                "email": from.as_str(), "updateTo": to.as_str(), "requestType": CHANGE, "userId": user.as_str(),
            }),
        };
        claims["iat"] = issued.into();
        claims["exp"] = expires.into();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let tag = URL_SAFE_NO_PAD.encode(secrets.tag(signed.as_bytes()));
        format!("{signed}.{tag}").into()
    }

    /// Reads a token at this moment. Its signature is checked first, under all secrets; its issuer has no other name.
    ///
    /// # Errors
    /// [`EmailTokenError`].
    pub fn read(
        token: &str,
        secrets: &SecretList,
        now: DateTime<Utc>,
    ) -> Result<Self, EmailTokenError> {
        let claims = open(token, secrets).ok_or(EmailTokenError::Invalid)?;
        let claim = Self::of(&claims).ok_or(EmailTokenError::Invalid)?;
        let time = |name: &str| claims.get(name).map(Value::as_f64);
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 fit for millions of years"
        )]
        let now = now.timestamp() as f64;
        match (time("nbf"), time("exp")) {
            (Some(None), _) | (_, None | Some(None)) => Err(EmailTokenError::Invalid),
            (Some(Some(start)), _) if start > now => Err(EmailTokenError::Invalid),
            (_, Some(Some(end))) if end <= now => Err(EmailTokenError::Expired),
            (_, Some(Some(_))) => Ok(claim),
        }
    }

    fn of(claims: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| match claims.get(name) {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text.as_str())),
            Some(_) => None,
        };
        let email = Email::parse(text("email")??).ok()?;
        let user = text("userId")?.map(|id| UserId::from(id.to_owned()));
        match (text("updateTo")?, text("requestType")?) {
            // better-auth reads the kind of a request only where there is an address to change to.
            (None, _) => Some(Self::Verify { email, user }),
            (Some(to), Some(CHANGE)) => Some(Self::Change {
                from: email,
                to: Email::parse(to).ok()?,
                user: user?,
                asked_at: DateTime::from_timestamp(claims.get("iat")?.as_i64()?, 0)?,
            }),
            // An earlier step of a change that was begun in better-auth is taken there.
            (Some(_), _) => None,
        }
    }
}

impl fmt::Debug for EmailClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verify { .. } => "Verify",
            Self::Change { .. } => "Change",
        })
    }
}

/// The claims of a token that one of the secrets signed.
fn open(token: &str, secrets: &SecretList) -> Option<Map<String, Value>> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let (signed, tag) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    if !secrets.signed(signed.as_bytes(), &tag) {
        return None;
    }
    let object = |part: &str| -> Option<Map<String, Value>> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let header = object(header)?;
    // What must be understood (RFC 7515, 4.1.11) we do not.
    if header.get("alg")?.as_str()? != "HS256" || header.contains_key("crit") {
        return None;
    }
    object(claims)
}

#[cfg(test)]
mod tests;
