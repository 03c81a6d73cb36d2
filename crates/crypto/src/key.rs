//! One key of the ring: its id and its 256 bits.

use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use zeroize::Zeroizing;

use crate::error::KeyRingError;

/// Length of a key in bytes (AES-256).
pub(crate) const KEY_LEN: usize = 32;

const MAX_ID_LEN: usize = 32;

/// A key and the id sealed values know it by. The bytes lie in one place on the heap and are wiped when it is dropped.
pub(crate) struct Key {
    id: String,
    bytes: SecretBox<[u8; KEY_LEN]>,
}

impl Key {
    /// Reads a key of 64 hex digits in either case; `position` is for the error alone.
    pub(crate) fn parse(id: &str, digits: &str, position: usize) -> Result<Self, KeyRingError> {
        let id_is_usable = (1..=MAX_ID_LEN).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !id_is_usable {
            return Err(KeyRingError::BadId { position });
        }
        let length = digits.chars().count();
        if length != 2 * KEY_LEN {
            return Err(KeyRingError::WrongLength { position, length });
        }
        let mut decoded = Ok(());
        let bytes = SecretBox::init_with_mut(|bytes: &mut [u8; KEY_LEN]| {
            decoded = hex::decode_to_slice(digits, bytes);
        });
        // The decoder's own error quotes the offending character of the key.
        decoded.map_err(|_| KeyRingError::NotHex { position })?;
        Ok(Self {
            id: id.to_owned(),
            bytes,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LEN] {
        self.bytes.expose_secret()
    }
}

/// Makes a new random key and writes it as 64 lower-case hex digits, which [`KeyRing::parse`](crate::KeyRing::parse)
/// reads as a ring of one. For the first start and for `id:` entries an operator adds.
///
/// # Panics
///
/// When the operating system gives no random bytes: there is no safe key to go on with.
#[must_use]
pub fn generate_key() -> SecretString {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    #[expect(
        clippy::expect_used,
        reason = "without randomness any key would be guessable"
    )]
    SystemRandom::new()
        .fill(bytes.as_mut())
        .expect("the operating system gives random bytes");
    SecretString::from(hex::encode(bytes.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::{ExposeSecret as _, SecretBox};
    use zeroize::ZeroizeOnDrop;

    use super::{KEY_LEN, generate_key};

    #[test]
    fn generated_keys_are_64_lower_case_hex_digits_and_never_repeat() {
        let mut seen = HashSet::new();
        for _ in 0..1_000 {
            let key = generate_key();
            let digits = key.expose_secret();
            assert_eq!(digits.len(), 64);
            assert!(
                digits
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            );
            assert!(seen.insert(digits.to_owned()));
        }
    }

    #[test]
    fn key_bytes_are_wiped_on_drop() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<SecretBox<[u8; KEY_LEN]>>();
    }
}
