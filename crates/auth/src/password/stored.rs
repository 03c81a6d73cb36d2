//! The stored form `<salt>:<key>`: 16 random bytes as 32 lower-case hexadecimal digits, and 64 derived bytes as 128.
//!
//! The salt given to scrypt is the TEXT of those 32 digits, not the bytes they stand for: so better-auth does it, and one
//! that decodes the salt first computes other keys.

use ring::rand::{SecureRandom, SystemRandom};
use scrypt::Params;
use subtle::{Choice, ConstantTimeEq};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::PasswordError;

/// log2 of N = 16384; with r = 16 this is 32 MiB, better-auth's numbers.
const LOG_N: u8 = 14;
const R: u32 = 16;
const P: u32 = 1;
const KEY_BYTES: usize = 64;
const SALT_BYTES: usize = 16;

/// A password of this many bytes was never set by anyone; longer ones are not worth normalising.
const MAX_VERIFY_BYTES: usize = 4096;

/// Takes the place of the salt where there is none, so that the work is the same.
const NO_SALT: &str = "00000000000000000000000000000000";

/// Hashes a password under a fresh salt. The length rule is the caller's.
pub(super) fn hash(password: &str) -> Result<String, PasswordError> {
    let mut bytes = [0_u8; SALT_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| PasswordError::Failed)?;
    let salt = hex::encode(bytes);
    let key = derive(password, &salt)?;
    Ok(format!("{salt}:{}", hex::encode(key.as_slice())))
}

/// True when `password` is the one that `stored` was made from. No stored form, or a malformed one, is false after
/// the same work, so that time does not tell whether an account exists.
pub(super) fn verify(password: &str, stored: Option<&str>) -> Result<bool, PasswordError> {
    if password.len() > MAX_VERIFY_BYTES {
        // The same for every account, so it tells nothing.
        return Ok(false);
    }
    let parsed = stored.and_then(parse);
    let exists = Choice::from(u8::from(parsed.is_some()));
    let (salt, expected) = parsed.unwrap_or((NO_SALT, Zeroizing::new([0; KEY_BYTES])));
    let key = derive(password, salt)?;
    Ok((key.as_slice().ct_eq(expected.as_slice()) & exists).into())
}

/// Splits the stored form. Upper-case digits are accepted in the key (older versions of better-auth do so too) and in the salt,
/// which stays the text it is.
fn parse(stored: &str) -> Option<(&str, Zeroizing<[u8; KEY_BYTES]>)> {
    let (salt, key) = stored.split_once(':')?;
    let is_salt = salt.len() == 2 * SALT_BYTES && salt.bytes().all(|b| b.is_ascii_hexdigit());
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(key, bytes.as_mut_slice()).ok()?;
    is_salt.then_some((salt, bytes))
}

/// scrypt over the NFKC form of the password. Our copies are wiped; the 32 MiB the crate works in are not, but hold
/// only mixed blocks and are reused at once by the next caller.
fn derive(password: &str, salt: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, PasswordError> {
    #[cfg(test)]
    tests::DERIVED.with(|count| count.set(count.get() + 1));
    let params = Params::new(LOG_N, R, P).map_err(|_| PasswordError::Failed)?;
    // Measured first: a string that grows leaves copies of itself behind.
    let length = password.nfkc().map(char::len_utf8).sum();
    let mut normal = Zeroizing::new(String::with_capacity(length));
    normal.extend(password.nfkc());
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    scrypt::scrypt(
        normal.as_bytes(),
        salt.as_bytes(),
        &params,
        key.as_mut_slice(),
    )
    .map_err(|_| PasswordError::Failed)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::vectors::vector;

    thread_local! {
        /// How often this test has paid the price of scrypt.
        pub(super) static DERIVED: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn better_auth_hash_verifies_in_both_spellings_of_hex() {
        let stored = vector("passwordHash");
        assert!(verify(&vector("password"), Some(&stored)).unwrap());
        // The normalised spelling is the same password.
        assert!(verify(&vector("nfkc"), Some(&stored)).unwrap());
        let (salt, key) = stored.split_once(':').unwrap();
        let upper = format!("{salt}:{}", key.to_uppercase());
        assert!(verify(&vector("password"), Some(&upper)).unwrap());
    }

    #[test]
    fn wrong_password_and_altered_hash_are_false() {
        let stored = vector("passwordHash");
        let password = vector("password");
        assert!(!verify("Password-1fi-test-123", Some(&stored)).unwrap());
        let other_salt = stored.replacen('0', "1", 1);
        assert!(!verify(&password, Some(&other_salt)).unwrap());
        let last = format!("{}d", stored.strip_suffix('c').unwrap());
        assert!(!verify(&password, Some(&last)).unwrap());
    }

    #[test]
    fn fresh_hash_has_the_stored_form_and_verifies() {
        let stored = hash("correct horse").unwrap();
        let (salt, key) = stored.split_once(':').unwrap();
        assert_eq!((salt.len(), key.len()), (32, 128));
        assert!(!stored.chars().any(|c| c.is_ascii_uppercase()));
        assert!(verify("correct horse", Some(&stored)).unwrap());
    }

    #[test]
    fn unknown_account_and_malformed_hash_are_false_after_the_same_work() {
        assert!(!verify("correct horse", None).unwrap());
        assert!(!verify("correct horse", Some("plain text")).unwrap());
        assert_eq!(DERIVED.get(), 2);
    }

    #[test]
    fn oversize_password_costs_nothing_whoever_it_is_for() {
        let password = "x".repeat(MAX_VERIFY_BYTES + 1);
        assert!(!verify(&password, None).unwrap());
        assert!(!verify(&password, Some(&vector("passwordHash"))).unwrap());
        assert_eq!(DERIVED.get(), 0);
    }

    #[test]
    fn malformed_forms_do_not_parse() {
        let salt = NO_SALT;
        let key = "a".repeat(128);
        assert!(parse(&format!("{salt}:{key}")).is_some());
        for bad in [
            String::new(),
            ":".into(),
            salt.into(),
            format!("{salt}:"),
            format!(":{key}"),
            format!("{salt}:{key}0"),
            format!("{salt}:{}", &key[1..]),
            format!("{salt}:{key}:"),
            format!("{}:{key}", &salt[1..]),
            format!("{salt}0:{key}"),
            format!("{}g:{key}", &salt[1..]),
            format!("{salt}:{}é", &key[2..]),
            format!(" {salt}:{key}"),
            format!("{salt}:{key}\n"),
        ] {
            assert!(parse(&bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(stored in any::<String>()) {
            let _ = parse(&stored);
        }

        #[test]
        fn parsing_never_panics_near_the_form(stored in "[0-9a-fA-Fé]{30,34}:?[0-9a-fé]{126,130}") {
            let _ = parse(&stored);
        }
    }
}
