//! API keys: a prefix and 64 random letters, as better-auth makes them. The database holds SHA-256 of the whole text and its first
//! six characters, and never the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::Refusal;
use crate::session_token::NoRandomness;

/// What a key begins with when its owner does not say; Agentuity's own.
pub const DEFAULT_PREFIX: &str = "ag_";

/// Random letters of a fresh key; 364 bits.
const LETTERS: usize = 64;

/// How many characters are kept in clear, to know a key by.
const START: usize = 6;

const ALPHABET: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The largest multiple of 52 in a byte: bytes from here on are thrown away, or the first letters would be likelier.
const FAIR_BELOW: u8 = 208;

/// Shorter than any that is worth looking for, and longer than any that was made.
const ACCEPTED_CHARS: std::ops::RangeInclusive<usize> = 24..=256;

/// A key just made. `Debug` does not show it.
#[derive(Debug)]
pub struct FreshApiKey {
    /// The key, to be shown once.
    pub key: SecretString,
    /// Its first characters.
    pub start: String,
    /// What is stored of it.
    pub hash: String,
}

/// A fresh key with this prefix, from the system's randomness.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate(prefix: &str) -> Result<FreshApiKey, NoRandomness> {
    let random = SystemRandom::new();
    let mut bytes = Zeroizing::new([0_u8; 2 * LETTERS]);
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + LETTERS));
    text.push_str(prefix);
    let whole = prefix.len() + LETTERS;
    while text.len() < whole {
        random
            .fill(bytes.as_mut_slice())
            .map_err(|_| NoRandomness)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR_BELOW);
        for byte in fair.take(whole - text.len()) {
            text.push(char::from(ALPHABET[usize::from(byte % 52)]));
        }
    }
    let key = SecretString::from(text.as_str());
    Ok(FreshApiKey {
        start: text.chars().take(START).collect(),
        hash: hash(&key),
        key,
    })
}

/// What is stored of a key: SHA-256 of its whole text, prefix included, in base64url without padding.
#[must_use]
pub fn hash(key: &SecretString) -> String {
    let digest = digest::digest(&digest::SHA256, key.expose_secret().as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// A text that may be a key.
pub(crate) fn check(text: &str) -> Result<SecretString, Refusal> {
    let text = text.trim();
    let fits = ACCEPTED_CHARS.contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        Ok(text.into())
    } else {
        Err(Refusal::ApiKey)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::vectors::vector;

    #[test]
    fn key_of_better_auth_has_its_hash_and_start() {
        let key = vector("apiKey");
        assert_eq!(hash(&check(&key).unwrap()), vector("apiKeyHash"));
        assert_eq!(key.chars().take(START).collect::<String>(), vector("start"));
    }

    #[test]
    fn fresh_keys_are_letters_and_never_the_same() {
        let keys: BTreeSet<String> = (0..500)
            .map(|_| {
                let fresh = generate(DEFAULT_PREFIX).unwrap();
                let text = fresh.key.expose_secret().to_owned();
                assert!(text.starts_with(&fresh.start) && fresh.start.len() == START);
                assert_eq!(fresh.hash, hash(&fresh.key));
                assert!(!format!("{fresh:?}").contains(&text));
                text
            })
            .collect();
        assert_eq!(keys.len(), 500);
        for key in &keys {
            let letters = key.strip_prefix(DEFAULT_PREFIX).unwrap();
            assert!(letters.len() == LETTERS && letters.bytes().all(|b| b.is_ascii_alphabetic()));
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        let long = "a".repeat(257);
        for bad in ["", "ag_short", "ag_ with spaces in the middle of it", &long] {
            assert_eq!(check(bad).err(), Some(Refusal::ApiKey), "{bad:?}");
        }
        assert_eq!(check(&"é".repeat(40)).err(), Some(Refusal::ApiKey));
    }
}
