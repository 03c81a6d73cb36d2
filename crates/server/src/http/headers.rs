//! Headers every answer carries.

use std::panic::AssertUnwindSafe;

use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use futures_util::FutureExt;

use super::fault::Fault;
use super::graphql::refuse;
use super::request_id::{self, RequestId};

/// What a browser must know about our answers. A page that needs scripts sets its own policy; these only fill gaps.
const SECURITY: [(HeaderName, HeaderValue); 7] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    // Answers differ by credential; nothing in between may keep them.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Tells nginx, and our own compression, to pass on what there is as soon as it is there.
pub(crate) const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The last net: operations catch their own panics. The panic's text went to the standard error through the hook; it may hold
/// anything, so it goes nowhere else.
pub(crate) async fn catch_panic(
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_panic| {
            tracing::error!(request_id = %id, "a handler panicked");
            refuse(&Fault::internal(), &id)
        })
}

/// Gives the request its id and the answer that id and the security headers.
pub(crate) async fn dress(mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers());
    // HTTP/2 names the host in the address (RFC 9113, 8.3.1); everything behind looks at `Host`.
    let authority = request
        .uri()
        .authority()
        .and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = authority {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(value);
    }
    if let Some(value) = id.header_value() {
        headers.insert(request_id::HEADER, value);
    }
    response
}
