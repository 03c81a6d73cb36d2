//! The older form, `ivHex:tagHex:cipherHex`, as a TypeScript utility wrote it with Node's `crypto`: AES-256-GCM with a
//! 16-byte IV, a 16-byte tag, no associated data. It is read, never written.
//!
//! Two things it lacks: it names no key, so every key of the ring is tried; and it is bound to no place, so whoever can
//! write to the database can move it to another row unnoticed. Hence rotation re-seals it.
//!
//! `ring` has no 16-byte IVs (they go through GHASH, NIST SP 800-38D section 7.1 step 2), so this reader uses `aes-gcm`.

use aes_gcm::{
    AeadInOut as _, AesGcm, KeyInit as _, Nonce, Tag,
    aead::{consts::U16, inout::InOutBuf},
    aes::Aes256,
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{error::OpenError, key::Key};

const IV_LEN: usize = 16;
const TAG_LEN: usize = 16;

/// Wipes its expanded key on drop (the crate's `zeroize` feature).
type Cipher = AesGcm<Aes256, U16>;

/// Opens with the first key that fits. Hex digits are read in either case, as Node reads them.
pub(crate) fn open<'a>(
    keys: impl Iterator<Item = &'a Key>,
    sealed: &str,
) -> Result<SecretString, OpenError> {
    let plaintext = decrypt(keys, sealed)?;
    let text = str::from_utf8(&plaintext).map_err(|_| OpenError)?;
    Ok(SecretString::from(text))
}

pub(crate) fn decrypt<'a>(
    keys: impl Iterator<Item = &'a Key>,
    sealed: &str,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut parts = sealed.split(':');
    let (Some(iv), Some(tag), Some(ciphertext), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(OpenError);
    };
    let iv = Nonce::<U16>::from(fixed::<IV_LEN>(iv)?);
    let tag = Tag::<U16>::from(fixed::<TAG_LEN>(tag)?);
    let mut buffer = Zeroizing::new(hex::decode(ciphertext).map_err(|_| OpenError)?);
    for key in keys {
        // A key that does not fit leaves the buffer as it was: the tag is checked before anything is decrypted.
        let opened = Cipher::new(key.bytes().into()).decrypt_inout_detached(
            &iv,
            &[],
            InOutBuf::from(buffer.as_mut_slice()),
            &tag,
        );
        if opened.is_ok() {
            return Ok(buffer);
        }
    }
    Err(OpenError)
}

fn fixed<const LEN: usize>(digits: &str) -> Result<[u8; LEN], OpenError> {
    let mut bytes = [0; LEN];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| OpenError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::Cipher;

    #[test]
    fn the_expanded_key_is_wiped_on_drop() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Cipher>();
    }
}
