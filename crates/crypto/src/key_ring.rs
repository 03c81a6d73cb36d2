//! The keys a service holds: one that seals, and all that open.

use std::{fmt, iter, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    error::{KeyRingError, OpenError, SealError},
    fingerprint,
    key::Key,
    legacy,
    place::Place,
    v1,
};

/// The id of a key given as bare 64 hex digits, without an id of its own.
///
/// To move from `ENCRYPTION_KEY` to a ring of several, keep listing the old key under this id: values it sealed say so.
pub const BARE_KEY_ID: &str = "default";

/// The keys of this service. The first seals; all open.
///
/// Cloning is cheap and shares the keys; they are wiped from memory when the last clone is dropped.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<Keys>,
}

struct Keys {
    primary: Key,
    others: Vec<Key>,
}

impl KeyRing {
    /// Reads `id:key,id:key,…`: ids of 1 to 32 letters, digits, `_` or `-`; keys of 64 hex digits (256 bits) in either
    /// case; white space around entries is ignored. Or one key alone, without an id, which gets [`BARE_KEY_ID`].
    ///
    /// # Errors
    ///
    /// One sentence that names the entry by its position and never repeats any of its text.
    pub fn parse(text: &SecretString) -> Result<Self, KeyRingError> {
        let text = text.expose_secret().trim();
        if text.is_empty() {
            return Err(KeyRingError::Empty);
        }
        if !text.contains([',', ':']) {
            return Ok(Self::new(Key::parse(BARE_KEY_ID, text, 1)?, Vec::new()));
        }
        let mut entries = (1..).zip(text.split(','));
        // `split` yields at least one piece, so the ring always has a primary key.
        let (position, first) = entries.next().ok_or(KeyRingError::Empty)?;
        let primary = parse_entry(first, position)?;
        let mut others: Vec<Key> = Vec::new();
        for (position, entry) in entries {
            let key = parse_entry(entry, position)?;
            for (first, earlier) in (1..).zip(iter::once(&primary).chain(&others)) {
                if earlier.id() == key.id() {
                    return Err(KeyRingError::DuplicateId { first, position });
                }
                if earlier.bytes() == key.bytes() {
                    return Err(KeyRingError::DuplicateKey { first, position });
                }
            }
            others.push(key);
        }
        Ok(Self::new(primary, others))
    }

    /// Seals a secret for one place, under the first key, with a fresh random nonce.
    ///
    /// The result is `v1.<key id>.<base64url>`, plain ASCII, four characters for every three bytes of the secret and a
    /// fixed part. Sealing the same secret twice gives two different texts. With random nonces one key should seal no
    /// more than 2³² values (NIST SP 800-38D, section 8.3); rotate long before.
    ///
    /// # Errors
    ///
    /// [`SealError`], when the operating system or the length of the secret makes it impossible.
    pub fn seal(&self, plaintext: &SecretString, place: &Place<'_>) -> Result<String, SealError> {
        v1::seal(&self.keys.primary, plaintext, place)
    }

    /// Opens what [`seal`](Self::seal) made for this very place, or a value of the older form.
    ///
    /// The older form, `ivHex:tagHex:cipherHex`, was bound to no place: it opens wherever it is found, under whichever
    /// key of the ring fits. Re-seal such values ([`needs_resealing`](Self::needs_resealing)).
    ///
    /// # Errors
    ///
    /// [`OpenError`], the same for every cause.
    pub fn open(&self, sealed: &str, place: &Place<'_>) -> Result<SecretString, OpenError> {
        match v1::Sealed::parse(sealed) {
            Some(sealed) => {
                let key = self.keys().find(|key| key.id() == sealed.key_id);
                sealed.open(key.ok_or(OpenError)?, place)
            }
            None => legacy::open(self.keys(), sealed),
        }
    }

    /// A text by which a value can be recognised and, without the first key, neither read nor guessed at: to compare
    /// secrets that must not be kept. It changes when another key becomes the first.
    ///
    /// HMAC-SHA256 (RFC 2104) under a key of its own, which is HMAC-SHA256 of `agentry fingerprint v1` under the first key;
    /// base64url, 43 characters.
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> String {
        fingerprint::of(&self.keys.primary, value)
    }

    /// Whether rotation has to seal this value anew: it has the older form, or is not under the first key.
    ///
    /// Only the label is read: text that is nothing of ours needs re-sealing too, and [`open`](Self::open) will say that
    /// it cannot be.
    #[must_use]
    pub fn needs_resealing(&self, sealed: &str) -> bool {
        v1::Sealed::parse(sealed).is_none_or(|sealed| sealed.key_id != self.primary_id())
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn primary_id(&self) -> &str {
        self.keys.primary.id()
    }

    /// The ids of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys().map(Key::id)
    }

    fn new(primary: Key, others: Vec<Key>) -> Self {
        Self {
            keys: Arc::new(Keys { primary, others }),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        iter::once(&self.keys.primary).chain(&self.keys.others)
    }
}

/// Opaque: ids are left out as well, for a key pasted in two halves makes one half an id.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

fn parse_entry(entry: &str, position: usize) -> Result<Key, KeyRingError> {
    let entry = entry.trim();
    if entry.is_empty() {
        return Err(KeyRingError::EmptyEntry { position });
    }
    let (id, digits) = entry
        .split_once(':')
        .ok_or(KeyRingError::MissingId { position })?;
    Key::parse(id, digits, position)
}
