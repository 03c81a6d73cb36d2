//! What can go wrong. No message here ever carries a key, a key id, a plaintext or a sealed value: these sentences are
//! printed at start and written to logs.

use thiserror::Error;

/// Why a key ring could not be read from its setting.
///
/// Entries are named by their position, counted from 1. Their ids are not repeated: an operator who swaps `id` and key
/// must not find the key in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRingError {
    /// Nothing but white space was given.
    #[error(
        "the encryption key ring is empty; give `id:key` with a key of 64 hex digits, several separated by commas"
    )]
    Empty,
    /// Two commas in a row, or one at either end.
    #[error("entry {position} of the encryption key ring is empty; remove the extra comma")]
    EmptyEntry {
        /// Which entry, counted from 1.
        position: usize,
    },
    /// An entry of several without `id:`. Only a key that stands alone may do without.
    #[error("entry {position} of the encryption key ring has no id; write it as `id:key`")]
    MissingId {
        /// Which entry, counted from 1.
        position: usize,
    },
    /// The id is empty, too long, or has other characters.
    #[error(
        "entry {position} of the encryption key ring has an unusable id; use 1 to 32 letters, digits, `_` or `-`"
    )]
    BadId {
        /// Which entry, counted from 1.
        position: usize,
    },
    /// The key has not 64 digits.
    #[error(
        "the key in entry {position} of the encryption key ring has {length} characters; it needs 64 hex digits"
    )]
    WrongLength {
        /// Which entry, counted from 1.
        position: usize,
        /// How many characters the key has.
        length: usize,
    },
    /// The key has 64 characters, but not all are hex digits.
    #[error(
        "the key in entry {position} of the encryption key ring has a character that is not a hex digit"
    )]
    NotHex {
        /// Which entry, counted from 1.
        position: usize,
    },
    /// Two entries share an id, so a sealed value could not say which of them it needs.
    #[error(
        "entries {first} and {position} of the encryption key ring have the same id; give each key its own"
    )]
    DuplicateId {
        /// The earlier entry, counted from 1.
        first: usize,
        /// The later entry, counted from 1.
        position: usize,
    },
    /// Two entries hold one key: rotating from the one to the other would change nothing but the label.
    #[error(
        "entries {first} and {position} of the encryption key ring hold the same key; list each key once"
    )]
    DuplicateKey {
        /// The earlier entry, counted from 1.
        first: usize,
        /// The later entry, counted from 1.
        position: usize,
    },
}

/// Why a secret could not be sealed. Neither happens in a healthy process; both are ours, not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The operating system gave no random bytes for the nonce. Sealing without them would be unsafe.
    #[error("the operating system gave no random bytes, so nothing was sealed")]
    Randomness,
    /// The plaintext is longer than AES-GCM can take (2³⁶ − 32 bytes, NIST SP 800-38D section 5.2.1.1).
    #[error("the secret is too long to be sealed")]
    TooLong,
}

/// The sealed value does not open here.
///
/// One value for every cause: a wrong key, a key id the ring does not hold, a value moved from another table, column,
/// organisation or row, cut short, edited, not base64, or not UTF-8 inside. Telling them apart would help only someone
/// who feeds us forged values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed value does not open here")]
pub struct OpenError;
