//! Edited, cut and moved values: none opens, and none says why.

use secrecy::SecretString;

use super::{KEY_A, KEY_B, PLACE, opened, ring, seal};
use crate::{KeyRing, OpenError, Place};

fn refused(ring: &KeyRing, sealed: &str, place: &Place<'_>) -> bool {
    ring.open(sealed, place)
        .is_err_and(|error| error == OpenError)
}

/// A value of each form under one ring. The older one is the "provider key" of testdata/node.json.
fn one_of_each_form() -> (KeyRing, [String; 2]) {
    let ring = ring(&format!("a:{KEY_A}"));
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../testdata/node.json")).unwrap();
    let older = vectors["older"][4]["sealed"].as_str().unwrap().to_owned();
    let values = [seal(&ring, "a provider's key"), older];
    assert!(values.iter().all(|value| opened(&ring, value).is_some()));
    (ring, values)
}

#[test]
fn every_character_replaced_by_every_other_is_refused() {
    let (ring, values) = one_of_each_form();
    for value in values {
        for index in 0..value.len() {
            for replacement in 0..=0x7f_u8 {
                let mut edited = value.clone().into_bytes();
                // In hex the other case is the same digit, not another value.
                let same = replacement == edited[index]
                    || value.contains(':') && replacement.eq_ignore_ascii_case(&edited[index]);
                if same {
                    continue;
                }
                edited[index] = replacement;
                let edited = String::from_utf8(edited).unwrap();
                assert!(
                    refused(&ring, &edited, &PLACE),
                    "opened with byte {index} replaced by {replacement:#04x}"
                );
            }
        }
    }
}

#[test]
fn every_truncation_at_either_end_is_refused() {
    let (ring, values) = one_of_each_form();
    for value in values {
        for length in 0..value.len() {
            assert!(refused(&ring, &value[..length], &PLACE), "first {length}");
            let rest = &value[value.len() - length..];
            assert!(refused(&ring, rest, &PLACE), "last {length}");
        }
    }
}

#[test]
fn every_insertion_and_repetition_is_refused() {
    let (ring, values) = one_of_each_form();
    for value in values {
        for index in 0..=value.len() {
            for extra in ["0", "A", ".", ":", "=", " ", "\n", "\0", "é"] {
                let edited = [&value[..index], extra, &value[index..]].concat();
                assert!(refused(&ring, &edited, &PLACE), "{extra:?} at {index}");
            }
        }
        assert!(refused(&ring, &value.repeat(2), &PLACE));
    }
}

#[test]
fn a_value_moved_to_another_table_column_organization_or_row_is_refused() {
    let ring = ring(KEY_A);
    let sealed = seal(&ring, "secret");
    let elsewhere = [
        Place {
            table: "api_connections2",
            ..PLACE
        },
        Place { table: "", ..PLACE },
        Place {
            column: "api_keY",
            ..PLACE
        },
        Place {
            organization: "org_2",
            ..PLACE
        },
        Place {
            row: "con_2",
            ..PLACE
        },
        Place {
            row: "con_1\0",
            ..PLACE
        },
        // The same four strings in other roles, and the same bytes cut elsewhere.
        Place {
            table: PLACE.column,
            column: PLACE.table,
            ..PLACE
        },
        Place {
            organization: PLACE.row,
            row: PLACE.organization,
            ..PLACE
        },
        Place {
            organization: "org_1c",
            row: "on_1",
            ..PLACE
        },
        Place {
            table: "api_connectionsapi_key",
            column: "",
            ..PLACE
        },
    ];
    for place in elsewhere {
        assert!(refused(&ring, &sealed, &place), "opened at {place:?}");
    }
    assert_eq!(opened(&ring, &sealed).as_deref(), Some("secret"));
}

#[test]
fn wrong_missing_and_renamed_keys_are_refused() {
    let sealed = seal(&ring(&format!("a:{KEY_A}")), "secret");
    // The same id with another key, a ring without the id, the right key under another id.
    for keys in [
        format!("a:{KEY_B}"),
        format!("b:{KEY_B}"),
        format!("b:{KEY_A}"),
        format!("A:{KEY_A}"),
        KEY_A.to_owned(),
    ] {
        assert!(refused(&ring(&keys), &sealed, &PLACE));
    }
    // Another key of the same ring, named by an edited label.
    let both = ring(&format!("a:{KEY_A},b:{KEY_B}"));
    let relabelled = sealed.replacen("v1.a.", "v1.b.", 1);
    assert!(refused(&both, &relabelled, &PLACE));
    assert!(!refused(&both, &sealed, &PLACE));
}

#[test]
fn a_v1_value_rewritten_in_the_older_form_is_refused() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    // The older form is bound to no place; it must not become a way around the binding.
    let ring = ring(&format!("a:{KEY_A}"));
    let sealed = seal(&ring, "secret");
    let body = URL_SAFE_NO_PAD.decode(&sealed["v1.a.".len()..]).unwrap();
    let (nonce, rest) = body.split_at(12);
    let (ciphertext, tag) = rest.split_at(rest.len() - 16);
    let (tag, ciphertext) = (hex::encode(tag), hex::encode(ciphertext));
    // The nonce as it is, padded, and as the first counter block that GCM makes of it.
    for suffix in [&[][..], &[0; 4], &[0, 0, 0, 1]] {
        let iv = hex::encode([nonce, suffix].concat());
        assert!(refused(&ring, &format!("{iv}:{tag}:{ciphertext}"), &PLACE));
    }
}

#[test]
fn text_that_is_nothing_of_ours_is_refused() {
    let ring = ring(KEY_A);
    let long = "v1.default.".to_owned() + &"A".repeat(1 << 20);
    for text in [
        "",
        ".",
        ":",
        "::",
        ":::",
        "v1",
        "v1.",
        "v1..",
        "v1.default",
        "v1.default.",
        "v2.default.AAAA",
        "V1.default.AAAA",
        "v1.default.====",
        "v1.default.é",
        "\0",
        "plain text",
        "{}",
        &long,
    ] {
        assert!(refused(&ring, text, &PLACE));
    }
}

#[test]
fn refusals_cannot_be_told_apart() {
    let ring = ring(&format!("a:{KEY_A}"));
    let sealed = seal(&ring, "secret");
    let moved = Place {
        row: "con_2",
        ..PLACE
    };
    let errors = [
        ring.open(&sealed, &moved),
        ring.open(&sealed[..20], &PLACE),
        ring.open(&sealed.replacen("v1.a.", "v1.b.", 1), &PLACE),
        ring.open("v1.a.!", &PLACE),
        ring.open("00:00:00", &PLACE),
    ]
    .map(|outcome: Result<SecretString, _>| {
        let error = outcome.unwrap_err();
        format!("{error} {error:?}")
    });
    assert!(errors.iter().all(|text| *text == errors[0]));
}
