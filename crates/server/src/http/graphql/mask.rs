//! What leaves the house of an executor's answer: coded errors, and no value a client sent.

use agentry_schema::code;
use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::http::StatusCode;
use serde::Serialize;

use crate::http::fault::{Fault, INTERNAL_MESSAGE};
use crate::http::request_id::RequestId;

/// More errors than this about one document help nobody.
const MOST_ERRORS: usize = 20;

/// An answer ready to go out on any transport.
#[derive(Debug)]
pub(crate) struct Settled {
    response: Response,
    /// `None` when something was executed.
    status: Option<StatusCode>,
}

#[derive(Serialize)]
struct ErrorsOnly<'a> {
    errors: &'a [ServerError],
}

impl Settled {
    /// Codes and masks the errors, and tells what was executed from what was not. `atomic`: an answer without data means
    /// that nothing happened, so that the request as a whole can be called failed.
    pub(crate) fn new(
        mut response: Response,
        atomic: bool,
        introspection: bool,
        id: &RequestId,
    ) -> Self {
        if response.errors.is_empty() {
            return Self {
                response,
                status: None,
            };
        }
        let no_data = response.data == Value::Null;
        let in_fields = response.errors.iter().any(|error| !error.path.is_empty());
        let mut misfits = 0;
        for error in &mut response.errors {
            misfits += usize::from(mask(error, no_data && !in_fields, introspection, id));
        }
        let every = |wanted: &str| {
            response
                .errors
                .iter()
                .all(|error| code_of(error) == Some(wanted))
        };
        let nothing_done = no_data
            && (!in_fields
                || atomic && (every(code::UNAVAILABLE) || misfits == response.errors.len()));
        if !nothing_done {
            return Self {
                response,
                status: None,
            };
        }
        response.errors.truncate(MOST_ERRORS);
        let status = response
            .errors
            .first()
            .and_then(code_of)
            .map_or(StatusCode::INTERNAL_SERVER_ERROR, status_of);
        Self {
            response,
            status: Some(status),
        }
    }

    /// An answer for something that was refused.
    pub(crate) fn fault(fault: &Fault, id: &RequestId) -> Self {
        Self {
            response: Response::from_errors(vec![fault.error(id.as_str())]),
            status: Some(fault.status),
        }
    }

    pub(crate) fn executed(&self) -> bool {
        self.status.is_none()
    }

    /// 200 for what was executed, whatever its errors.
    pub(crate) fn status(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::OK)
    }

    /// `ok`, or the code of the first error.
    pub(crate) fn code(&self) -> &str {
        self.response
            .errors
            .first()
            .map_or("ok", |error| code_of(error).unwrap_or(code::INTERNAL))
    }

    pub(crate) fn errors(&self) -> &[ServerError] {
        &self.response.errors
    }

    /// Seconds after which trying again makes sense, when there is no data.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        if self.response.data != Value::Null {
            return None;
        }
        let given = self
            .response
            .errors
            .iter()
            .filter_map(|error| error.extensions.as_ref()?.get("retryAfter"));
        let seconds = given
            .filter_map(|value| match value {
                Value::Number(number) => number.as_u64(),
                _ => None,
            })
            .max();
        seconds.or_else(|| (self.status == Some(StatusCode::SERVICE_UNAVAILABLE)).then_some(1))
    }

    /// Headers resolvers have set: cookies.
    pub(crate) fn headers(&self) -> &axum::http::HeaderMap {
        &self.response.http_headers
    }

    /// The body, without a `data` entry when nothing was executed.
    pub(crate) fn json(&self) -> String {
        let json = if self.executed() {
            serde_json::to_string(&self.response)
        } else {
            serde_json::to_string(&ErrorsOnly {
                errors: &self.response.errors,
            })
        };
        json.unwrap_or_else(|error| {
            tracing::error!(%error, "an answer could not be written as JSON");
            format!("{{\"errors\":[{{\"message\":\"{INTERNAL_MESSAGE}\",\"extensions\":{{\"code\":\"{}\"}}}}]}}", code::INTERNAL)
        })
    }
}

fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// Codes one error; `true` when it is about an argument that does not fit.
fn mask(
    error: &mut ServerError,
    before_execution: bool,
    introspection: bool,
    id: &RequestId,
) -> bool {
    match code_of(error) {
        Some(code::INTERNAL) => {
            internal(error, id);
            false
        }
        Some(_) => false,
        None if before_execution => {
            let code = if is_limit(&error.message) {
                code::QUERY_TOO_COMPLEX
            } else {
                code::GRAPHQL_VALIDATION_FAILED
            };
            error.message = misfit(&error.message)
                .unwrap_or_else(|| without_value(&error.message, introspection));
            set(error, "code", code);
            false
        }
        None => {
            let Some(message) = misfit(&error.message).filter(|_| error.source.is_none()) else {
                tracing::error!(request_id = %id, cause = %error.message, "an error without a code");
                internal(error, id);
                return false;
            };
            error.message = message;
            set(error, "code", code::GRAPHQL_VALIDATION_FAILED);
            true
        }
    }
}

fn internal(error: &mut ServerError, id: &RequestId) {
    INTERNAL_MESSAGE.clone_into(&mut error.message);
    set(error, "code", code::INTERNAL);
    set(error, "requestId", id.as_str());
}

fn set(error: &mut ServerError, name: &str, value: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set(name, value);
}

/// The limits async-graphql itself keeps have no code.
fn is_limit(message: &str) -> bool {
    message == "Query is too complex."
        || message == "Query is nested too deep."
        || message.starts_with("The recursion depth of the query")
        || message.starts_with("The number of directives on the field")
}

/// Of the other validation messages only the one about enums repeats a value; suggestions tell names when introspection is off.
fn without_value(message: &str, introspection: bool) -> String {
    let message = match message.split_once(" does not contain the value ") {
        Some((start, _)) => format!("{start} does not contain the given value"),
        None => message.to_owned(),
    };
    match message.split_once(" Did you mean ") {
        Some((start, _)) if !introspection => start.to_owned(),
        _ => message,
    }
}

/// A value async-graphql could not read (`InputValueError`): its message repeats the value, and starts with the type.
fn misfit(message: &str) -> Option<String> {
    let rest = ["Expected input type \"", "Failed to parse \""]
        .iter()
        .find_map(|start| message.strip_prefix(start))?;
    let (ty, _) = rest.split_once('"')?;
    Some(format!("A value does not fit the type \"{ty}\"."))
}

/// The status of an answer without a `data` entry.
fn status_of(code: &str) -> StatusCode {
    match code {
        code::GRAPHQL_PARSE_FAILED => StatusCode::BAD_REQUEST,
        code::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
        code::FORBIDDEN => StatusCode::FORBIDDEN,
        code::NOT_FOUND => StatusCode::NOT_FOUND,
        code::CONFLICT => StatusCode::CONFLICT,
        code::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
        code::TIMEOUT => StatusCode::GATEWAY_TIMEOUT,
        code::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        code::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
