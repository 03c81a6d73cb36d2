//! The text of a key ring: what is read, and one sentence for whatever is not.

use secrecy::SecretString;

use super::{KEY_A, KEY_B, opened, ring, seal};
use crate::{BARE_KEY_ID, KeyRing, KeyRingError};

fn error(text: &str) -> KeyRingError {
    KeyRing::parse(&SecretString::from(text)).unwrap_err()
}

#[test]
fn ids_come_in_order_with_the_sealing_one_first() {
    let ring = ring(&format!("2026-11:{KEY_B},old_Key:{KEY_A}"));
    assert_eq!(ring.primary_id(), "2026-11");
    assert!(ring.ids().eq(["2026-11", "old_Key"]));
}

#[test]
fn a_bare_key_is_the_key_of_the_documented_id() {
    let bare = ring(KEY_A);
    assert!(bare.ids().eq([BARE_KEY_ID]));
    let named = ring(&format!("b:{KEY_B},{BARE_KEY_ID}:{KEY_A}"));
    assert_eq!(opened(&named, &seal(&bare, "x")).as_deref(), Some("x"));
}

#[test]
fn white_space_around_entries_and_upper_case_digits_are_read() {
    let plain = ring(&format!("a:{KEY_A},b:{KEY_B}"));
    let loose = ring(&format!(" a:{}\n, b:{KEY_B} \r\n", KEY_A.to_uppercase()));
    assert!(loose.ids().eq(plain.ids()));
    assert_eq!(opened(&loose, &seal(&plain, "x")).as_deref(), Some("x"));
}

#[test]
fn each_mistake_has_its_own_answer() {
    use KeyRingError::{
        BadId, DuplicateId, DuplicateKey, Empty, EmptyEntry, MissingId, NotHex, WrongLength,
    };
    let long_id = "i".repeat(33);
    let not_hex = KEY_A.replacen('0', "g", 1);
    let position = 1;
    for (text, expected) in [
        (String::new(), Empty),
        (" \n\t".to_owned(), Empty),
        (",".to_owned(), EmptyEntry { position }),
        (format!("a:{KEY_A},"), EmptyEntry { position: 2 }),
        (format!("a:{KEY_A}, ,b:{KEY_B}"), EmptyEntry { position: 2 }),
        (format!("a:{KEY_A},{KEY_B}"), MissingId { position: 2 }),
        (format!("{KEY_A},{KEY_B}"), MissingId { position }),
        (format!(":{KEY_A}"), BadId { position }),
        (format!("a b:{KEY_A}"), BadId { position }),
        (format!("a.b:{KEY_A}"), BadId { position }),
        (format!("é:{KEY_A}"), BadId { position }),
        (format!("{long_id}:{KEY_A}"), BadId { position }),
        (format!("{KEY_A}:a"), BadId { position }),
        (
            "a:".to_owned(),
            WrongLength {
                position,
                length: 0,
            },
        ),
        (
            KEY_A[1..].to_owned(),
            WrongLength {
                position,
                length: 63,
            },
        ),
        (
            format!("a:{KEY_A}0"),
            WrongLength {
                position,
                length: 65,
            },
        ),
        (
            format!("a:0x{KEY_A}"),
            WrongLength {
                position,
                length: 66,
            },
        ),
        (not_hex.clone(), NotHex { position }),
        (format!("a:{KEY_A},b:{not_hex}"), NotHex { position: 2 }),
        ("é".repeat(64), NotHex { position }),
        (
            format!("a:{KEY_A},b:{KEY_B},a:{}", "1".repeat(64)),
            DuplicateId {
                first: 1,
                position: 3,
            },
        ),
        (
            format!("a:{KEY_A},b:{}", KEY_A.to_uppercase()),
            DuplicateKey {
                first: 1,
                position: 2,
            },
        ),
    ] {
        assert_eq!(error(&text), expected);
    }
}

#[test]
fn the_longest_id_and_every_allowed_character_are_read() {
    for id in [
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123",
        "abcdefghijklmnopqrstuvwxyz456789",
    ] {
        assert_eq!(ring(&format!("{id}:{KEY_A}")).primary_id(), id);
    }
}
