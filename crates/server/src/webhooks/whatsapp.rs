//! Meta's webhook protocol: a GET that is answered with its challenge, POSTs that are answered when they are stored.

use std::time::Duration;

use agentry_courier::{Courier, DeliveryError};
use agentry_db::ids::WhatsAppNumberId;
use agentry_whatsapp::Signer;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde::Deserialize;

use crate::http::{HttpOptions, read_body};

/// The largest delivery: Meta's are at most 3 MB.
const LARGEST: usize = 3 * 1024 * 1024;
/// The longest challenge that is repeated.
const CHALLENGE: usize = 256;
/// After how many seconds what could not be stored is to come again.
const AGAIN: u64 = 5;
/// The header of the signature.
const SIGNATURE: &str = "x-hub-signature-256";

#[derive(Clone)]
pub(super) struct Receiver {
    courier: Courier,
    patience: Duration,
}

impl Receiver {
    pub(super) fn new(courier: Courier, options: &HttpOptions) -> Self {
        Self {
            courier,
            patience: options.timeouts.body,
        }
    }
}

/// What a GET asks.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

pub(super) async fn of_all(
    State(receiver): State<Receiver>,
    asked: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    receive(&receiver, None, asked, request).await
}

pub(super) async fn of_one(
    State(receiver): State<Receiver>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    let id = WhatsAppNumberId::from(id);
    receive(&receiver, Some(&id), asked, request).await
}

async fn receive(
    receiver: &Receiver,
    number: Option<&WhatsAppNumberId>,
    asked: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    let method = request.method().clone();
    if method == Method::GET {
        challenge(receiver, number, asked).await
    } else if method == Method::POST {
        let (parts, body) = request.into_parts();
        deliver(receiver, number, &parts.headers, body).await
    } else {
        let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
        let allow = HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(header::ALLOW, allow);
        response
    }
}

/// Shows Meta that this is the place that the publisher meant.
async fn challenge(
    receiver: &Receiver,
    number: Option<&WhatsAppNumberId>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let sane = asked.challenge.len() <= CHALLENGE && asked.challenge.bytes().all(plain);
    if asked.mode != "subscribe" || !sane {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match receiver.courier.verifies(number, &asked.token).await {
        Ok(true) => asked.challenge.into_response(),
        Ok(false) => StatusCode::FORBIDDEN.into_response(),
        Err(error) => refused(error),
    }
}

async fn deliver(
    receiver: &Receiver,
    number: Option<&WhatsAppNumberId>,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    // Without what may be a signature it is answered before the body is read.
    let mut signatures = headers.get_all(SIGNATURE).iter();
    let signature = match (signatures.next(), signatures.next()) {
        (Some(one), None) => one.to_str().ok().filter(|one| Signer::reads(one)),
        _ => None,
    };
    let Some(signature) = signature else {
        tokio::spawn(pass_over(body, receiver.patience));
        return refused(DeliveryError::Unsigned);
    };
    let body = match read_body(body, LARGEST, receiver.patience).await {
        Ok(body) => body,
        Err(fault) => {
            let word = match fault.status {
                StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                StatusCode::REQUEST_TIMEOUT => "too_slow",
                _ => "unreadable",
            };
            return told(fault.status, word);
        }
    };
    match receiver.courier.deliver(number, signature, &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refused(error),
    }
}

/// Takes what is still coming, and throws it away: a connection that is closed while its other end sends is reset, and the answer is lost
/// with it. What is beyond all measure is cut off.
async fn pass_over(mut body: Body, patience: Duration) {
    let mut left = LARGEST * 4;
    let passed_over = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => break,
            }
        }
    };
    // It is answered already, whatever becomes of this.
    let _ = tokio::time::timeout(patience, passed_over).await;
}

/// What is wrong, in a word that programs compare.
fn refused(error: DeliveryError) -> Response {
    let (status, word) = match error {
        DeliveryError::Unsigned => (StatusCode::UNAUTHORIZED, "unsigned"),
        DeliveryError::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
        DeliveryError::TooMuch => (StatusCode::PAYLOAD_TOO_LARGE, "too_much"),
        DeliveryError::Away => (StatusCode::SERVICE_UNAVAILABLE, "away"),
    };
    let mut response = told(status, word);
    if error == DeliveryError::Away {
        let again = HeaderValue::from(AGAIN);
        response.headers_mut().insert(header::RETRY_AFTER, again);
    }
    response
}

fn told(status: StatusCode, word: &'static str) -> Response {
    let json = HeaderValue::from_static("application/json");
    let body = format!("{{\"error\":\"{word}\"}}");
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}
