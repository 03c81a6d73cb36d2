//! The messages of the protocol.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::{Map, Value};

use super::close::Close;
use crate::http::csrf::API_KEY_HEADERS;
use crate::http::graphql::json_nesting;
use crate::http::options::HttpOptions;

/// What a client can say.
pub(super) enum ClientMessage {
    Init(Credentials),
    Ping(Option<Value>),
    Pong,
    /// The payload is left as it is: what is wrong with it may be an answer or the end of the socket.
    Subscribe {
        id: String,
        payload: Map<String, Value>,
    },
    Complete {
        id: String,
    },
}

/// What `connection_init` carries, names in any case.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) api_key: Option<SecretString>,
    pub(super) authorization: Option<SecretString>,
    pub(super) organization: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    r#type: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    payload: Option<Value>,
}

/// Reads a message.
pub(super) fn parse(text: &str, options: &HttpOptions) -> Result<ClientMessage, Close> {
    // The message, its payload and the object around the variables.
    if json_nesting(text.as_bytes()) > options.limits.input_depth + 3 {
        return Err(Close::BadMessage("The message nests too deep"));
    }
    if !text.trim_start().starts_with('{') {
        return Err(Close::BadMessage("The message is not a JSON object"));
    }
    let raw: Raw = serde_json::from_str(text)
        .map_err(|_| Close::BadMessage("The message is not one of the protocol"))?;
    let id = raw.id.filter(|id| !id.is_empty());
    match (raw.r#type.as_str(), id, raw.payload) {
        ("connection_init", _, None | Some(Value::Null)) => {
            Ok(ClientMessage::Init(Credentials::default()))
        }
        ("connection_init", _, Some(Value::Object(payload))) => {
            Ok(ClientMessage::Init(credentials(payload)?))
        }
        ("ping", _, payload @ (None | Some(Value::Object(_) | Value::Null))) => {
            Ok(ClientMessage::Ping(payload))
        }
        ("pong", _, None | Some(Value::Object(_) | Value::Null)) => Ok(ClientMessage::Pong),
        ("subscribe", Some(id), Some(Value::Object(payload)))
            if payload.get("query").is_some_and(Value::is_string) =>
        {
            Ok(ClientMessage::Subscribe { id, payload })
        }
        ("complete", Some(id), _) => Ok(ClientMessage::Complete { id }),
        ("connection_init" | "ping" | "pong" | "subscribe" | "complete", _, _) => Err(
            Close::BadMessage("The message lacks something, or has it in the wrong form"),
        ),
        _ => Err(Close::BadMessage("The message has an unknown type")),
    }
}

fn credentials(payload: Map<String, Value>) -> Result<Credentials, Close> {
    let mut found = Credentials::default();
    for (name, value) in payload {
        let name = name.to_ascii_lowercase();
        let known = ["authorization", "x-organization-id"]
            .iter()
            .chain(&API_KEY_HEADERS);
        if !known.into_iter().any(|known| *known == name) {
            continue;
        }
        match value {
            Value::String(value) => match name.as_str() {
                "authorization" => found.authorization = Some(value.into()),
                "x-organization-id" => found.organization = Some(value),
                name if name == API_KEY_HEADERS[0] => found.api_key = Some(value.into()),
                _ => found.api_key = found.api_key.or_else(|| Some(value.into())),
            },
            Value::Null => {}
            // Left out, it would act for nobody, or elsewhere.
            _ => return Err(Close::BadMessage("The credentials must be strings")),
        }
    }
    Ok(found)
}

pub(super) const ACK: &str = r#"{"type":"connection_ack"}"#;

pub(super) fn pong(payload: Option<&Value>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{payload}}}"#),
        None => r#"{"type":"pong"}"#.to_owned(),
    }
}

/// `payload` is JSON.
pub(super) fn next(id: &str, payload: &str) -> String {
    format!(
        r#"{{"id":{},"type":"next","payload":{payload}}}"#,
        quoted(id)
    )
}

/// `errors` is a JSON list.
pub(super) fn error(id: &str, errors: &str) -> String {
    format!(
        r#"{{"id":{},"type":"error","payload":{errors}}}"#,
        quoted(id)
    )
}

pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, quoted(id))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn code(text: &str) -> Option<u16> {
        parse(text, &HttpOptions::default())
            .err()
            .map(|close| close.code())
    }

    #[test]
    fn what_the_protocol_does_not_know_is_4400() {
        for text in [
            "",
            "nonsense",
            "[]",
            r#"["connection_init"]"#,
            "{}",
            r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#,
            r#"{"type":"connection_ack"}"#,
            r#"{"type":"next","id":"1"}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"connection_init","payload":{"authorization":7}}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":7,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","payload":3}"#,
        ] {
            assert_eq!(code(text), Some(4400), "{text}");
        }
        assert_eq!(code(&"[".repeat(50_000)), Some(4400));
    }

    #[test]
    fn credentials_are_found_in_any_case() {
        let text = r#"{"type":"connection_init","payload":{"AUTHORIZATION":"Bearer x","X-Organization-Id":"o1","n":1}}"#;
        let Ok(ClientMessage::Init(found)) = parse(text, &HttpOptions::default()) else {
            panic!("not an init")
        };
        assert_eq!(
            found
                .authorization
                .as_ref()
                .map(ExposeSecret::expose_secret),
            Some("Bearer x")
        );
        assert_eq!(found.organization.as_deref(), Some("o1"));
    }

    #[test]
    fn ids_are_quoted() {
        assert_eq!(complete("a\"b"), r#"{"id":"a\"b","type":"complete"}"#);
    }
}
