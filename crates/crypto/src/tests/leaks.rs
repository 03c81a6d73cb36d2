//! Nothing printable carries a secret.

use secrecy::SecretString;

use super::{KEY_A, PLACE, ring};
use crate::KeyRing;

const CANARY_KEY: &str = "ca9a71ca9a71ca9a71ca9a71ca9a71ca9a71ca9a71ca9a71ca9a71ca9a71beef";
const CANARY_ID: &str = "canary-key-id";
const CANARY_PLAINTEXT: &str = "canary plaintext";

/// Each text in the forms Rust prints: plain, alternate, as a list of numbers.
fn assert_clean(printed: &str) {
    let numbers = hex::decode(CANARY_KEY).unwrap()[..3]
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let lower = printed.to_lowercase();
    for canary in ["ca9a71", "beef", "canary", &numbers] {
        assert!(!lower.contains(canary), "{printed}");
    }
}

#[test]
fn debug_of_a_ring_shows_nothing_of_it() {
    let ring = ring(&format!("{CANARY_ID}:{CANARY_KEY},b:{KEY_A}"));
    assert_clean(&format!("{ring:?}"));
    assert_clean(&format!("{ring:#?}"));
    assert_clean(&format!("{:?}", Some(&ring)));
}

#[test]
fn errors_of_a_malformed_ring_repeat_none_of_its_text() {
    let half = &CANARY_KEY[..32];
    for text in [
        format!("{CANARY_KEY}0"),
        format!("{}g", &CANARY_KEY[1..]),
        format!("{CANARY_KEY}:{CANARY_ID}"),
        format!("{half}:{half}"),
        format!("{CANARY_KEY},{CANARY_KEY}"),
        format!("{CANARY_ID}:{CANARY_KEY},{CANARY_ID}:{KEY_A}"),
        format!("{CANARY_ID}:{CANARY_KEY},b:{CANARY_KEY}"),
        format!("canary.id:{CANARY_KEY}"),
        format!("{CANARY_ID}:{CANARY_KEY},,"),
    ] {
        let error = KeyRing::parse(&SecretString::from(text)).unwrap_err();
        assert_clean(&format!("{error}"));
        assert_clean(&format!("{error:?}"));
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[test]
fn what_is_sealed_and_what_is_opened_print_without_the_plaintext() {
    let ring = ring(&format!("a:{KEY_A}"));
    let sealed = ring.seal(&SecretString::from(CANARY_PLAINTEXT), &PLACE);
    assert_clean(&format!("{sealed:?}"));
    let opened = ring.open(&sealed.unwrap(), &PLACE);
    assert!(opened.is_ok());
    assert_clean(&format!("{opened:?}"));
    assert_clean(&format!("{:?}", ring.open(CANARY_PLAINTEXT, &PLACE)));
}
