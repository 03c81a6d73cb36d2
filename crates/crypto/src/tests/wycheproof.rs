//! Project Wycheproof's AES-256-GCM vectors, through the very functions that seal and open.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{gcm, key::Key, legacy};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    iv_size: usize,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    key: String,
    iv: String,
    aad: String,
    msg: String,
    ct: String,
    tag: String,
    result: Expectation,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expectation {
    Valid,
    Invalid,
}

fn vectors(iv_size: usize) -> Vec<Vector> {
    let text = include_str!("../../testdata/wycheproof_aes_256_gcm.json");
    let suite: Suite = serde_json::from_str(text).unwrap();
    let mut groups = suite.test_groups.into_iter();
    groups
        .find(|group| group.iv_size == iv_size)
        .expect("a group with IVs of this size")
        .tests
}

#[test]
fn the_primitive_gives_and_refuses_what_wycheproof_says() {
    let (mut valid, mut invalid) = (0, 0);
    for vector in vectors(96) {
        let id = vector.tc_id;
        let key = Key::parse("k", &vector.key, 1).unwrap();
        let aad = hex::decode(&vector.aad).unwrap();
        let message = hex::decode(&vector.msg).unwrap();
        let nonce = hex::decode(&vector.iv).unwrap();
        let whole = hex::decode([&*vector.iv, &*vector.ct, &*vector.tag].concat()).unwrap();

        let sealed = gcm::seal(key.bytes(), nonce.try_into().unwrap(), &aad, &message).unwrap();
        let mut buffer = whole.clone();
        let opened = gcm::open(key.bytes(), &aad, &mut buffer);
        match vector.result {
            Expectation::Valid => {
                assert_eq!(*sealed, whole, "vector {id} seals to other bytes");
                assert_eq!(opened.ok(), Some(&*message), "vector {id} does not open");
                valid += 1;
            }
            Expectation::Invalid => {
                assert!(opened.is_err(), "vector {id} opens and must not");
                assert_ne!(*sealed, whole, "vector {id} is sealed with a false tag");
                invalid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (39, 27));
}

#[test]
fn the_older_reader_handles_128_bit_ivs_as_wycheproof_says() {
    let vectors = vectors(128);
    assert_eq!(vectors.len(), 19);
    let mut texts = 0;
    for vector in vectors {
        let id = vector.tc_id;
        assert!(vector.result == Expectation::Valid && vector.aad.is_empty());
        let key = Key::parse("k", &vector.key, 1).unwrap();
        let sealed = format!("{}:{}:{}", vector.iv, vector.tag, vector.ct);
        let opened = legacy::decrypt([&key].into_iter(), &sealed).unwrap();
        assert_eq!(hex::encode(&*opened), vector.msg, "vector {id}");

        // The same through the reader of texts: only what is UTF-8 comes out.
        let expected = String::from_utf8(hex::decode(&vector.msg).unwrap()).ok();
        let read = legacy::open([&key].into_iter(), &sealed).ok();
        let read = read.as_ref().map(SecretString::expose_secret);
        assert_eq!(read, expected.as_deref(), "vector {id} as text");
        texts += usize::from(read.is_some());
    }
    assert!(texts > 0, "no vector came through as text");
}
