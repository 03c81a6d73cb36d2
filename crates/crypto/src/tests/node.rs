//! Values Node's own crypto made: the older form as it was written, and `v1` by a second implementation.

use std::collections::HashMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{PLACE, opened, ring};
use crate::{BARE_KEY_ID, OpenError, Place, key::Key, v1};

#[derive(Deserialize)]
struct Vectors {
    keys: HashMap<String, String>,
    older: Vec<Older>,
    older_not_utf8: String,
    v1: Vec<V1>,
    v1_not_utf8: String,
}

#[derive(Deserialize)]
struct Older {
    name: String,
    key: String,
    text: String,
    sealed: String,
}

#[derive(Deserialize)]
struct V1 {
    name: String,
    key: String,
    place: OwnedPlace,
    text: String,
    nonce: String,
    sealed: String,
}

#[derive(Deserialize)]
struct OwnedPlace {
    table: String,
    column: String,
    organization: String,
    row: String,
}

impl OwnedPlace {
    fn borrow(&self) -> Place<'_> {
        Place {
            table: &self.table,
            column: &self.column,
            organization: &self.organization,
            row: &self.row,
        }
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../testdata/node.json")).unwrap()
}

#[test]
fn older_values_open_under_any_key_of_the_ring() {
    let vectors = vectors();
    let (a, b) = (&vectors.keys["a"], &vectors.keys["b"]);
    assert_eq!(vectors.older.len(), 16);
    for Older {
        name, text, sealed, ..
    } in &vectors.older
    {
        for keys in [format!("a:{a},b:{b}"), format!("b:{b},a:{a}")] {
            assert_eq!(opened(&ring(&keys), sealed).as_ref(), Some(text), "{name}");
        }
    }
}

#[test]
fn older_values_open_under_their_own_key_alone() {
    let vectors = vectors();
    for older in &vectors.older {
        for (id, key) in &vectors.keys {
            let expected = (*id == older.key).then_some(&older.text);
            let found = opened(&ring(key), &older.sealed);
            assert_eq!(found.as_ref(), expected, "{} under {id}", older.name);
        }
    }
}

#[test]
fn older_values_open_at_any_place() {
    let vectors = vectors();
    let older = &vectors.older[0];
    let elsewhere = Place {
        row: "con_2",
        organization: "org_2",
        ..PLACE
    };
    let secret = ring(&vectors.keys[&older.key]).open(&older.sealed, &elsewhere);
    assert_eq!(secret.unwrap().expose_secret(), older.text);
}

#[test]
fn older_values_open_with_upper_case_digits() {
    let vectors = vectors();
    let older = &vectors.older[4];
    let found = opened(
        &ring(&vectors.keys[&older.key]),
        &older.sealed.to_uppercase(),
    );
    assert_eq!(found.as_ref(), Some(&older.text));
}

#[test]
fn a_second_implementation_of_v1_agrees_in_both_directions() {
    let vectors = vectors();
    assert_eq!(vectors.v1.len(), 16);
    for V1 {
        name,
        key,
        place,
        text,
        nonce,
        sealed,
    } in &vectors.v1
    {
        let digits = &vectors.keys[key];
        let secret = ring(&format!("{key}:{digits}")).open(sealed, &place.borrow());
        assert_eq!(secret.unwrap().expose_secret(), text, "{name}");

        let nonce = hex::decode(nonce).unwrap().try_into().unwrap();
        let ours = v1::seal_with_nonce(
            &Key::parse(key, digits, 1).unwrap(),
            nonce,
            &SecretString::from(text.as_str()),
            &place.borrow(),
        );
        assert_eq!(ours.as_ref(), Ok(sealed), "{name}");
    }
}

#[test]
fn bytes_that_are_not_utf8_do_not_open() {
    let vectors = vectors();
    let ring = ring(&format!("a:{}", vectors.keys["a"]));
    for sealed in [&vectors.older_not_utf8, &vectors.v1_not_utf8] {
        assert_eq!(ring.open(sealed, &PLACE).unwrap_err(), OpenError);
    }
}

#[test]
fn a_bare_key_opens_v1_values_under_its_documented_id() {
    let ring = ring(super::KEY_A);
    assert_eq!(ring.primary_id(), BARE_KEY_ID);
    assert!(super::seal(&ring, "x").starts_with("v1.default."));
}

#[test]
fn the_documented_example_is_one_of_these_values() {
    let page = include_str!("../../../../docs/sealing.md");
    let vectors = vectors();
    let example = vectors
        .v1
        .iter()
        .find(|vector| vector.name == "a provider key" && vector.place.borrow() == PLACE)
        .unwrap();
    let data = hex::encode(PLACE.associated_data());
    let digits: String = page.split_whitespace().collect();
    assert!(digits.contains(&data), "the associated data");
    for (what, text) in [
        ("key", &vectors.keys["a"]),
        ("nonce", &example.nonce),
        ("secret", &example.text),
        ("sealed text", &example.sealed),
    ] {
        assert!(page.contains(text), "the {what}");
    }
}
