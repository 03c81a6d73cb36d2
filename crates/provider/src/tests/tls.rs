use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use agentry_provider_testkit::{AUTHORITY, FaultServer, NAME};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::*;
use crate::Unreachable;
use crate::http::Resolve;

/// Every name leads to this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }.boxed()
    }
}

fn trusting(certificates: &[u8]) -> Providers {
    let settings = Settings {
        certificates: certificates.to_vec(),
        ..settings()
    };
    Providers::with_resolver(settings, Arc::new(Here)).unwrap()
}

fn named(server: &FaultServer, name: &str) -> Endpoint {
    let url = format!("https://{name}:{}/v1", server.address().port());
    at("openai", Url::parse(&url).unwrap())
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_good_for_its_names() {
    let server = FaultServer::start_tls().await;
    let providers = trusting(AUTHORITY);
    for name in [NAME, "127.0.0.1"] {
        call(&providers, &named(&server, name), &request())
            .await
            .is_whole();
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = FaultServer::start_tls().await;
    let providers = trusting(AUTHORITY);
    for name in ["other.test", "sub.provider.test"] {
        let outcome = call(&providers, &named(&server, name), &request()).await;
        assert_eq!(
            outcome.error,
            Some(ProviderError::Unreachable(Unreachable::Tls)),
            "{name}"
        );
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_of_nobody_we_trust_is_refused_and_no_key_is_sent() {
    let server = FaultServer::start_tls().await;
    let outcome = call(&trusting(b""), &named(&server, NAME), &request()).await;
    assert_eq!(
        outcome.error,
        Some(ProviderError::Unreachable(Unreachable::Tls))
    );
    assert_eq!(server.requests().len(), 0);
}
