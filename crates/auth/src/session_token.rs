//! Session tokens: 32 random letters and digits, as better-auth makes them. `session.token` holds this text in clear, or its hash
//! where [`TokenStorage`] says so.
//!
//! A token travels signed in a cookie (`token.signature`, percent-encoded), and signed or bare in a bearer header.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Refusal, SignatureError};
use crate::secret::SecretList;

/// Characters of a fresh token; 190 bits.
pub const TOKEN_CHARS: usize = 32;

/// The most characters a presented token may have. Longer and shorter ones than ours are read, in case another
/// program makes them, but none that could be guessed.
const ACCEPTED_CHARS: RangeInclusive<usize> = 16..=128;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The largest multiple of 62 in a byte: bytes from here on are thrown away, or the first letters would be likelier.
const FAIR_BELOW: u8 = 248;

/// What `session.token` holds of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenStorage {
    /// The token itself, as better-auth keeps it.
    #[default]
    Plain,
    /// SHA-256 of it in 64 lower-case hexadecimal digits: whoever reads the table has no session. better-auth must be told to do the
    /// same by a wrapper around its adapter.
    Hashed,
}

impl TokenStorage {
    /// What `session.token` holds of this token.
    #[must_use]
    pub fn stored(self, token: &SecretString) -> SecretString {
        match self {
            Self::Plain => token.clone(),
            Self::Hashed => hash(token).into(),
        }
    }

    /// What it may hold instead, from before hashes were stored. Never what may itself be a hash: shown as a token by whoever read it in
    /// the table, it would be found as it stands.
    #[must_use]
    pub fn stored_before(self, token: &SecretString) -> Option<&SecretString> {
        let hashed = match self {
            Self::Plain => false,
            Self::Hashed => true,
        };
        (hashed && token.expose_secret().len() < HASH_CHARS).then_some(token)
    }
}

/// Of SHA-256, in hexadecimal.
const HASH_CHARS: usize = 64;

fn hash(token: &SecretString) -> String {
    let digest = digest::digest(&digest::SHA256, token.expose_secret().as_bytes());
    hex::encode(digest)
}

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct NoRandomness;

/// A fresh token from the system's randomness.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate() -> Result<SecretString, NoRandomness> {
    letters(TOKEN_CHARS)
}

/// So many random letters and digits, of which more than [`TOKEN_CHARS`] are not asked for.
pub(crate) fn letters(count: usize) -> Result<SecretString, NoRandomness> {
    let random = SystemRandom::new();
    let mut bytes = Zeroizing::new([0_u8; 2 * TOKEN_CHARS]);
    let mut token = Zeroizing::new(String::with_capacity(TOKEN_CHARS));
    loop {
        random
            .fill(bytes.as_mut_slice())
            .map_err(|_| NoRandomness)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR_BELOW);
        for byte in fair.take(count - token.len()) {
            token.push(char::from(ALPHABET[usize::from(byte % 62)]));
        }
        if token.len() == count {
            return Ok(token.as_str().into());
        }
    }
}

/// The token of a signed value, percent-encoded or not.
///
/// # Errors
/// [`SignatureError::Unsigned`] for anything that is not `token.signature` with the token's characters,
/// [`SignatureError::Mismatch`] when no secret of ours signed it.
pub fn open_signed(secrets: &SecretList, presented: &str) -> Result<SecretString, SignatureError> {
    let mut decoded = decode(presented);
    let result = secrets.verify(&decoded).and_then(|token| {
        // What we sign beside tokens ("true" in another cookie) is no token.
        check(token).map_err(|_| SignatureError::Unsigned)
    });
    let result = result.map(SecretString::from);
    if let Cow::Owned(text) = &mut decoded {
        text.zeroize();
    }
    result
}

/// Accepts text that can be a token: 16 to 128 of `A-Z a-z 0-9 _ -`.
///
/// # Errors
/// [`Refusal::Token`].
pub(crate) fn check(token: &str) -> Result<&str, Refusal> {
    let fits = ACCEPTED_CHARS.contains(&token.len())
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(token) } else { Err(Refusal::Token) }
}

