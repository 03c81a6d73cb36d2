//! Answers in JSON.

use std::borrow::Cow;

use agentry_schema::failure::{Failure, InstallRefused, InvalidField};
use agentry_schema::template::InstallRefusal;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::front::fault;
use crate::http::{Fault, RequestId};

const TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An answer with this body.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, TYPE);
    response
}

/// A request that is refused: `error` is what programs compare, the rest is for people and for later.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    error: Cow<'static, str>,
    more: Map<String, Value>,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
    unexpected: bool,
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            error: error.into(),
            more: Map::new(),
            retry_after: None,
            allow: None,
            unexpected: false,
        }
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    pub(super) fn bad(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// Nobody is signed in, or by something that is not accepted.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized").with(
            "message",
            "This needs a signed-in user. Send a session cookie or an Authorization header.",
        )
    }

    /// What the log calls it.
    pub(super) fn word(&self) -> String {
        match self.more.get("code").and_then(Value::as_str) {
            Some(code) => code.to_owned(),
            None => self.status.as_u16().to_string(),
        }
    }

    pub(super) fn answer(mut self, id: &RequestId) -> Response {
        let mut body = Map::new();
        body.insert("error".to_owned(), self.error.into_owned().into());
        body.append(&mut self.more);
        if self.unexpected {
            body.insert("requestId".to_owned(), id.as_str().into());
        }
        let mut response = answer(self.status, &Value::Object(body));
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// Why installing was refused. `by_slug`: the template was named by its slug.
    pub(super) fn from_failure(failure: Failure, by_slug: bool) -> Self {
        match failure {
            Failure::InstallRefused(refused) => Self::from_refusal(refused, by_slug),
            Failure::TooManyRequests(too_many) => {
                let seconds = too_many.retry_after;
                let error = format!("Install rate limit exceeded. Try again in {seconds} s.");
                Self {
                    retry_after: Some(u64::from(seconds.unsigned_abs())),
                    ..Self::new(StatusCode::TOO_MANY_REQUESTS, error)
                }
            }
            Failure::ValidationFailed(failed) => {
                let one =
                    |field: InvalidField| format!("{}: {}", field.path.join("."), field.message);
                let fields: Vec<String> = failed.fields.into_iter().map(one).collect();
                Self::bad(fields.join(" "))
            }
            Failure::Forbidden(forbidden) => Self::new(StatusCode::FORBIDDEN, forbidden.message),
            Failure::VerificationNeeded(needed) => Self::new(StatusCode::FORBIDDEN, needed.message),
            Failure::LimitReached(reached) => Self::bad(reached.message),
            Failure::Conflict(conflict) => Self::bad(conflict.message),
            Failure::ConversationBusy(busy) => Self::bad(busy.message),
            Failure::ConnectionMissing(missing) => Self::bad(missing.message),
            Failure::BudgetExceeded(over) => Self::bad(over.message),
            Failure::ConnectionFailed(failed) => Self::bad(failed.message),
            Failure::WhatsAppRefused(refused) => Self::bad(refused.message),
            Failure::NotFound(missing) => Self::bad(missing.message),
            Failure::DefinitionRejected(rejected) => Self::bad(rejected.message),
            Failure::Api(error) => fault(&error).into(),
        }
    }

    fn from_refusal(refused: InstallRefused, by_slug: bool) -> Self {
        let InstallRefused {
            message,
            code,
            names,
        } = refused;
        let told = |status, error| Self::new(status, error).with("message", message.clone());
        match code {
            InstallRefusal::TemplateNotFound if by_slug => {
                told(StatusCode::NOT_FOUND, "unknown_slug")
            }
            InstallRefusal::NoPersonalOrg => told(StatusCode::CONFLICT, "no_personal_org"),
            InstallRefusal::CapabilityConsentRequired => {
                let message = "It asks for capabilities that you have not agreed to. Ask again with acceptCapabilities.";
                told(StatusCode::CONFLICT, "capability_consent_required")
                    .with("message", message)
                    .with("names", names)
            }
            InstallRefusal::TemplateNotPublic => Self::bad("This template is not public."),
            InstallRefusal::TemplateNotFound
            | InstallRefusal::TemplateIsInstance
            | InstallRefusal::SelfInstall
            | InstallRefusal::UserAuthoredCollision
            | InstallRefusal::ManagedByOtherTemplate
            | InstallRefusal::NotAMember
            | InstallRefusal::RequiresAdmin => Self::bad(message),
        }
        .with("code", code.as_str())
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        if fault.status == StatusCode::UNAUTHORIZED {
            return Self::unauthorized();
        }
        Self {
            retry_after: fault.retry_after,
            allow: fault.allow,
            unexpected: fault.status == StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new(fault.status, fault.message).with("code", json!(fault.code))
        }
    }
}
