//! JSON Web Tokens (RFC 7519) as better-auth's `jwt` plugin issues them: signed by a key of the `jwks` table, for fifteen minutes.
//!
//! What a token says is read and weighed first, because that costs nothing; then its key is looked up; and until [`Jwt::verify`] has
//! passed, nothing of it is believed.

mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::error::JwtError;

/// The most bytes of a token.
pub const MAX_BYTES: usize = 8_000;

/// How far the clock of whoever issued a token may be ahead of ours.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(60);

/// The longest key id, subject and session id.
const MAX_ID: usize = 128;

/// Who must have issued a token, and for whom.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim, or one of them.
    pub audience: String,
}

/// The algorithms that are accepted (RFC 7518, RFC 8037); a token's must be that of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, of 2048 bits or more.
    Rs256,
}

/// A token whose claims are in order, by the clock and by who it says issued it for whom. Nobody has vouched for them yet.
#[derive(Debug)]
pub(crate) struct Jwt {
    /// The key that it says signed it.
    pub(crate) kid: String,
    /// Its subject.
    pub(crate) user: String,
    /// The session it was made from, in Agentuity's tokens.
    pub(crate) session: Option<String>,
    /// When it ends.
    pub(crate) expires_at: DateTime<Utc>,
    algorithm: Algorithm,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Reads a token and weighs its claims at this moment.
    ///
    /// # Errors
    /// [`JwtError`]; [`JwtError::Expired`] only when all else about the claims is in order.
    pub(crate) fn read(
        token: &str,
        settings: &JwtSettings,
        now: DateTime<Utc>,
    ) -> Result<Self, JwtError> {
        if token.len() > MAX_BYTES {
            return Err(JwtError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = (object(header)?, object(claims)?);

        let algorithm = text(&header, "alg").ok_or(JwtError::Malformed)?;
        let algorithm = Algorithm::parse(algorithm).ok_or(JwtError::Algorithm)?;
        // What must be understood (RFC 7515, 4.1.11) we do not.
        if header.contains_key("crit") {
            return Err(JwtError::Malformed);
        }
        if text(&claims, "iss") != Some(&settings.issuer) {
            return Err(JwtError::Issuer);
        }
        if !names(claims.get("aud"), &settings.audience) {
            return Err(JwtError::Audience);
        }
        let session = match claims.get("sessionId") {
            None | Some(Value::Null) => None,
            Some(_) => Some(id(&claims, "sessionId")?),
        };
        let expires_at = time(&claims, "exp")?.ok_or(JwtError::Malformed)?;
        let begins = [time(&claims, "nbf")?, time(&claims, "iat")?];
        let read = Self {
            kid: id(&header, "kid")?,
            user: id(&claims, "sub")?,
            session,
            expires_at,
            algorithm,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| JwtError::Malformed)?,
        };
        let soon = now + CLOCKS_DIFFER;
        if begins.into_iter().flatten().any(|begin| begin > soon) {
            return Err(JwtError::NotYet);
        }
        if expires_at <= now {
            return Err(JwtError::Expired);
        }
        Ok(read)
    }

    /// Whether the key signed it. `public_key` is a JSON Web Key; `algorithm` what its row says, where it does.
    ///
    /// # Errors
    /// [`JwtError::Algorithm`] when the key is for another one, [`JwtError::Signature`] otherwise.
    pub(crate) fn verify(&self, public_key: &str, algorithm: Option<&str>) -> Result<(), JwtError> {
        key::verify(
            self.algorithm,
            public_key,
            algorithm,
            self.signed.as_bytes(),
            &self.signature,
        )
    }
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "EdDSA" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwtError> {
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JwtError::Malformed)
}

fn text<'a>(of: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str()
}

fn id(of: &Map<String, Value>, name: &str) -> Result<String, JwtError> {
    text(of, name)
        .filter(|id| (1..=MAX_ID).contains(&id.len()) && !id.contains('\0'))
        .map(str::to_owned)
        .ok_or(JwtError::Malformed)
}

/// `aud` is a text or a list of them.
fn names(audience: Option<&Value>, wanted: &str) -> bool {
    match audience {
        Some(Value::String(name)) => name == wanted,
        Some(Value::Array(all)) => all.iter().any(|name| name.as_str() == Some(wanted)),
        _ => false,
    }
}

/// Seconds since 1970, maybe with a fraction, which is cut.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, JwtError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it saturates, and what is beyond the calendar is refused below"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map(Some)
        .ok_or(JwtError::Malformed)
}

#[cfg(test)]
mod tests;
