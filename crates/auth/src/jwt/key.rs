//! The public half of a signing key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::{Map, Value};

use super::{Algorithm, text};
use crate::error::JwtError;

/// Verifies a signature under a JSON Web Key (RFC 7517). The key says its algorithm, by its row, by itself or by its kind, and the
/// token's must be the same: a key never verifies what it was not made for.
pub(super) fn verify(
    claimed: Algorithm,
    public_key: &str,
    row: Option<&str>,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), JwtError> {
    let key: Map<String, Value> =
        serde_json::from_str(public_key).map_err(|_| JwtError::Signature)?;
    let kind = match (text(&key, "kty"), text(&key, "crv")) {
        (Some("OKP"), Some("Ed25519")) => Algorithm::EdDsa,
        (Some("EC"), Some("P-256")) => Algorithm::Es256,
        (Some("RSA"), None) => Algorithm::Rs256,
        _ => return Err(JwtError::Algorithm),
    };
    let said = [row, text(&key, "alg")];
    let agrees = |name: &str| Algorithm::parse(name) == Some(kind);
    if claimed != kind || !said.into_iter().flatten().all(agrees) {
        return Err(JwtError::Algorithm);
    }
    let part = |name| -> Result<Vec<u8>, JwtError> {
        let text = text(&key, name).ok_or(JwtError::Signature)?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| JwtError::Signature)
    };
    match kind {
        Algorithm::EdDsa => by(&ED25519, &part("x")?, signed, signature),
        Algorithm::Es256 => {
            // Uncompressed (SEC 1, 2.3.3).
            let point = [vec![4], part("x")?, part("y")?].concat();
            by(&ECDSA_P256_SHA256_FIXED, &point, signed, signature)
        }
        Algorithm::Rs256 => {
            let (n, e) = (part("n")?, part("e")?);
            let key = RsaPublicKeyComponents { n: &n, e: &e };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .map_err(|_| JwtError::Signature)
        }
    }
}

fn by(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<(), JwtError> {
    UnparsedPublicKey::new(algorithm, key)
        .verify(signed, signature)
        .map_err(|_| JwtError::Signature)
}
