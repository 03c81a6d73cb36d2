//! The files that pages load. A name holds its content's hash, so the file behind it never changes.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::http::is_current;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// One file.
pub(super) struct Asset {
    /// Where it is.
    pub(super) path: String,
    tag: String,
    content_type: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(stem: &str, kind: &str, content_type: &'static str, text: &'static str) -> Self {
        let hash = &agentry_crypto::sha256(text)[..16];
        Self {
            path: format!("/assets/pages/{stem}-{hash}.{kind}"),
            tag: format!("\"{hash}\""),
            content_type,
            text,
        }
    }
}

/// How pages look.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let text = concat!(
        include_str!("assets/base.css"),
        include_str!("assets/install.css"),
        include_str!("assets/forms.css"),
        include_str!("assets/agent.css"),
        include_str!("assets/chat.css"),
    );
    Asset::new("pages", "css", "text/css; charset=utf-8", text)
});

/// The picture in a browser's tab.
pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("assets/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", text)
});

/// Any of them; 404 with no body for another name.
pub(super) async fn serve(Path(file): Path<String>, request: HeaderMap) -> Response {
    let path = format!("/assets/pages/{file}");
    let found = [&*STYLE, &*ICON]
        .into_iter()
        .find(|asset| asset.path == path);
    let Some(asset) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CACHE_CONTROL, IMMUTABLE),
        (CONTENT_TYPE, asset.content_type),
        (ETAG, asset.tag.as_str()),
    ];
    if is_current(&asset.tag, &request) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, asset.text).into_response()
}
