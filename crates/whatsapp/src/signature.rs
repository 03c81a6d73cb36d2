use std::fmt;

use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

/// What stands before the signature.
const SCHEME: &str = "sha256=";

/// Signs bodies with an app's secret, and tells whether they are signed so: HMAC-SHA-256 (RFC 2104) over the body as it came, in
/// hexadecimal, as the header `X-Hub-Signature-256` carries it.
#[derive(Clone)]
pub struct Signer(hmac::Key);

impl Signer {
    /// One with this secret.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The header's value for this body.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, body);
        format!("{SCHEME}{}", hex::encode(tag))
    }

    /// Whether the header's value may be a signature at all, whoever's and of whatever.
    #[must_use]
    pub fn reads(header: &str) -> bool {
        let tag = header.strip_prefix(SCHEME).unwrap_or_default();
        tag.len() == 2 * hmac::HMAC_SHA256.digest_algorithm().output_len()
            && tag.bytes().all(|c| c.is_ascii_hexdigit())
    }

    /// Whether the header's value is that of this body. It takes as long whatever is wrong.
    #[must_use]
    pub fn holds(&self, header: &str, body: &[u8]) -> bool {
        let tag = header.strip_prefix(SCHEME).map(hex::decode);
        let Some(Ok(tag)) = tag else { return false };
        hmac::verify(&self.0, body, &tag).is_ok()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test case 2.
    const TAG: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const BODY: &[u8] = b"what do ya want for nothing?";

    fn signer(secret: &str) -> Signer {
        Signer::new(&SecretString::from(secret))
    }

    #[test]
    fn signatures_are_those_of_the_standard() {
        assert_eq!(signer("Jefe").sign(BODY), TAG);
        assert!(signer("Jefe").holds(TAG, BODY));
    }

    #[test]
    fn what_cannot_be_one_is_not_read() {
        assert!(Signer::reads(TAG));
        let long = format!("{TAG}0");
        let headers = [
            "",
            "sha256=",
            "sha1=00",
            &TAG[..70],
            &long,
            &TAG.replace('5', "x"),
        ];
        for header in headers {
            assert!(!Signer::reads(header), "{header}");
        }
    }

    #[test]
    fn anything_else_does_not_hold() {
        let jefe = signer("Jefe");
        assert!(!signer("jefe").holds(TAG, BODY));
        assert!(!jefe.holds(TAG, b"what do ya want for nothing!"));
        assert!(!jefe.holds(TAG, b""));
        let cut = &TAG[..TAG.len() - 2];
        for header in [
            "",
            "sha256=",
            "sha1=00",
            "sha256=zz",
            cut,
            &TAG[7..],
            &TAG.replace("sha256", "SHA256"),
        ] {
            assert!(!jefe.holds(header, BODY), "{header}");
        }
        assert_eq!(format!("{jefe:?}"), "Signer(…)");
    }
}
