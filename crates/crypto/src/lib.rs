//! Seals the secrets Agentry keeps for others (provider keys) and opens them again.
//!
//! **Purpose.** A [`KeyRing`] turns a [`SecretString`](secrecy::SecretString) into text that may lie in a database, a
//! dump or a log shipper's disk without telling anything but its length, and back. AES-256-GCM with random 96-bit
//! nonces (NIST SP 800-38D, section 8.2.2), computed by `ring`. `docs/sealing.md` describes the format byte by byte.
//!
//! **The one rule.** A secret is sealed *for a place* ([`Place`]: table, column, organisation, row) and opens nowhere
//! else; and whatever keeps it from opening, the caller learns the same thing: [`OpenError`]. Plaintext goes in and
//! comes out as `SecretString` and is wiped from every buffer in between.
//!
//! **How to add a thing.**
//! - *A new sealed column:* nothing here; name its place where it is written and read.
//! - *A new sealed form:* a file beside `v1.rs`, one more arm in `KeyRing::open`, the new form from `KeyRing::seal`;
//!   `KeyRing::needs_resealing` then makes rotation carry every stored value over. Never change what `v1` means.
//! - *A new key:* configuration only, see `docs/sealing.md`.
//!
//! ```
//! use agentry_crypto::{KeyRing, Place, generate_key};
//! use secrecy::{ExposeSecret as _, SecretString};
//!
//! let ring = KeyRing::parse(&generate_key())?;
//! let place = Place { table: "api_connections", column: "api_key", organization: "org_1", row: "con_1" };
//! let sealed = ring.seal(&SecretString::from("the provider's key"), &place)?;
//! assert_eq!(ring.open(&sealed, &place)?.expose_secret(), "the provider's key");
//!
//! let elsewhere = Place { row: "con_2", ..place };
//! assert!(ring.open(&sealed, &elsewhere).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod digest;
mod error;
mod fingerprint;
mod gcm;
mod json;
mod key;
mod key_ring;
mod legacy;
mod place;
mod v1;

#[cfg(test)]
mod tests;

pub use digest::sha256;
pub use error::{KeyRingError, OpenError, SealError};
pub use json::json_sha256;
pub use key::generate_key;
pub use key_ring::{BARE_KEY_ID, KeyRing};
pub use place::Place;
