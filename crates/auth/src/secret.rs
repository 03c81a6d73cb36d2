//! The secrets that sign session tokens: the first of the list signs, all of them verify, so that a secret can be
//! changed without signing everybody out.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{SecretError, SignatureError};

/// The fewest characters a secret may have.
pub const MIN_SECRET_CHARS: usize = 32;

/// 32 bytes in padded base64.
const SIGNATURE_CHARS: usize = 44;

/// One or more secrets, kept as HMAC-SHA256 keys. `Debug` tells only how many.
pub struct SecretList {
    first: hmac::Key,
    older: Vec<hmac::Key>,
}

impl SecretList {
    /// A list of one, as `BETTER_AUTH_SECRET` holds it: the text is the key as it stands, commas, colons and spaces included.
    ///
    /// # Errors
    /// [`SecretError::TooShort`] under 32 characters.
    pub fn single(secret: &SecretString) -> Result<Self, SecretError> {
        Ok(Self {
            first: key(secret.expose_secret(), 1)?,
            older: Vec::new(),
        })
    }

    /// The form of `BETTER_AUTH_SECRETS`, `2:newest,1:older`. Order counts, not the numbers, which
    /// must only differ; a secret in this form contains no comma, and white space around an entry is not part of it.
    ///
    /// # Errors
    /// [`SecretError`], by the position of the entry; no message repeats a secret.
    pub fn versioned(list: &SecretString) -> Result<Self, SecretError> {
        let mut keys = Vec::new();
        let mut versions = Vec::new();
        for (entry, position) in list.expose_secret().split(',').zip(1..) {
            let not_versioned = SecretError::NotVersioned { position };
            let (version, secret) = entry.split_once(':').ok_or(not_versioned)?;
            let version = version.trim().parse::<u32>().map_err(|_| not_versioned)?;
            if versions.contains(&version) {
                return Err(SecretError::SameVersion { version });
            }
            versions.push(version);
            keys.push(key(secret.trim(), position)?);
        }
        let mut keys = keys.into_iter();
        let first = keys
            .next()
            .ok_or(SecretError::NotVersioned { position: 1 })?;
        Ok(Self {
            first,
            older: keys.collect(),
        })
    }

    /// Lets `secret` verify as well, after all others; it signs nothing. For the move from a single secret to a versioned list.
    ///
    /// # Errors
    /// [`SecretError::TooShort`] under 32 characters.
    pub fn and_accept(mut self, secret: &SecretString) -> Result<Self, SecretError> {
        let position = self.older.len() + 2;
        self.older.push(key(secret.expose_secret(), position)?);
        Ok(self)
    }

    /// `value.signature`, where the signature is the padded standard base64 of HMAC-SHA256 over the value, not percent-encoded.
    #[must_use]
    pub fn sign(&self, value: &str) -> SecretString {
        let tag = hmac::sign(&self.first, value.as_bytes());
        let mut signed = String::with_capacity(value.len() + 1 + SIGNATURE_CHARS);
        signed.push_str(value);
        signed.push('.');
        STANDARD.encode_string(tag.as_ref(), &mut signed);
        signed.into()
    }

    /// The value of `value.signature` (not percent-encoded) when one of the secrets signed it. Split at the last dot.
    ///
    /// One spelling of a signature is accepted, the canonical one: better-auth lets the two unused bits of the last
    /// character be anything, but never writes them.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify<'a>(&self, signed: &'a str) -> Result<&'a str, SignatureError> {
        let (value, signature) = signed.rsplit_once('.').ok_or(SignatureError::Unsigned)?;
        if value.is_empty() || signature.len() != SIGNATURE_CHARS {
            return Err(SignatureError::Unsigned);
        }
        let tag = STANDARD
            .decode(signature)
            .map_err(|_| SignatureError::Unsigned)?;
        if self.signed(value.as_bytes(), &tag) {
            Ok(value)
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    /// HMAC-SHA256 of these bytes under the first secret.
    pub(crate) fn tag(&self, bytes: &[u8]) -> hmac::Tag {
        hmac::sign(&self.first, bytes)
    }

    /// Whether this is the HMAC-SHA256 of these bytes under one of the secrets.
    pub(crate) fn signed(&self, bytes: &[u8], tag: &[u8]) -> bool {
        std::iter::once(&self.first)
            .chain(&self.older)
            .any(|key| hmac::verify(key, bytes, tag).is_ok())
    }
}

impl fmt::Debug for SecretList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretList({} secrets)", 1 + self.older.len())
    }
}

