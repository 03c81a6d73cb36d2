//! The routes.

use agentry_schema::code;
use async_graphql::Executor;
use axum::Router;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{any, get};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::fault::Fault;
use super::request_id::RequestId;
use super::state::HttpState;
use super::{cors, export, graphql, headers, health};

/// `/graphql`, `/api/conversations/…/export`, `/schema.graphql`, `/livez`, `/readyz`, whatever `pages` holds (`GraphiQL` at `/`), and a 404 in JSON for the
/// rest, all with ids, security headers, CORS and compression.
pub fn router<E: Executor>(state: HttpState<E>, pages: Router) -> Router {
    let cors = cors::layer(&state.shared.options);
    let publish_schema = state.shared.options.publish_schema;
    let mut routes = Router::new()
        .route("/graphql", any(graphql::handler::<E>))
        .route("/api/conversations/{id}/export", get(export::handler::<E>))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz::<E>));
    if publish_schema {
        routes = routes.route("/schema.graphql", get(health::schema::<E>));
    }
    // An event, or a page that grows, must not wait for the compressor's next block; an answer in one packet gains nothing.
    let worthwhile = SizeAbove::new(1_024)
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::IMAGES)
        .and(is_not_growing);
    let mut app = routes
        .with_state(state)
        .merge(pages)
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(worthwhile),
        )
        .layer(from_fn(headers::catch_panic));
    if let Some(cors) = cors {
        app = app.layer(cors);
    }
    app.layer(from_fn(headers::dress))
}

/// What proxies are told not to hold back we do not hold back ourselves.
fn is_not_growing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(headers::UNBUFFERED)
}

async fn missing(id: axum::Extension<RequestId>) -> Response {
    graphql::refuse(
        &Fault::new(
            StatusCode::NOT_FOUND,
            code::NOT_FOUND,
            "There is nothing here.",
        ),
        &id,
    )
}

async fn wrong_method(id: axum::Extension<RequestId>) -> Response {
    graphql::refuse(&Fault::method("This address takes GET.", "GET, HEAD"), &id)
}
