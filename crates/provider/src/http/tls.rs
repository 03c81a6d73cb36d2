use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::settings::SettingsError;

/// TLS 1.2 and 1.3 by ring. Trusted are Mozilla's roots and the operator's own; there is no way to trust everybody.
pub(super) fn config(certificates: &[u8]) -> Result<Arc<ClientConfig>, SettingsError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if !certificates.is_empty() {
        add(&mut roots, certificates)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add(roots: &mut RootCertStore, certificates: &[u8]) -> Result<(), SettingsError> {
    let unread = |error: &dyn ToString| SettingsError::Certificates(error.to_string());
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(certificates) {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
        added += 1;
    }
    if added == 0 {
        return Err(unread(&"there is none in them"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_are_none_are_refused() {
        assert!(config(b"").is_ok());
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in [b"nothing".as_slice(), broken] {
            assert!(matches!(config(text), Err(SettingsError::Certificates(_))));
        }
    }
}
