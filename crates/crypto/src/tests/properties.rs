//! Claims over arbitrary input.

use proptest::{collection::vec, prelude::*};
use secrecy::{ExposeSecret as _, SecretString};

use super::{KEY_A, KEY_B, PLACE, ring};
use crate::{KeyRing, Place};

type Parts = [String; 4];

fn place(parts: &Parts) -> Place<'_> {
    let [table, column, organization, row] = parts;
    Place {
        table,
        column,
        organization,
        row,
    }
}

/// Four strings; few letters, so that parts often coincide, with the bytes of a length prefix among them.
fn parts() -> impl Strategy<Value = Parts> {
    [
        "[ab\0\u{1}]{0,4}",
        "[ab\0\u{1}]{0,4}",
        "\\PC{0,6}",
        ".{0,6}",
    ]
}

/// Two places made of the same characters in the same order, cut at different points.
fn shifted() -> impl Strategy<Value = (Parts, Parts)> {
    let cuts = || vec(0_usize..=9, 3);
    ("[ab\0\u{1}]{9}", cuts(), cuts())
        .prop_map(|(text, one, two)| (cut(&text, one), cut(&text, two)))
}

fn cut(text: &str, mut at: Vec<usize>) -> Parts {
    at.sort_unstable();
    [
        &text[..at[0]],
        &text[at[0]..at[1]],
        &text[at[1]..at[2]],
        &text[at[2]..],
    ]
    .map(str::to_owned)
}

/// Text in and near our two forms, which plain arbitrary strings hardly ever hit.
fn near_our_forms() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        "v1\\.(default|other|)\\.[A-Za-z0-9_=+/-]{0,80}",
        "[0-9a-fA-F]{31,33}:[0-9a-f]{31,33}:[0-9a-g]{0,40}",
        "[v1.:0-9a-f]{0,60}",
    ]
}

proptest! {
    #[test]
    fn what_is_sealed_opens_where_it_was_sealed(text in any::<String>(), parts in parts()) {
        let ring = ring(&format!("a:{KEY_A},b:{KEY_B}"));
        let sealed = ring.seal(&SecretString::from(text.as_str()), &place(&parts)).unwrap();
        prop_assert!(sealed.is_ascii());
        prop_assert!(!ring.needs_resealing(&sealed));
        let opened = ring.open(&sealed, &place(&parts)).unwrap();
        prop_assert_eq!(opened.expose_secret(), text);
    }

    #[test]
    fn different_places_never_open_each_other(one in parts(), two in parts()) {
        prop_assume!(one != two);
        let ring = ring(KEY_A);
        let sealed = ring.seal(&SecretString::from("x"), &place(&one)).unwrap();
        prop_assert!(ring.open(&sealed, &place(&two)).is_err());
    }

    #[test]
    fn shifted_boundaries_never_open_each_other((one, two) in shifted()) {
        prop_assume!(one != two);
        let ring = ring(KEY_A);
        let sealed = ring.seal(&SecretString::from("x"), &place(&one)).unwrap();
        prop_assert!(ring.open(&sealed, &place(&two)).is_err());
        prop_assert_ne!(place(&one).associated_data(), place(&two).associated_data());
    }

    #[test]
    fn forged_text_neither_opens_nor_panics(text in near_our_forms()) {
        let ring = ring(KEY_A);
        prop_assert!(ring.open(&text, &PLACE).is_err());
        prop_assert!(ring.needs_resealing(&text) || text.starts_with("v1.default."));
    }

    #[test]
    fn ring_text_never_panics(text in "[a-c0-9A-F:, é\n]{0,200}|([a-z]{0,3}:[0-9a-f]{63,65},?){0,3}|.*") {
        if let Ok(ring) = KeyRing::parse(&SecretString::from(text.as_str())) {
            prop_assert_eq!(ring.ids().count(), text.split(',').count());
        }
    }

    #[test]
    fn flipping_any_bits_is_refused(index in any::<prop::sample::Index>(), flip in 1_u8..=255, text in any::<String>()) {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

        let ring = ring(KEY_A);
        let sealed = ring.seal(&SecretString::from(text), &PLACE).unwrap();
        let (label, body) = sealed.rsplit_once('.').unwrap();
        let mut body = URL_SAFE_NO_PAD.decode(body).unwrap();
        let index = index.index(body.len());
        body[index] ^= flip;
        let edited = format!("{label}.{}", URL_SAFE_NO_PAD.encode(body));
        prop_assert!(ring.open(&edited, &PLACE).is_err());
    }
}
