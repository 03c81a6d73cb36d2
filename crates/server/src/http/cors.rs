//! Which pages may read our answers.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::csrf::{API_KEY_HEADERS, normal};
use super::options::HttpOptions;
use super::request_id;

/// The layer, or none when no origin is configured. A listed origin may send credentials; `*` never may.
pub(crate) fn layer(options: &HttpOptions) -> Option<CorsLayer> {
    if options.cors_origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-organization-id"),
            HeaderName::from_static(API_KEY_HEADERS[0]),
            HeaderName::from_static(API_KEY_HEADERS[1]),
            request_id::HEADER,
        ])
        .expose_headers([
            request_id::HEADER,
            header::RETRY_AFTER,
            header::CONTENT_DISPOSITION,
        ])
        .max_age(Duration::from_mins(10));
    if options.cors_origins.iter().any(|origin| origin == "*") {
        return Some(layer.allow_origin(AllowOrigin::any()));
    }
    let listed: Vec<HeaderValue> = options
        .cors_origins
        .iter()
        .filter_map(|origin| normal(origin))
        .filter_map(|origin| HeaderValue::from_str(&origin).ok())
        .collect();
    Some(
        layer
            .allow_origin(AllowOrigin::list(listed))
            .allow_credentials(true),
    )
}
