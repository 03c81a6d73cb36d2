//! GraphQL over WebSocket, the `graphql-transport-ws` protocol of the graphql-ws library.

mod close;
mod connection;
mod message;
mod operations;

use async_graphql::Executor;
use axum::extract::FromRequestParts;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::csrf;
use super::fault::Fault;
use super::graphql::{Caller, refuse};
use super::state::HttpState;

const PROTOCOL: &str = "graphql-transport-ws";

/// Whether the client asks for a WebSocket, over HTTP/1.1.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Makes the connection a socket. The cookie of the handshake is the only credential a page does not hold itself, so its
/// origin is checked here; the credential itself is checked at `connection_init`.
pub(crate) async fn upgrade<E: Executor>(
    state: HttpState<E>,
    mut parts: Parts,
    caller: Caller,
) -> Response {
    if let Err(fault) = csrf::check(&parts.headers, &state.shared.options) {
        return refuse(&fault, &caller.id);
    }
    if state.shared.is_stopping() {
        let fault = super::gate::Refusal::Unavailable { retry_after: 1 };
        return refuse(&fault.into(), &caller.id);
    }
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        let fault = Fault::new(
            StatusCode::BAD_REQUEST,
            agentry_schema::code::BAD_USER_INPUT,
            "The request is not a WebSocket handshake.",
        );
        return refuse(&fault, &caller.id);
    };
    let bytes = state.shared.options.sockets.message_bytes;
    let open = state.shared.streams.open();
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes)
        .max_frame_size(bytes)
        .on_upgrade(move |socket: WebSocket| async move {
            connection::run(socket, state, caller, open).await;
        })
}
