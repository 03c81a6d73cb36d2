//! SHA-256, for what is compared and not kept.

use ring::digest::{SHA256, digest};

/// SHA-256 (FIPS 180-4) of a text's UTF-8, in lower-case hexadecimal.
#[must_use]
pub fn sha256(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn digest_is_that_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256("abc"), abc);
    }
}
