//! Calls that are no chat, through the same guarded connections.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use secrecy::SecretString;
use tokio::time::timeout;
use url::Url;

use crate::address::AddressGuard;
use crate::http::{Http, KeyHeader, SystemResolver};
use crate::settings::{Settings, SettingsError};
use crate::{ProviderError, Unreachable};

/// A way out for requests of ours to services that are no language models: by the guard of addresses, without redirects, with an end in
/// size and time. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    http: Http,
    guard: AddressGuard,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Where to.
    pub url: &'a Url,
    /// The bearer token (RFC 6750), if it takes one.
    pub token: Option<&'a SecretString>,
    /// More headers: their names in lower case.
    pub headers: &'a [(&'static str, String)],
    /// What is posted, as JSON; `None`: nothing is, it is a GET.
    pub body: Option<Vec<u8>>,
    /// The longest that the call may take, the connection included.
    pub patience: Duration,
    /// The largest answer that is read, in bytes.
    pub most: usize,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// When to come again, if that was said in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent: whatever was asked for has not been done.
    #[error("{0}")]
    NotSent(ProviderError),
    /// It is not known whether what was asked for has been done.
    #[error("{0}")]
    Unknown(ProviderError),
}

impl Outbound {
    /// Makes ready; nothing is called yet. `to` are addresses of the operator's, which the guard lets through beside what `settings`
    /// allow.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] says which setting cannot work.
    pub fn new(settings: &Settings, to: &[&Url]) -> Result<Self, SettingsError> {
        let mut allow = settings.allowed()?;
        for url in to {
            if let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) {
                allow.add(&host, port);
            }
        }
        let guard = AddressGuard::new(allow);
        let http = Http::new(settings, guard.clone(), Arc::new(SystemResolver))?;
        Ok(Self { http, guard })
    }

    /// Checks what an address says of itself, for when it is saved. Where it leads is checked with every call.
    ///
    /// # Errors
    ///
    /// [`ProviderError::AddressRefused`].
    pub fn check(&self, url: &Url) -> Result<(), ProviderError> {
        self.guard.check(url).map_err(ProviderError::AddressRefused)
    }

    /// Makes a call, once.
    ///
    /// # Errors
    ///
    /// [`CallError`] says whether anything was sent. An answer of any status is none.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        self.check(call.url).map_err(CallError::NotSent)?;
        let (patience, most) = (call.patience, call.most);
        let request = request(call).map_err(CallError::NotSent)?;
        timeout(patience, self.answer(request, most))
            .await
            .unwrap_or(Err(CallError::Unknown(ProviderError::TimedOut)))
    }

    async fn answer(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Answer, CallError> {
        let response = self.http.send(request).await.map_err(of_sending)?;
        let (head, body) = response.into_parts();
        let retry_after = head.headers.get(RETRY_AFTER);
        let retry_after = retry_after
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = Limited::new(body, most).collect().await;
        let unread = |_| CallError::Unknown(ProviderError::Cut);
        Ok(Answer {
            status: head.status.as_u16(),
            retry_after,
            body: body.map_err(unread)?.to_bytes().to_vec(),
        })
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

fn request(call: Call<'_>) -> Result<Request<Full<Bytes>>, ProviderError> {
    let method = if call.body.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let mut request = Request::builder()
        .method(method)
        .uri(call.url.as_str())
        .header(USER_AGENT, concat!("agentry/", env!("CARGO_PKG_VERSION")));
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(token) = call.token {
        let KeyHeader { name, value } = KeyHeader::bearer(token)?;
        request = request.header(name, value);
    }
    for (name, value) in call.headers {
        request = request.header(*name, value);
    }
    let body = call.body.map_or_else(Full::default, Full::from);
    request
        .body(body)
        .map_err(|_| ProviderError::Malformed("it is no request"))
}

/// Only what the connector says comes before anything is sent.
fn of_sending(error: ProviderError) -> CallError {
    match error {
        ProviderError::AddressRefused(_)
        | ProviderError::Unreachable(
            Unreachable::Name | Unreachable::Refused | Unreachable::Slow | Unreachable::Tls,
        ) => CallError::NotSent(error),
        error => CallError::Unknown(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_provider_testkit::{
        Answer as Told, FaultServer, port_that_hangs_up, port_that_refuses,
    };

    use super::*;
    use crate::Refusal;

    async fn call(to: &Url, allow: bool, most: usize) -> Result<Answer, CallError> {
        let allowed = if allow { vec![to] } else { vec![] };
        let outbound = Outbound::new(&Settings::default(), &allowed).unwrap();
        let call = Call {
            url: to,
            token: Some(&SecretString::from("token")),
            headers: &[("x-part", "p1".to_owned())],
            body: Some(b"{\"a\":1}".to_vec()),
            patience: Duration::from_millis(500),
            most,
        };
        outbound.call(call).await
    }

    #[tokio::test]
    async fn an_answer_of_any_status_is_an_answer() {
        let server = FaultServer::start().await;
        let url = server.url("/messages");
        server.next(Told::refusal(429, "slow down").with("retry-after", "7"));
        let answer = call(&url, true, 10_000).await.unwrap();
        assert_eq!(
            (answer.status, answer.retry_after),
            (429, Some(Duration::from_secs(7)))
        );
        let asked = server.requests().remove(0);
        assert_eq!(asked.header("authorization"), Some("Bearer token"));
        assert_eq!(asked.header("x-part"), Some("p1"));
        assert_eq!(
            (asked.method.as_str(), asked.body["a"].as_u64()),
            ("POST", Some(1))
        );
    }

    #[tokio::test]
    async fn it_is_known_whether_anything_was_sent() {
        let server = FaultServer::start().await;
        let url = server.url("/");
        let refused = call(&url, false, 100).await;
        let inside = ProviderError::AddressRefused(Refusal::NotPublic);
        assert_eq!(refused, Err(CallError::NotSent(inside)));
        assert!(server.requests().is_empty());
        server.next(Told::Silence);
        let silence = call(&url, true, 100).await;
        assert_eq!(silence, Err(CallError::Unknown(ProviderError::TimedOut)));
        server.next(Told::refusal(500, &"x".repeat(1_000)));
        let large = call(&url, true, 100).await;
        assert_eq!(large, Err(CallError::Unknown(ProviderError::Cut)));
        let at = |address| Url::parse(&format!("http://{address}/")).unwrap();
        let nobody = call(&at(port_that_refuses().await), true, 100).await;
        assert!(matches!(nobody, Err(CallError::NotSent(_))), "{nobody:?}");
        let hung_up = call(&at(port_that_hangs_up().await), true, 100).await;
        assert!(matches!(hung_up, Err(CallError::Unknown(_))), "{hung_up:?}");
    }
}
