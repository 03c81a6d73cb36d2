//! Pages over HTTP.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::Markup;

use crate::http::UNBUFFERED;

/// What a page may load and reach: our own style sheet and pictures, and our own forms. No script runs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// A form must tell which page it is from: without a referrer, browsers leave the origin out as well.
const REFERRER: HeaderValue = HeaderValue::from_static("same-origin");

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A page with this status.
pub(super) fn page(status: StatusCode, markup: Markup) -> Response {
    let mut response = Response::new(Body::from(markup.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HTML);
    secure(headers);
    response
}

/// A page of which more is to come, and that is not to wait for it anywhere on the way.
pub(super) fn growing(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HTML);
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    secure(headers);
    response
}

/// The same, in no search engine.
pub(super) fn unlisted(mut response: Response) -> Response {
    response.headers_mut().insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    response
}

/// Where the browser goes next: an address of ours, by GET. `path` is escaped already.
pub(super) fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    secure(response.headers_mut());
    response
}

fn secure(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, REFERRER);
}
