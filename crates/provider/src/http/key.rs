use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::ProviderError;

/// The header that carries a key. Its text is wiped when the last clone goes, and says nothing in its debug form. What hyper and TLS
/// write from it into their buffers lives as long as those do.
#[derive(Debug, Clone)]
pub(crate) struct KeyHeader {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

impl KeyHeader {
    /// `Authorization: Bearer …` (RFC 6750).
    pub(crate) fn bearer(key: &SecretString) -> Result<Self, ProviderError> {
        Self::with(AUTHORIZATION, "Bearer ", key)
    }

    /// A header of that name which holds the key and nothing else.
    pub(crate) fn plain(name: &'static str, key: &SecretString) -> Result<Self, ProviderError> {
        Self::with(HeaderName::from_static(name), "", key)
    }

    fn with(name: HeaderName, before: &str, key: &SecretString) -> Result<Self, ProviderError> {
        let key = key.expose_secret().as_bytes();
        if !key.iter().all(u8::is_ascii_graphic) {
            return Err(ProviderError::KeyMalformed);
        }
        // Its whole size at once: growing would leave a copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(before.len() + key.len()));
        text.extend_from_slice(before.as_bytes());
        text.extend_from_slice(key);
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
            .map_err(|_| ProviderError::KeyMalformed)?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_header_holds_the_key_and_does_not_show_it() {
        let header = KeyHeader::bearer(&SecretString::from("sk-123")).unwrap();
        assert_eq!(header.value.as_bytes(), b"Bearer sk-123");
        assert!(header.value.is_sensitive());
        assert!(!format!("{header:?}").contains("sk-123"));
    }

    #[test]
    fn keys_that_no_header_can_hold_are_malformed() {
        for key in ["a\nb", "a b", "ключ", "a\0"] {
            let made = KeyHeader::plain("x-api-key", &SecretString::from(key));
            assert_eq!(made.unwrap_err(), ProviderError::KeyMalformed, "{key:?}");
        }
    }
}
