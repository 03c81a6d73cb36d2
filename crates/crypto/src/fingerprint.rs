//! Values made recognisable to the holder of a key, and to nobody else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac::{HMAC_SHA256, Key as HmacKey, sign};

use crate::key::Key;

/// Keeps this use of a key apart from sealing and from whatever else may come to be derived from it.
const PURPOSE: &[u8] = b"agentry fingerprint v1";

pub(crate) fn of(key: &Key, value: &[u8]) -> String {
    let derived = sign(&HmacKey::new(HMAC_SHA256, key.bytes()), PURPOSE);
    let tag = sign(&HmacKey::new(HMAC_SHA256, derived.as_ref()), value);
    URL_SAFE_NO_PAD.encode(tag)
}
