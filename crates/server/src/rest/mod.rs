//! The two routes that gateways and pages of others call already: what a template is, and installing it.
//!
//! They are another face of what GraphQL does, and decide nothing: `template` and `installTemplate` are what they call. Their
//! paths, members and statuses are a contract with programs that exist; `docs/templates.md` is its page.

mod answer;
mod install;
mod manifest;
mod wanted;

use axum::Router;
use axum::routing::{any, get};

use crate::front::Front;

/// `/api/install` and `/api/install/manifest/{slug}`.
pub(crate) fn router(front: &Front) -> Router {
    Router::new()
        .route("/api/install", any(install::install))
        .route(
            "/api/install/manifest/{slug}",
            get(manifest::manifest).fallback(manifest::wrong_method),
        )
        .with_state(front.clone())
}
