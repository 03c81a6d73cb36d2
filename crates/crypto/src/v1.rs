//! The sealed form in use: `v1.<key id>.<base64url, unpadded, of nonce‖ciphertext‖tag>`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::NONCE_LEN,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{
    error::{OpenError, SealError},
    gcm,
    key::Key,
    place::Place,
};

const PREFIX: &str = "v1.";

/// Seals under `key` with a fresh random nonce (NIST SP 800-38D, section 8.2.2).
pub(crate) fn seal(
    key: &Key,
    plaintext: &SecretString,
    place: &Place<'_>,
) -> Result<String, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_| SealError::Randomness)?;
    seal_with_nonce(key, nonce, plaintext, place)
}

/// Apart from [`seal`] for the tests, which compare with values whose nonce is known. Two values under one nonce and
/// key would betray both.
pub(crate) fn seal_with_nonce(
    key: &Key,
    nonce: [u8; NONCE_LEN],
    plaintext: &SecretString,
    place: &Place<'_>,
) -> Result<String, SealError> {
    let sealed = gcm::seal(
        key.bytes(),
        nonce,
        &place.associated_data(),
        plaintext.expose_secret().as_bytes(),
    )
    .map_err(|_| SealError::TooLong)?;
    let mut text = format!("{PREFIX}{}.", key.id());
    URL_SAFE_NO_PAD.encode_string(sealed.as_slice(), &mut text);
    Ok(text)
}

/// A sealed text taken apart, not yet opened.
pub(crate) struct Sealed<'a> {
    pub(crate) key_id: &'a str,
    body: &'a str,
}

impl<'a> Sealed<'a> {
    /// None for text of any other form.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (key_id, body) = text.strip_prefix(PREFIX)?.split_once('.')?;
        Some(Self { key_id, body })
    }

    /// Opens with the key the text names.
    ///
    /// The base64 is read strictly (no padding, no other alphabet, unused bits zero), so that every value has exactly
    /// one text and an edited character never goes unnoticed.
    pub(crate) fn open(&self, key: &Key, place: &Place<'_>) -> Result<SecretString, OpenError> {
        let mut buffer = Zeroizing::new(URL_SAFE_NO_PAD.decode(self.body).map_err(|_| OpenError)?);
        let plaintext =
            gcm::open(key.bytes(), &place.associated_data(), &mut buffer).map_err(|_| OpenError)?;
        let text = str::from_utf8(plaintext).map_err(|_| OpenError)?;
        Ok(SecretString::from(text))
    }
}
