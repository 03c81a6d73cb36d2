//! The `GraphiQL` page at `/`, served from the binary: it needs no network but this server.
//!
//! The files come from `crates/server/graphiql`, built by `build.sh` there. To add one, put it in
//! that folder's `src`, run the script, and commit what it writes.

#[path = "graphiql/assets.rs"]
mod assets;

use assets::ASSETS;
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::http::is_current;

/// What the page may load and reach: this origin alone.
///
/// The relaxations, each for a reason:
/// - `style-src 'unsafe-inline'`: the editor writes its theme and its measurements into `<style>`
///   elements and `style` attributes, and takes no nonce. Scripts stay strict: no inline ones, no `eval`.
/// - `img-src data:`: the editor's style sheet draws its squiggles from `data:` images.
///
/// Workers are files of ours, so no `blob:`; `connect-src 'self'` covers the WebSocket of the same host.
pub const CONTENT_POLICY: &str = "default-src 'self'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Where the files with hashed names live; the page itself is at `/`.
const ASSET_PREFIX: &str = "/assets/graphiql/";

/// A name holds its content's hash, so the file behind it never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Asked for again each time, answered 304 while unchanged.
const REVALIDATE: &str = "no-cache";

/// One file of the page.
struct Asset {
    /// Path in the build, with a leading slash.
    path: &'static str,
    content_type: &'static str,
    /// Strong entity tag (RFC 9110, section 8.8.3), quotes included.
    etag: &'static str,
    bytes: &'static [u8],
}

/// `/` (the page), `/assets/graphiql/*` (what it loads) and the licences of what it was built from.
///
/// Unknown names below `/assets/graphiql/` are 404 with no body; other methods than `GET` and `HEAD` 405.
pub fn router() -> Router {
    Router::new()
        .route("/", get(serve))
        .route("/assets/graphiql/{file}", get(serve))
        .route("/THIRD_PARTY_LICENSES.txt", get(serve))
}

async fn serve(OriginalUri(uri): OriginalUri, request: Request) -> Response<Body> {
    match find(uri.path()) {
        Some(asset) => respond(asset, request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn find(path: &str) -> Option<&'static Asset> {
    let path = if path == "/" { "/index.html" } else { path };
    ASSETS.iter().find(|asset| asset.path == path)
}

fn respond(asset: &Asset, request: &HeaderMap) -> Response<Body> {
    let caching = if asset.path.starts_with(ASSET_PREFIX) {
        IMMUTABLE
    } else {
        REVALIDATE
    };
    // Workers obey the policy of their own response, so every file carries it.
    let headers = [
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (CONTENT_TYPE, asset.content_type),
        (ETAG, asset.etag),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if is_current(asset.etag, request) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
#[path = "graphiql/tests.rs"]
mod tests;
