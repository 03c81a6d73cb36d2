//! Installing a template by one POST, in the order in which callers expect it to be looked at: who asks, how often, what, and where.

use agentry_schema::failure::Failure;
use agentry_schema::template::{Installed, count, install_counted};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::answer::{Refused, answer};
use super::wanted;
use crate::front::Front;
use crate::gate::caller_of;
use crate::http::{Caller, Fault, OperationLog, check_content_type, csrf, read_body};

pub(super) async fn install(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = front.caller(&parts);
    let mut log = OperationLog::new("rest", caller.id.clone());
    log.operation(Some("install"), "mutation");
    let mut renewed = Vec::new();
    let work = serve(&front, &parts, body, &caller, &mut log, &mut renewed);
    let ended = front.in_time(&caller.id, Box::pin(work)).await;
    let mut response = match ended {
        Ok(installed) => {
            log.code("ok");
            done(&installed)
        }
        Err(refused) => {
            log.code(&refused.word());
            refused.answer(&caller.id)
        }
    };
    for cookie in &renewed {
        if let Ok(value) = HeaderValue::from_str(cookie.expose_secret()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

async fn serve(
    front: &Front,
    parts: &Parts,
    body: Body,
    caller: &Caller,
    log: &mut OperationLog,
    renewed: &mut Vec<SecretString>,
) -> Result<Installed, Refused> {
    if parts.method != Method::POST {
        return Err(Fault::method("This address takes POST.", "POST").into());
    }
    let options = front.options();
    csrf::check(&parts.headers, options)?;
    check_content_type(&parts.headers)?;
    let body = read_body(body, options.body_bytes, options.timeouts.body).await?;
    let context = front.open(caller.presented()).await?;
    log.context(caller_of(context.clone()));
    let actor = context.find_actor().ok_or_else(Refused::unauthorized)?;
    renewed.extend_from_slice(actor.renewed_cookies());
    let refused = |failure: Failure| Refused::from_failure(failure, false);
    count(&context).await.map_err(refused)?;
    let wanted = wanted::read(&body)?;
    let by_slug = wanted.slug.is_some();
    let installed = install_counted(&context, wanted).await;
    context.release().await;
    installed.map_err(|failure| Refused::from_failure(failure, by_slug))
}

fn done(installed: &Installed) -> Response {
    let provides = installed.install.provides;
    let mut body = json!({
        "agentId": installed.agent.id.as_str(),
        "organizationId": installed.organization.id.as_str(),
        "organizationSlug": installed.organization.slug,
        "created": installed.created,
        "mirrored": {
            "entity_types": provides.entity_types,
            "entity_relationship_types": provides.entity_relationship_types,
            "event_classifiers": provides.event_classifiers,
            "watchers": provides.watchers,
        },
        "redirectTo": installed.redirect_to(),
    });
    // There where a number was given, and not otherwise.
    if let Some(link) = &installed.whatsapp {
        let mut whatsapp =
            json!({ "phone": link.phone, "waJid": link.wa_jid, "status": link.status.as_str() });
        if let Some(verification) = &link.verification {
            whatsapp["verification"] = json!({
                "code": verification.code,
                "text": verification.text,
                "waMeUrl": verification.wa_me_url,
                "expiresAt": verification.expires_at,
            });
        }
        body["whatsapp"] = whatsapp;
    }
    if let Some(error) = installed.whatsapp_error {
        body["whatsappError"] = error.as_str().to_ascii_lowercase().into();
    }
    answer(StatusCode::OK, &body)
}
