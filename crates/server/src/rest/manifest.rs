//! What a template is, for pages that offer it: public, for every page to read and every cache to keep for a moment.

use agentry_schema::template::{Template, TemplateStatus, card};
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::answer::{Refused, answer};
use crate::front::{Front, fault};
use crate::http::{Fault, Presented, RequestId, is_current};

/// A page may be as old as this: what is withdrawn is gone everywhere a minute later.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Nothing here depends on who asks, so any page may read it.
const ANYONE: HeaderValue = HeaderValue::from_static("*");

pub(super) async fn manifest(
    State(front): State<Front>,
    Extension(id): Extension<RequestId>,
    slug: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    // An address that is no text is the address of nothing.
    let slug = slug.map(|Path(slug)| slug).unwrap_or_default();
    let found = front.in_time(&id, find(&front, &slug, &id)).await;
    let mut response = match found {
        Ok(Some(template)) => shown(&template, &headers),
        Ok(None) => answer(
            StatusCode::NOT_FOUND,
            &json!({ "error": "not_found", "message": "There is no such template." }),
        ),
        Err(fault) => Refused::from(fault).answer(&id),
    };
    let anyone = header::ACCESS_CONTROL_ALLOW_ORIGIN;
    response.headers_mut().insert(anyone, ANYONE);
    response
}

/// The template, as anyone sees it: who asks is not looked at, for the answer is kept for others.
async fn find(front: &Front, slug: &str, id: &RequestId) -> Result<Option<Template>, Fault> {
    let nobody = Presented {
        cookie: None,
        api_key: None,
        authorization: None,
        organization: None,
        client_ip: None,
        user_agent: None,
        request_id: id.clone(),
    };
    let context = front.open(nobody).await?;
    let found = card(&context, slug).await.map_err(|error| fault(&error))?;
    let open = |template: &Template| {
        matches!(
            template.status,
            TemplateStatus::Published | TemplateStatus::Unlisted
        )
    };
    Ok(found.map(Template::from).filter(open))
}

fn shown(template: &Template, request: &HeaderMap) -> Response {
    // To callers of this route a template is an agent; here its id stands for both.
    let body = json!({
        "slug": template.slug,
        "name": template.name,
        "description": template.description,
        "botPhone": template.bot_phone,
        "templateId": template.id.as_str(),
        "templateAgentId": template.id.as_str(),
    });
    let digest = agentry_crypto::sha256(&body.to_string());
    let tag = format!("\"{}\"", &digest[..16]);
    let mut response = if is_current(&tag, request) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer(StatusCode::OK, &body)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHING);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

pub(super) async fn wrong_method(Extension(id): Extension<RequestId>) -> Response {
    let fault = Fault::method("This address takes GET.", "GET, HEAD");
    Refused::from(fault).answer(&id)
}
