//! The id one request goes by, in its answer and in the log.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};

/// The header it travels in, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// An id of a request: the client's own when it is `[A-Za-z0-9_-]{1,64}`, else 24 random hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0_u8; 12];
        // An id of zeros is still an answer; a request is not worth failing for want of randomness.
        let _ = SystemRandom::new().fill(&mut bytes);
        Self(hex::encode(bytes).into())
    }

    /// The client's id when it is a sane one, else a new one.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        headers
            .get(HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(|id| is_sane(id))
            .map_or_else(Self::random, |id| Self(id.into()))
    }

    /// What is logged inside it carries the id that an `INTERNAL` error tells its client. Of the highest level, so that no
    /// filter that lets an error through drops the id.
    pub(crate) fn span(&self) -> tracing::Span {
        tracing::error_span!("request", request_id = %self)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value; `None` cannot happen for a sane id.
    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_sane(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn headers(value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(value).unwrap());
        headers
    }

    #[test]
    fn sane_incoming_id_is_kept() {
        assert_eq!(
            RequestId::from_headers(&headers(b"Abc-1_2")).as_str(),
            "Abc-1_2"
        );
    }

    #[test]
    fn strange_incoming_id_is_replaced() {
        for strange in [&b""[..], b"a b", b"a\"b", &[b'a'; 65], b"\xff"] {
            let id = RequestId::from_headers(&headers(strange));
            assert_eq!(id.as_str().len(), 24);
            assert!(is_sane(id.as_str()));
        }
        assert_ne!(RequestId::random(), RequestId::random());
    }
}
