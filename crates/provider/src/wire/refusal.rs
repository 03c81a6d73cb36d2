//! What a provider means when it answers with anything but a stream.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use secrecy::SecretString;
use serde_json::Value;

use crate::{ProviderError, SafeText};

/// Nobody means to say more than that.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A refusal, read.
pub(crate) struct Refusal {
    pub(crate) error: ProviderError,
    /// The provider's own words, in lower case; not to be shown.
    pub(crate) words: String,
}

/// Reads a refusal; providers agree on statuses, mostly, and not at all on bodies.
pub(crate) fn read(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    key: Option<&SecretString>,
) -> Refusal {
    let (shown, code) = match serde_json::from_slice::<Value>(body) {
        Ok(value) => words(&value),
        Err(_) => (String::new(), String::new()),
    };
    let retry_after = retry_after(headers, SystemTime::now());
    let words = format!("{code} {shown}").to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    let is_about_model = says("model_not_found")
        || says("deploymentnotfound")
        || says("not a valid model")
        || says("invalid model")
        || (says("model") && (says("not exist") || says("not found") || says("not_found")));
    let error = match status {
        401 | 403 => ProviderError::Unauthorized { status },
        402 => ProviderError::PaymentRequired,
        429 if says("insufficient_quota") || says("exceeded your current quota") => {
            ProviderError::PaymentRequired
        }
        429 => ProviderError::RateLimited { retry_after },
        408 | 500..=599 => ProviderError::Server {
            status,
            retry_after,
        },
        300..=399 => ProviderError::Redirected { status },
        413 => ProviderError::ContextTooLong,
        _ if says("context_length_exceeded")
            || says("maximum context length")
            || says("prompt is too long")
            || says("context window") =>
        {
            ProviderError::ContextTooLong
        }
        _ if says("credit balance") => ProviderError::PaymentRequired,
        400 | 404 | 422 if is_about_model => ProviderError::ModelNotFound,
        _ => ProviderError::BadRequest {
            status,
            reason: SafeText::of(&shown, key),
        },
    };
    Refusal { error, words }
}

/// The words and the code of a fault, wherever a provider puts them.
pub(super) fn words(value: &Value) -> (String, String) {
    let error = match value.get("error") {
        Some(error) if !error.is_null() => error,
        _ => value,
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) => String::new(),
        // What a validator found, as a list.
        Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let of = |name: &str| error.get(name).map(text).unwrap_or_default();
    let message = ["message", "detail", "error_description"]
        .iter()
        .map(|name| of(name))
        .find(|message| !message.is_empty())
        .or_else(|| error.as_str().map(ToOwned::to_owned))
        .unwrap_or_default();
    (message, format!("{} {}", of("code"), of("type")))
}

/// When to come back: milliseconds as `OpenAI` and Azure say them, seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str, unit: f64| {
        let seconds = text.parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let exact = text("retry-after-ms").and_then(|text| seconds(text, 0.001));
    let wait = exact.or_else(|| {
        let text = text(RETRY_AFTER.as_str())?;
        seconds(text, 1.0).or_else(|| {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        })
    })?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use hyper::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn code(status: u16, body: &Value) -> &'static str {
        read(status, &HeaderMap::new(), body.to_string().as_bytes(), None)
            .error
            .code()
    }

    #[test]
    fn statuses_and_words_tell_refusals_apart() {
        let none = json!(null);
        let says =
            |message: &str, code: &str| json!({ "error": { "message": message, "code": code } });
        let kind = |kind: &str, message: &str| json!({ "type": "error", "error": { "type": kind, "message": message } });
        for (status, body, expected) in [
            (401, none.clone(), "PROVIDER_UNAUTHORIZED"),
            (403, none.clone(), "PROVIDER_UNAUTHORIZED"),
            (402, none.clone(), "PROVIDER_PAYMENT_REQUIRED"),
            (429, none.clone(), "PROVIDER_RATE_LIMITED"),
            (
                429,
                says("You exceeded your current quota", "insufficient_quota"),
                "PROVIDER_PAYMENT_REQUIRED",
            ),
            (
                400,
                kind("invalid_request_error", "Your credit balance is too low"),
                "PROVIDER_PAYMENT_REQUIRED",
            ),
            (500, none.clone(), "PROVIDER_SERVER_ERROR"),
            (
                529,
                kind("overloaded_error", "Overloaded"),
                "PROVIDER_SERVER_ERROR",
            ),
            (408, none.clone(), "PROVIDER_SERVER_ERROR"),
            (301, none.clone(), "PROVIDER_REDIRECTED"),
            (413, none.clone(), "PROVIDER_CONTEXT_TOO_LONG"),
            (
                400,
                says(
                    "This model's maximum context length is 8192 tokens",
                    "context_length_exceeded",
                ),
                "PROVIDER_CONTEXT_TOO_LONG",
            ),
            (
                400,
                kind(
                    "invalid_request_error",
                    "prompt is too long: 1 tokens > 0 maximum",
                ),
                "PROVIDER_CONTEXT_TOO_LONG",
            ),
            (
                404,
                says("The model `x` does not exist", "model_not_found"),
                "PROVIDER_MODEL_NOT_FOUND",
            ),
            (
                404,
                kind("not_found_error", "model: claude-x"),
                "PROVIDER_MODEL_NOT_FOUND",
            ),
            (
                404,
                says(
                    "The API deployment for this resource does not exist.",
                    "DeploymentNotFound",
                ),
                "PROVIDER_MODEL_NOT_FOUND",
            ),
            (
                404,
                json!({ "error": "model 'x' not found" }),
                "PROVIDER_MODEL_NOT_FOUND",
            ),
            (
                400,
                says("x is not a valid model ID", "400"),
                "PROVIDER_MODEL_NOT_FOUND",
            ),
            (
                404,
                json!({ "detail": "Not Found" }),
                "PROVIDER_BAD_REQUEST",
            ),
            (404, none, "PROVIDER_BAD_REQUEST"),
            (
                422,
                json!({ "detail": [{ "msg": "field required" }] }),
                "PROVIDER_BAD_REQUEST",
            ),
        ] {
            assert_eq!(code(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_are_told_without_keys() {
        let key = SecretString::from("hunter2");
        let body = br#"{"message": "bad field, hunter2, sk-abcdefgh"}"#;
        let refusal = read(400, &HeaderMap::new(), body, Some(&key));
        let told = refusal.error.to_string();
        assert_eq!(
            told,
            "The provider refused the request (HTTP 400): bad field, […], […]"
        );
    }

    #[test]
    fn when_to_come_back_is_read_in_every_form() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            retry_after(&headers, now)
        };
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(read("retry-after", "7"), seconds(7));
        assert_eq!(
            read("retry-after", " 1.5 "),
            Some(Duration::from_millis(1_500))
        );
        assert_eq!(
            read("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"),
            seconds(30)
        );
        assert_eq!(
            read("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            seconds(0)
        );
        assert_eq!(read("retry-after", "999999999999"), Some(LONGEST_WAIT));
        assert_eq!(
            read("retry-after-ms", "250"),
            Some(Duration::from_millis(250))
        );
        for nonsense in ["-1", "soon", "", "NaN", "inf"] {
            assert_eq!(read("retry-after", nonsense), None, "{nonsense}");
        }
    }
}
