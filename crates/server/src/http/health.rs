//! `/livez` and `/readyz`, and the schema's text.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::state::HttpState;

/// Says whether this server can do its work.
#[async_trait::async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// Looks now. Every check counts: one that fails makes the server not ready.
    async fn check(&self) -> Vec<Check>;
}

/// One thing the server needs.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was looked at: `database`, `migrations`.
    pub name: &'static str,
    /// Whether it is as it must be.
    pub ok: bool,
    /// A few words for the operator. Anyone can read them: no addresses, no error text.
    pub detail: &'static str,
}

/// The process runs. Says nothing about the database, so that a database outage restarts no server.
pub(crate) async fn livez() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The server can serve: 200, or 503 with what is wrong.
pub(crate) async fn readyz<E>(State(state): State<HttpState<E>>) -> Response {
    let checks = state.shared.ready.check().await;
    let stopping = state.shared.is_stopping();
    let ready = !stopping && checks.iter().all(|check| check.ok);
    let listed: Map<String, Value> = checks
        .iter()
        .map(|check| {
            (
                check.name.to_owned(),
                json!({ "ok": check.ok, "detail": check.detail }),
            )
        })
        .collect();
    let status = match (ready, stopping) {
        (true, _) => "ready",
        (false, true) => "stopping",
        (false, false) => "not ready",
    };
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(json!({ "status": status, "checks": listed }))).into_response()
}

/// The schema's text.
pub(crate) async fn schema<E>(State(state): State<HttpState<E>>) -> Response {
    let text = state.shared.schema_text.clone();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
