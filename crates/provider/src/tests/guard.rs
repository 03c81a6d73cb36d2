use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentry_provider_testkit::{Answer, FaultServer};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::*;
use crate::http::Resolve;
use crate::{Refusal, Unreachable};

/// Says these in turn, and the last of them from then on.
struct Leads {
    to: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Leads {
    fn to(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|a| a.parse().unwrap()).collect();
        Arc::new(Self {
            to: answers.iter().map(parsed).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Leads {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.to[asked.min(self.to.len() - 1)].clone();
        async move { Ok(answer) }.boxed()
    }
}

fn allowing(allow: &[&str], resolver: Arc<Leads>) -> Providers {
    let settings = Settings {
        allow: AllowList::parse(allow.iter().copied()).unwrap(),
        ..settings()
    };
    Providers::with_resolver(settings, resolver).unwrap()
}

fn named(server: &FaultServer, scheme: &str) -> Endpoint {
    let url = format!("{scheme}://api.example.com:{}/v1", server.address().port());
    at("openai", Url::parse(&url).unwrap())
}

const INSIDE: ProviderError = ProviderError::AddressRefused(Refusal::NotPublic);

#[tokio::test]
async fn addresses_inside_are_refused_when_saved_when_tested_and_when_called() {
    let server = FaultServer::start().await;
    let providers = Providers::new(Settings::default()).unwrap();
    for endpoint in [openai(&server), anthropic(&server)] {
        let url = endpoint.base_url.clone().unwrap();
        assert_eq!(providers.check_base_url(&url), Err(INSIDE));
        assert_eq!(providers.test(&endpoint).await, Err(INSIDE));
        assert_eq!(
            call(&providers, &endpoint, &request()).await.error,
            Some(INSIDE)
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_at_the_connection() {
    let server = FaultServer::start().await;
    for addresses in [
        &["127.0.0.1"][..],
        &["::ffff:127.0.0.1"],
        &["1.1.1.1", "127.0.0.1"],
    ] {
        let providers = allowing(&[], Leads::to(&[addresses]));
        let endpoint = named(&server, "https");
        assert_eq!(
            providers.check_base_url(endpoint.base_url.as_ref().unwrap()),
            Ok(())
        );
        assert_eq!(
            call(&providers, &endpoint, &request()).await.error,
            Some(INSIDE)
        );
        assert_eq!(providers.test(&endpoint).await, Err(INSIDE));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_a_connection_and_what_was_checked_is_called() {
    let server = FaultServer::start().await;
    // The second answer would be refused; a second look-up would show.
    let resolver = Leads::to(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let providers = allowing(&["api.example.com"], Arc::clone(&resolver));
    call(&providers, &named(&server, "http"), &request())
        .await
        .is_whole();
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_network_that_is_allowed_covers_names_over_https_alone() {
    let server = FaultServer::start().await;
    let providers = allowing(&["127.0.0.0/8"], Leads::to(&[&["127.0.0.1"]]));
    let refused = call(&providers, &named(&server, "http"), &request()).await;
    assert_eq!(
        refused.error,
        Some(ProviderError::AddressRefused(Refusal::Scheme))
    );
    // It is let through, and there is no TLS there.
    let let_through = call(&providers, &named(&server, "https"), &request()).await;
    assert_eq!(
        let_through.error,
        Some(ProviderError::Unreachable(Unreachable::Tls))
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_unreachable() {
    let server = FaultServer::start().await;
    let providers = allowing(&[], Leads::to(&[&[]]));
    let outcome = call(&providers, &named(&server, "https"), &request()).await;
    assert_eq!(
        outcome.error,
        Some(ProviderError::Unreachable(Unreachable::Name))
    );
}

#[tokio::test]
async fn redirects_are_not_followed_wherever_they_lead() {
    let server = FaultServer::start().await;
    let inside = FaultServer::start().await;
    let elsewhere = inside.url("/latest/meta-data").to_string();
    for location in [
        elsewhere.as_str(),
        "http://169.254.169.254/",
        "/v1/other",
        "",
    ] {
        for status in [301, 302, 307, 308] {
            let answer = Answer::Status {
                status,
                headers: vec![("location".to_owned(), location.to_owned())],
                body: String::new(),
            };
            server.always(answer);
            let error = ask(&openai(&server)).await.error.unwrap();
            assert_eq!(error, ProviderError::Redirected { status }, "{location}");
            assert!(providers().test(&anthropic(&server)).await.is_err());
        }
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn the_operators_own_address_of_a_service_needs_no_other_leave() {
    let server = FaultServer::start().await;
    let providers = Providers::new(Settings {
        openai_base_url: Some(server.openai_url()),
        anthropic_base_url: Some(server.anthropic_url()),
        ..Settings::default()
    })
    .unwrap();
    for service in ["openai", "anthropic"] {
        let endpoint = Endpoint::new(Service::of(service), Some(KEY.into()), "c");
        call(&providers, &endpoint, &request()).await.is_whole();
    }
    let other = FaultServer::start().await;
    assert_eq!(
        call(&providers, &openai(&other), &request()).await.error,
        Some(INSIDE)
    );
}

#[test]
fn an_operators_address_that_cannot_be_called_is_refused_at_the_start() {
    for url in [
        "ftp://x.example.com/",
        "https://a:b@x.example.com/",
        "data:x",
    ] {
        let settings = Settings {
            openai_base_url: Some(Url::parse(url).unwrap()),
            ..Settings::default()
        };
        assert!(Providers::new(settings).is_err(), "{url}");
    }
}