/// The UTF-8 bytes of the secret are the key.
fn key(secret: &str, position: usize) -> Result<hmac::Key, SecretError> {
    let length = secret.chars().count();
    if length < MIN_SECRET_CHARS {
        return Err(SecretError::TooShort { position, length });
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{secrets, vector};

    const NEW: &str = "a-newer-secret-of-forty-characters-00001";
    const OLD: &str = "an-older-secret-of-forty-characters-0001";

    #[test]
    fn signs_as_better_auth_does() {
        let signed = secrets().sign(&vector("sessionToken"));
        assert_eq!(signed.expose_secret(), vector("setAuthTokenHeader"));
        let remember = secrets().sign("true");
        assert_eq!(remember.expose_secret(), vector("dontRemember"));
    }

    #[test]
    fn verifies_what_better_auth_signed() {
        let signed = vector("setAuthTokenHeader");
        assert_eq!(
            secrets().verify(&signed),
            Ok(vector("sessionToken").as_str())
        );
    }

    #[test]
    fn every_single_altered_character_is_refused() {
        let signed = vector("setAuthTokenHeader");
        for at in 0..signed.len() {
            for other in ["A", "b", "=", ".", "/"] {
                let mut altered = signed.clone();
                altered.replace_range(at..=at, other);
                if altered != signed {
                    assert!(secrets().verify(&altered).is_err(), "{altered}");
                }
            }
        }
    }

    #[test]
    fn truncated_extended_and_unsigned_values_are_refused() {
        let signed = vector("setAuthTokenHeader");
        let token = vector("sessionToken");
        let signature = signed.rsplit_once('.').unwrap().1;
        for cut in 0..signed.len() {
            assert_eq!(
                secrets().verify(&signed[..cut]),
                Err(SignatureError::Unsigned)
            );
        }
        for bad in [
            format!("{signed}="),
            format!("{signed} "),
            format!(".{signature}"),
            format!("{token}."),
            token,
        ] {
            assert_eq!(
                secrets().verify(&bad),
                Err(SignatureError::Unsigned),
                "{bad}"
            );
        }
    }

    #[test]
    fn other_alphabets_of_base64_are_refused() {
        let signed = vector("setAuthTokenHeader");
        let url_safe = signed.replace('/', "_").replace('+', "-");
        assert_ne!(url_safe, signed);
        assert_eq!(secrets().verify(&url_safe), Err(SignatureError::Unsigned));
        let unpadded = signed.trim_end_matches('=');
        assert_eq!(secrets().verify(unpadded), Err(SignatureError::Unsigned));
        // The same bytes with an unused bit set: "M=" and "N=" decode alike where decoding is lax.
        let lax = signed.replace("M=", "N=");
        assert_ne!(lax, signed);
        assert_eq!(secrets().verify(&lax), Err(SignatureError::Unsigned));
    }

    #[test]
    fn first_secret_signs_and_all_verify() {
        let old = SecretList::single(&OLD.into()).unwrap();
        let both = SecretList::versioned(&format!("2:{NEW}, 1:{OLD}").into()).unwrap();
        let new = SecretList::single(&NEW.into()).unwrap();
        assert_eq!(both.verify(old.sign("token").expose_secret()), Ok("token"));
        assert_eq!(new.verify(both.sign("token").expose_secret()), Ok("token"));
        assert_eq!(
            old.verify(both.sign("token").expose_secret()),
            Err(SignatureError::Mismatch)
        );
        let moved = new.and_accept(&OLD.into()).unwrap();
        assert_eq!(moved.verify(old.sign("token").expose_secret()), Ok("token"));
    }

    #[test]
    fn short_secret_is_refused_in_one_sentence() {
        let refused = SecretList::single(&"too short".into()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the authentication secret must have at least 32 characters, but number 1 of the list has 9"
        );
        assert!(SecretList::single(&"é".repeat(32).into()).is_ok());
        assert!(SecretList::single(&"é".repeat(31).into()).is_err());
    }

    #[test]
    fn malformed_lists_are_refused_by_position() {
        let list = |text: String| SecretList::versioned(&text.into()).unwrap_err();
        assert_eq!(
            list(String::new()),
            SecretError::NotVersioned { position: 1 }
        );
        assert_eq!(list(NEW.into()), SecretError::NotVersioned { position: 1 });
        assert_eq!(
            list(format!("2:{NEW},{OLD}")),
            SecretError::NotVersioned { position: 2 }
        );
        assert_eq!(
            list(format!("2:{NEW},-1:{OLD}")),
            SecretError::NotVersioned { position: 2 }
        );
        assert_eq!(
            list(format!("1:{NEW},1:{OLD}")),
            SecretError::SameVersion { version: 1 }
        );
        assert_eq!(
            list(format!("2:{NEW},1:")),
            SecretError::TooShort {
                position: 2,
                length: 0
            }
        );
    }

    #[test]
    fn debug_tells_only_how_many() {
        assert_eq!(format!("{:?}", secrets()), "SecretList(1 secrets)");
    }

    proptest! {
        #[test]
        fn signing_round_trips(value in "[^.]{1,64}(\\.[^.]{0,8})?") {
            let signed = secrets().sign(&value);
            prop_assert_eq!(secrets().verify(signed.expose_secret()), Ok(value.as_str()));
        }

        #[test]
        fn nothing_unsigned_verifies(text in any::<String>()) {
            prop_assert!(secrets().verify(&text).is_err());
        }

        #[test]
        fn no_made_up_signature_verifies(text in "[A-Za-z0-9]{32}\\.[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=") {
            prop_assert_eq!(secrets().verify(&text), Err(SignatureError::Mismatch));
        }

        #[test]
        fn lists_never_panic(text in "([0-9]{0,3}:?[a-z0-9é]{0,40},?){0,4}") {
            let _ = SecretList::versioned(&text.into());
        }
    }
}
