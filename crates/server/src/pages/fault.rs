//! Pages for what is not there, or did not work.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::answer;
use super::layout::{self, Head};
use crate::http::{Fault, RequestId};

/// There is nothing here, or nothing for whoever asks: one page, whatever the reason.
pub(super) fn missing() -> Response {
    let text = html! { p { "The address may be mistyped, or what was here is gone." } };
    let page = notice("There is nothing here", &text);
    answer::unlisted(answer::page(StatusCode::NOT_FOUND, page))
}

/// What was to be installed is not to be had, or not any more.
pub(super) fn gone() -> Response {
    let text = html! {
        p { "It was withdrawn since you opened its page, or it never was there." }
        p { strong { "Nothing was installed." } }
    };
    let page = notice("This is no longer available", &text);
    answer::unlisted(answer::page(StatusCode::NOT_FOUND, page))
}

/// A request that was not done. `back` is the page it was meant for.
pub(super) fn page(fault: &Fault, back: &str, id: &RequestId) -> Response {
    let (title, text) = match fault.status {
        StatusCode::FORBIDDEN => (
            "This form has expired",
            "It was open for too long, or it was not sent from our own page. Nothing was done.",
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too often", "This was tried too often. Try again later.")
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => (
            "Not now",
            "Agentry cannot do this at the moment. Try again shortly.",
        ),
        status if status.is_server_error() => (
            "Something went wrong on our side",
            "It is not your fault. Trying again may help.",
        ),
        _ => ("That did not work", "Nothing was done."),
    };
    let internal = fault.status == StatusCode::INTERNAL_SERVER_ERROR;
    let text = html! {
        p { (text) }
        @if internal { p.muted { "It is noted as " code { (id) } "." } }
        p { a.button href=(back) { "Back to the page" } }
    };
    let mut response = answer::unlisted(answer::page(fault.status, notice(title, &text)));
    let headers = response.headers_mut();
    if let Some(seconds) = fault.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = fault.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn notice(title: &str, text: &Markup) -> Markup {
    let head = Head {
        title,
        noindex: true,
        ..Head::default()
    };
    let main = html! { div.card.narrow.notice { h1 { (title) } (text) } };
    layout::page(&head, None, &main)
}
