//! Where others deliver: Meta, and gateways of publishers' own, what people write on `WhatsApp`.
//!
//! Who delivers shows it by a signature over the body. Nothing here reads a cookie or a key, and nothing asks who is signed in. What is
//! done with a delivery is the courier's; `docs/whatsapp.md` is the page.

mod whatsapp;

use agentry_courier::Courier;
use axum::Router;
use axum::routing::any;

use crate::http::HttpOptions;

/// `/webhooks/whatsapp`, for the numbers of all apps, and `/webhooks/whatsapp/{id}` for one.
pub(crate) fn router(courier: Courier, options: &HttpOptions) -> Router {
    Router::new()
        .route("/webhooks/whatsapp", any(whatsapp::of_all))
        .route("/webhooks/whatsapp/{id}", any(whatsapp::of_one))
        .with_state(whatsapp::Receiver::new(courier, options))
}
