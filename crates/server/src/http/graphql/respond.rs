//! HTTP answers.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};

use super::accept::Media;
use super::mask::Settled;
use crate::http::fault::Fault;
use crate::http::request_id::RequestId;

const GRAPHQL_RESPONSE: HeaderValue =
    HeaderValue::from_static("application/graphql-response+json; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The answer to a request that was executed, or failed validation.
///
/// By the specification a client that takes only `application/json` gets the same statuses as any other, and that media type
/// with a 2xx only: anything else of that type could come from a proxy.
///
/// `renewed` are the cookies of an extended session. They go first: what the operation itself sets, signing out above all, wins.
pub(super) fn answer(settled: &Settled, media: Media, renewed: &[SecretString]) -> Response {
    let status = settled.status();
    let media = match media {
        Media::Json if status.is_success() => JSON,
        Media::Json | Media::GraphqlResponse => GRAPHQL_RESPONSE,
    };
    let mut response = json(status, media, settled.json());
    let headers = response.headers_mut();
    if let Some(seconds) = settled.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    for cookie in renewed {
        if let Ok(value) = HeaderValue::from_str(cookie.expose_secret()) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    for (name, value) in settled.headers() {
        if !describes_body(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    response
}

/// The answer to a request that was refused.
pub(crate) fn refuse(fault: &Fault, id: &RequestId) -> Response {
    let mut response = json(fault.status, GRAPHQL_RESPONSE, body(fault, id));
    let headers = response.headers_mut();
    if let Some(allow) = fault.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(seconds) = fault.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if fault.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The GraphQL body of a refusal.
pub(crate) fn body(fault: &Fault, id: &RequestId) -> String {
    Settled::fault(fault, id).json()
}

fn json(status: StatusCode, media: HeaderValue, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    // The media type depends on what was asked for.
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn describes_body(name: &HeaderName) -> bool {
    [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
}
