//! What keeps a form from being done, told where it is filled in.

use agentry_schema::failure::Failure;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use crate::front::fault;
use crate::http::Fault;

/// What is wrong with a form: as a whole, and field by field.
#[derive(Debug, Clone)]
pub(super) struct Problems {
    status: StatusCode,
    retry_after: Option<u64>,
    unverified: bool,
    unconnected: bool,
    general: Vec<String>,
    fields: Vec<(String, String)>,
}

impl Problems {
    /// The form as a whole.
    pub(super) fn general(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            unverified: false,
            unconnected: false,
            general: vec![message.into()],
            fields: Vec::new(),
        }
    }

    /// One field.
    pub(super) fn field(status: StatusCode, field: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            unverified: false,
            unconnected: false,
            general: Vec::new(),
            fields: vec![(field.to_owned(), message.into())],
        }
    }

    /// It was tried too often, and is to be left for so many seconds.
    pub(super) fn too_often(seconds: u32) -> Self {
        let message = format!("This was tried too often. Try again {}.", within(seconds));
        Self {
            retry_after: Some(seconds.into()),
            ..Self::general(StatusCode::TOO_MANY_REQUESTS, message)
        }
    }

    /// What a use case answered; `Err` for what is no form's business.
    pub(super) fn of(failure: Failure) -> Result<Self, Fault> {
        let general = |status, message| Ok(Self::general(status, message));
        match failure {
            Failure::ValidationFailed(failed) => Ok(Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                retry_after: None,
                unverified: false,
                unconnected: false,
                general: Vec::new(),
                fields: failed
                    .fields
                    .into_iter()
                    .map(|field| (field.path.join("."), field.message))
                    .collect(),
            }),
            Failure::TooManyRequests(too_many) => {
                Ok(Self::too_often(too_many.retry_after.unsigned_abs()))
            }
            Failure::Forbidden(why) => general(StatusCode::FORBIDDEN, why.message),
            Failure::VerificationNeeded(why) => Ok(Self {
                unverified: true,
                ..Self::general(StatusCode::FORBIDDEN, why.message)
            }),
            Failure::NotFound(why) => general(StatusCode::CONFLICT, why.message),
            Failure::Conflict(why) => general(StatusCode::CONFLICT, why.message),
            Failure::ConversationBusy(why) => general(StatusCode::CONFLICT, why.message),
            Failure::ConnectionMissing(why) => general(StatusCode::CONFLICT, why.message),
            Failure::BudgetExceeded(why) => general(StatusCode::CONFLICT, why.message),
            Failure::ConnectionFailed(why) => general(StatusCode::CONFLICT, why.message),
            Failure::WhatsAppRefused(why) => general(StatusCode::CONFLICT, why.message),
            Failure::LimitReached(why) => general(StatusCode::CONFLICT, why.message),
            Failure::InstallRefused(why) => general(StatusCode::CONFLICT, why.message),
            Failure::DefinitionRejected(why) => general(StatusCode::CONFLICT, why.message),
            Failure::Api(error) => Err(fault(&error)),
        }
    }

    /// What a mutation of the API answered, where it says why nothing was done: whatever it is, its own words tell it. `names`
    /// are the fields that are called something else in the form.
    pub(super) fn answered(done: &Value, names: &[(&str, &str)]) -> Option<Self> {
        let message = done["message"].as_str()?;
        let fields = done["fields"].as_array().into_iter().flatten();
        let fields: Vec<_> = fields.filter_map(|field| named(field, names)).collect();
        let status = match done["__typename"].as_str() {
            Some("ValidationFailed") => StatusCode::UNPROCESSABLE_ENTITY,
            Some("TooManyRequests") => StatusCode::TOO_MANY_REQUESTS,
            Some("Forbidden") => StatusCode::FORBIDDEN,
            Some(_) | None => StatusCode::CONFLICT,
        };
        let general = Self::general(status, message);
        Some(Self {
            retry_after: done["retryAfter"].as_u64(),
            unconnected: done["__typename"] == "ConnectionMissing",
            general: if fields.is_empty() {
                general.general
            } else {
                Vec::new()
            },
            fields,
            ..general
        })
    }

    /// Whether the agent has nothing to answer by.
    pub(super) const fn is_unconnected(&self) -> bool {
        self.unconnected
    }

    /// Whether the account is there, and its address is not verified.
    pub(super) const fn is_unverified(&self) -> bool {
        self.unverified
    }

    /// All of it in one text.
    pub(super) fn told(&self) -> String {
        let fields = self.fields.iter().map(|(_, message)| message);
        let all: Vec<&str> = self
            .general
            .iter()
            .chain(fields)
            .map(String::as_str)
            .collect();
        all.join(" ")
    }

    pub(super) fn about(&self, field: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(name, _)| name == field);
        found.map(|(_, message)| message.as_str())
    }

    /// What stands above the form: read out at once, and leading to the fields. `known` are the fields that the form has.
    pub(super) fn summary(&self, known: &[&str]) -> Markup {
        let known = |field: &str| known.contains(&field);
        html! {
            div.alert role="alert" {
                @for message in &self.general { p { (message) } }
                @for (field, message) in &self.fields {
                    @if known(field) { p { a href=(format!("#{field}")) { (message) } } }
                    @else { p { (message) } }
                }
            }
        }
    }

    /// The status and headers of the page that tells of it.
    pub(super) fn dress(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// A field of the API that is not as it should be, as the form calls it.
fn named(field: &Value, names: &[(&str, &str)]) -> Option<(String, String)> {
    let path = field["path"].as_array().into_iter().flatten();
    let path: Vec<_> = path.filter_map(Value::as_str).collect();
    let path = path.join(".");
    let found = names.iter().find(|(api, _)| *api == path);
    let name = found.map_or(path.as_str(), |(_, form)| form);
    Some((name.to_owned(), field["message"].as_str()?.to_owned()))
}

fn within(seconds: u32) -> String {
    match seconds {
        0..=1 => "in a moment".to_owned(),
        2..=90 => format!("in {seconds} seconds"),
        _ => format!("in {} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_told_in_words() {
        assert_eq!(within(1), "in a moment");
        assert_eq!(within(90), "in 90 seconds");
        assert_eq!(within(91), "in 2 minutes");
        assert_eq!(within(3_600), "in 60 minutes");
    }
}
