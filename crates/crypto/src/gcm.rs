//! The primitive: AES-256-GCM with 96-bit nonces and 128-bit tags (NIST SP 800-38D), by `ring`.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
};
use zeroize::Zeroizing;

use crate::key::KEY_LEN;

/// Length of a tag in bytes; `ring` gives the figure only at run time.
pub(crate) const TAG_LEN: usize = 16;

/// Seals and returns nonce‖ciphertext‖tag. The caller answers for `nonce` being new under this key.
///
/// The buffer is reserved whole before the plaintext enters it, so no reallocation leaves a copy behind, and it is
/// wiped should sealing fail halfway.
pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    nonce: [u8; NONCE_LEN],
    associated_data: &[u8],
    plaintext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let mut sealed = Zeroizing::new(Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN));
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let (_, body) = sealed.split_at_mut(NONCE_LEN);
    let tag = expand(key)?.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(associated_data),
        body,
    )?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens nonce‖ciphertext‖tag where it lies and returns the part that now is plaintext.
pub(crate) fn open<'sealed>(
    key: &[u8; KEY_LEN],
    associated_data: &[u8],
    sealed: &'sealed mut [u8],
) -> Result<&'sealed [u8], Unspecified> {
    let (nonce, body) = sealed
        .split_first_chunk_mut::<NONCE_LEN>()
        .ok_or(Unspecified)?;
    let plaintext = expand(key)?.open_in_place(
        Nonce::assume_unique_for_key(*nonce),
        Aad::from(associated_data),
        body,
    )?;
    Ok(plaintext)
}

/// `ring` cannot wipe an expanded key, so it is expanded for each use (well under a microsecond) and never kept.
fn expand(key: &[u8; KEY_LEN]) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?))
}
