//! From an HTTP request to GraphQL-over-HTTP parameters.

use agentry_schema::code;
use async_graphql::{Extensions, Variables};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

use super::scan::json_nesting;
use crate::http::fault::Fault;
use crate::http::options::HttpOptions;

/// A well-formed request.
#[derive(Debug)]
pub(crate) struct Params {
    pub(crate) query: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Variables,
    pub(crate) extensions: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
    #[serde(default, deserialize_with = "null_is_empty")]
    extensions: Extensions,
}

fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Extensions, D::Error> {
    Option::<Extensions>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The body and the object around the variables nest as well.
const ENVELOPE_DEPTH: usize = 2;

/// Reads a JSON body.
///
/// # Errors
/// 400 for what is no JSON; 422 for JSON that is no GraphQL-over-HTTP request, a batch among it, or nests too deep.
pub(crate) fn params_from_json(json: &[u8], options: &HttpOptions) -> Result<Params, Fault> {
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    check_nesting(json, ENVELOPE_DEPTH, options)?;
    if first != Some(&b'{') {
        serde_json::from_slice::<serde::de::IgnoredAny>(json).map_err(|error| not_json(&error))?;
        return Err(Fault::malformed(match first {
            Some(b'[') => "Batches are not accepted: send one operation a request.",
            _ => "The body must be a JSON object.",
        }));
    }
    let raw: Raw = serde_json::from_slice(json).map_err(|error| match error.classify() {
        // serde's own words repeat what the client sent.
        serde_json::error::Category::Data => Fault::malformed(
            "`query` and `operationName` must be strings, `variables` and `extensions` objects, each given once.",
        ),
        _ => not_json(&error),
    })?;
    finish(raw)
}

/// The parameters of a URL.
const NAMES: [&str; 4] = ["query", "operationName", "variables", "extensions"];

/// Reads the query of a URL.
///
/// # Errors
/// 422 when a parameter is missing, repeated or no JSON.
pub(crate) fn params_from_url(query: &str, options: &HttpOptions) -> Result<Params, Fault> {
    let mut found: [Option<String>; 4] = Default::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some(place) = NAMES.iter().position(|known| *known == name) else {
            continue;
        };
        if found[place].replace(value.into_owned()).is_some() {
            return Err(Fault::malformed("A parameter is given more than once."));
        }
    }
    let [query, operation_name, variables, extensions] = found;
    let raw = Raw {
        query,
        operation_name: operation_name.filter(|name| !name.is_empty()),
        variables: from_parameter(variables, "`variables` must be a JSON object.", options)?,
        extensions: from_parameter::<Option<Extensions>>(
            extensions,
            "`extensions` must be a JSON object.",
            options,
        )?
        .unwrap_or_default(),
    };
    finish(raw)
}

fn from_parameter<T: Default + serde::de::DeserializeOwned>(
    text: Option<String>,
    message: &'static str,
    options: &HttpOptions,
) -> Result<T, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(T::default());
    };
    check_nesting(text.as_bytes(), ENVELOPE_DEPTH - 1, options)?;
    serde_json::from_str(&text).map_err(|_| Fault::malformed(message))
}

fn check_nesting(json: &[u8], envelope: usize, options: &HttpOptions) -> Result<(), Fault> {
    let limit = options.limits.input_depth;
    if json_nesting(json) > limit + envelope {
        return Err(Fault::over("levels of nesting in an input value", limit));
    }
    Ok(())
}

fn not_json(error: &serde_json::Error) -> Fault {
    Fault::bad_request(format!(
        "The body is not JSON (line {}, column {}).",
        error.line(),
        error.column()
    ))
}

fn finish(raw: Raw) -> Result<Params, Fault> {
    let Some(query) = raw.query else {
        if raw.extensions.contains_key("persistedQuery") {
            // The words are those clients of the protocol look for; they send the text next.
            return Err(Fault::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                code::PERSISTED_QUERY_NOT_FOUND,
                "PersistedQueryNotFound",
            ));
        }
        return Err(Fault::malformed("`query` is missing."));
    };
    Ok(Params {
        query,
        operation_name: raw.operation_name.filter(|name| !name.is_empty()),
        variables: raw.variables,
        extensions: raw.extensions,
    })
}

/// Checks that a POST says it is JSON.
///
/// # Errors
/// 415 otherwise: form, text and multipart bodies are what a foreign page can send without asking.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Fault> {
    let plain = headers
        .get(header::CONTENT_ENCODING)
        .is_none_or(|encoding| encoding == "identity");
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let json = match (all.next().and_then(|value| value.to_str().ok()), all.next()) {
        (Some(value), None) => is_json(value),
        _ => false,
    };
    if json && plain {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code::BAD_USER_INPUT,
        "The body must be application/json in UTF-8, not compressed.",
    ))
}

fn is_json(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts
            .filter_map(|parameter| parameter.split_once('='))
            .all(|(name, value)| {
                !name.trim().eq_ignore_ascii_case("charset")
                    || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
}

/// How much of a body that is too long is read and thrown away, so that its sender gets to read the answer.
const DISCARD_FACTOR: usize = 4;

/// Reads the body, within its size and time.
///
/// # Errors
/// 413, 408, or 400 when the client broke off.
pub(crate) async fn read_body(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Fault> {
    let read = async {
        let mut body = body;
        let mut bytes = Vec::new();
        let mut length = 0_usize;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Fault::bad_request("The body ended early."));
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            length = length.saturating_add(data.len());
            if length <= limit {
                bytes.extend_from_slice(&data);
            } else if length > limit.saturating_mul(DISCARD_FACTOR) {
                break;
            }
        }
        if length > limit {
            Err(too_large(limit))
        } else {
            Ok(bytes)
        }
    };
    match tokio::time::timeout(time, read).await {
        Ok(read) => read,
        Err(_) => Err(Fault::new(
            StatusCode::REQUEST_TIMEOUT,
            code::TIMEOUT,
            "The body did not arrive in time.",
        )),
    }
}

fn too_large(limit: usize) -> Fault {
    Fault::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        code::BAD_USER_INPUT,
        format!("The body exceeds the limit of {limit} bytes."),
    )
}
