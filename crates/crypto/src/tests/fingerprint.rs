//! Fingerprints, against values that Python's `hmac` computed.

use std::collections::HashSet;

use super::{KEY_A, KEY_B, ring};
use ring::digest::{SHA256, digest};

#[test]
fn fingerprints_are_hmac_sha256_under_a_derived_key() {
    let ring = ring(&format!("a:{KEY_A}"));
    for (value, expected) in [
        ("", "-XickiomoUB1VFFBvS2cHAGYz4r0eiV6te5aoNRXf6o"),
        (
            "provider-key-0123456789-abcdefghijklmnopqrstuvwxyz",
            "k-zpJyRXAqb726dlV_G90x4g-pfnVuN4iilb0HxRO7o",
        ),
    ] {
        assert_eq!(ring.fingerprint(value.as_bytes()), expected);
    }
}

#[test]
fn only_the_first_keys_bytes_count() {
    let of = |text: &str| ring(text).fingerprint(b"secret");
    let first = of(&format!("a:{KEY_A}"));
    assert_eq!(first, of(&format!("b:{KEY_A},a:{KEY_B}")));
    assert_ne!(first, of(&format!("a:{KEY_B},b:{KEY_A}")));
}

#[test]
fn neither_a_plain_hash_nor_a_hash_under_the_key_itself() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::hmac::{HMAC_SHA256, Key, sign};

    let bytes = hex::decode(KEY_A).unwrap();
    let under_the_key = sign(&Key::new(HMAC_SHA256, &bytes), b"secret");
    let distinct: HashSet<String> = [
        ring(&format!("a:{KEY_A}")).fingerprint(b"secret"),
        URL_SAFE_NO_PAD.encode(digest(&SHA256, b"secret")),
        URL_SAFE_NO_PAD.encode(under_the_key),
    ]
    .into();
    assert_eq!(distinct.len(), 3);
}
