//! Claims that span the whole crate; what concerns one file alone is tested in that file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fingerprint;
mod forgery;
mod leaks;
mod node;
mod properties;
mod ring_text;
mod rotation;
mod wycheproof;

use secrecy::{ExposeSecret as _, SecretString};

use crate::{KeyRing, Place};

/// Two keys that no test takes for secret.
const KEY_A: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KEY_B: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00112233445566778899aabbccddeeff";

const PLACE: Place<'static> = Place {
    table: "api_connections",
    column: "api_key",
    organization: "org_1",
    row: "con_1",
};

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(&SecretString::from(text)).unwrap()
}

fn seal(ring: &KeyRing, plaintext: &str) -> String {
    ring.seal(&SecretString::from(plaintext), &PLACE).unwrap()
}

fn opened(ring: &KeyRing, sealed: &str) -> Option<String> {
    let secret = ring.open(sealed, &PLACE).ok()?;
    Some(secret.expose_secret().to_owned())
}
