//! What rotation rests on: what opens under a grown or shrunk ring, and what is due for re-sealing.

use std::collections::HashSet;

use super::{KEY_A, KEY_B, opened, ring, seal};

#[test]
fn the_first_key_seals_and_all_open() {
    let old = ring(&format!("a:{KEY_A}"));
    let both = ring(&format!("b:{KEY_B},a:{KEY_A}"));
    let before = seal(&old, "secret");
    let after = seal(&both, "secret");

    assert!(before.starts_with("v1.a."));
    assert!(after.starts_with("v1.b."));
    assert_eq!(opened(&both, &before).as_deref(), Some("secret"));
    assert_eq!(opened(&both, &after).as_deref(), Some("secret"));
    assert_eq!(opened(&old, &after), None);
}

#[test]
fn a_rotated_value_outlives_the_old_key() {
    let both = ring(&format!("b:{KEY_B},a:{KEY_A}"));
    let before = seal(&ring(&format!("a:{KEY_A}")), "secret");
    let after = seal(&both, &opened(&both, &before).unwrap());
    let new = ring(&format!("b:{KEY_B}"));
    assert_eq!(opened(&new, &after).as_deref(), Some("secret"));
    assert_eq!(opened(&new, &before), None);
}

#[test]
fn values_under_other_keys_and_of_other_forms_need_resealing() {
    let ring = ring(&format!("b:{KEY_B},a:{KEY_A}"));
    assert!(!ring.needs_resealing(&seal(&ring, "secret")));
    for due in [
        &*seal(&super::ring(&format!("a:{KEY_A}")), "secret"),
        "v1.bb.AAAA",
        "v1.B.AAAA",
        "v1.b",
        "v2.b.AAAA",
        "00:00:00",
        "",
    ] {
        assert!(ring.needs_resealing(due), "{due}");
    }
}

#[test]
fn each_sealing_has_its_own_nonce() {
    let ring = ring(KEY_A);
    let start = "v1.default.".len();
    // 16 base64 characters are the 12 bytes of the nonce.
    let nonces: HashSet<String> = (0..10_000)
        .map(|_| seal(&ring, "the same secret")[start..start + 16].to_owned())
        .collect();
    assert_eq!(nonces.len(), 10_000);
}

#[test]
fn clones_are_the_same_ring() {
    let ring = ring(&format!("b:{KEY_B},a:{KEY_A}"));
    let sealed = seal(&ring.clone(), "secret");
    assert_eq!(opened(&ring, &sealed).as_deref(), Some("secret"));
    assert!(ring.clone().ids().eq(["b", "a"]));
}