/// Percent-decoded once; what does not decode to UTF-8 stays as it was, and fails later. `+` is a plus sign here.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text)
        .decode_utf8()
        .unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::vectors::{secrets, vector};

    fn open(presented: &str) -> Result<String, SignatureError> {
        open_signed(&secrets(), presented).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn token_is_32_letters_and_digits_and_never_the_same() {
        let tokens: BTreeSet<String> = (0..1000)
            .map(|_| generate().unwrap().expose_secret().to_owned())
            .collect();
        assert_eq!(tokens.len(), 1000);
        for token in &tokens {
            assert_eq!(token.len(), TOKEN_CHARS);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        let mut counts = BTreeMap::new();
        for _ in 0..4000 {
            for c in generate().unwrap().expose_secret().chars() {
                *counts.entry(c).or_insert(0_i32) += 1;
            }
        }
        assert_eq!(counts.len(), 62);
        // 128,000 draws: 2,064 each, standard deviation 45. Taking bytes modulo 62 without throwing any away would give the
        // first eight 2,500.
        for (c, count) in counts {
            assert!((count - 2064).abs() < 320, "{c}: {count}");
        }
    }

    #[test]
    fn hash_is_the_one_of_other_programs_and_never_a_token_from_before() {
        // SHA-256 of "abc" (FIPS 180-2, B.1).
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let stored = TokenStorage::Hashed.stored(&"abc".into());
        assert_eq!(stored.expose_secret(), abc);
        assert!(TokenStorage::Hashed.stored_before(&stored).is_none());
        let token: SecretString = vector("sessionToken").into();
        assert!(TokenStorage::Hashed.stored_before(&token).is_some());
        assert!(TokenStorage::Plain.stored_before(&token).is_none());
        let plain = TokenStorage::Plain.stored(&token);
        assert_eq!(plain.expose_secret(), token.expose_secret());
    }

    #[test]
    fn encoded_and_decoded_forms_open() {
        let token = vector("sessionToken");
        let decoded = vector("setAuthTokenHeader");
        let encoded = decoded.replace('/', "%2F").replace('=', "%3D");
        let lower = decoded.replace('/', "%2f").replace('=', "%3d");
        assert_eq!(open(&decoded), Ok(token.clone()));
        assert_eq!(open(&encoded), Ok(token.clone()));
        assert_eq!(open(&lower), Ok(token));
    }

    #[test]
    fn twice_encoded_value_is_refused() {
        let encoded = vector("setAuthTokenHeader").replace('=', "%253D");
        assert_eq!(open(&encoded), Err(SignatureError::Unsigned));
    }

    #[test]
    fn value_of_another_cookie_is_no_token() {
        assert_eq!(open(&vector("dontRemember")), Err(SignatureError::Unsigned));
        let spaced = secrets().sign("sixteen chars and spaces");
        assert_eq!(open(spaced.expose_secret()), Err(SignatureError::Unsigned));
    }

    #[test]
    fn token_text_is_bounded() {
        assert!(check(&"a".repeat(16)).is_ok());
        assert!(check(&"a".repeat(128)).is_ok());
        for bad in [
            String::new(),
            "a".repeat(15),
            "a".repeat(129),
            format!("{}\0", "a".repeat(31)),
            format!("{}é", "a".repeat(31)),
            format!("{}%00", "a".repeat(31)),
        ] {
            assert_eq!(check(&bad), Err(Refusal::Token), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn opening_never_panics(text in any::<String>()) {
            prop_assert!(open(&text).is_err());
        }

        #[test]
        fn opening_never_panics_on_odd_escapes(text in "[%A-F0-9.=]{0,80}") {
            prop_assert!(open(&text).is_err());
        }

        #[test]
        fn signed_tokens_open(token in "[A-Za-z0-9_-]{16,128}") {
            let signed = secrets().sign(&token);
            prop_assert_eq!(open(signed.expose_secret()), Ok(token));
        }
    }
}
