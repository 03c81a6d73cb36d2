use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::Service;

/// Where a call goes, and with which key: one connection, for the time of one call.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Who is called.
    pub service: Service,
    /// The connection's own address, which the address guard checks; none: the service's.
    pub base_url: Option<Url>,
    /// The opened key. Drop the endpoint as soon as the call is made.
    pub key: Option<SecretString>,
    /// The connection's id: what fails by it counts against it alone.
    pub identity: String,
    /// What the connection says beyond that.
    pub options: EndpointOptions,
}

/// What a connection's `metadata` may say about the way it is called. Everything else in it is nobody's business here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointOptions {
    /// `azure`: whether to call as Azure wants it. None: when the host ends in `openai.azure.com` or `cognitiveservices.azure.com`, or the
    /// service is called `azure`.
    pub azure: Option<bool>,
    /// `apiVersion`: Azure's dated version, as `2024-10-21`.
    pub api_version: Option<String>,
}

impl Endpoint {
    /// A connection that says nothing beyond its service and key.
    #[must_use]
    pub fn new(service: Service, key: Option<SecretString>, identity: impl Into<String>) -> Self {
        Self {
            service,
            base_url: None,
            key,
            identity: identity.into(),
            options: EndpointOptions::default(),
        }
    }

    /// The same at this address.
    #[must_use]
    pub fn at(mut self, base_url: Url) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// The built-in service; it needs nothing.
    #[must_use]
    pub fn echo() -> Self {
        Self::new(Service::of("echo"), None, "echo")
    }
}

impl EndpointOptions {
    /// Reads a connection's `metadata`. What is of another type than it should be counts as not said.
    #[must_use]
    pub fn from_metadata(metadata: &Value) -> Self {
        let api_version = metadata
            .get("apiVersion")
            .and_then(Value::as_str)
            .filter(|version| is_version(version))
            .map(ToOwned::to_owned);
        Self {
            azure: metadata.get("azure").and_then(Value::as_bool),
            api_version,
        }
    }
}

/// Versions are dates with a word behind them: nothing that could bend a query.
fn is_version(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_not_in_the_debug_form() {
        let key = SecretString::from("sk-very-secret");
        let endpoint = Endpoint::new(Service::of("openai"), Some(key), "c1");
        assert!(!format!("{endpoint:?}").contains("very-secret"));
    }

    #[test]
    fn metadata_of_other_types_says_nothing() {
        let read = EndpointOptions::from_metadata;
        let none = EndpointOptions::default();
        for metadata in [
            json!(null),
            json!([]),
            json!({ "azure": "yes", "apiVersion": 3 }),
            json!({ "apiVersion": "2024&x=y" }),
            json!({ "apiVersion": "" }),
        ] {
            assert_eq!(read(&metadata), none, "{metadata}");
        }
        let said = read(&json!({ "azure": true, "apiVersion": "2024-10-21" }));
        assert_eq!(said.azure, Some(true));
        assert_eq!(said.api_version.as_deref(), Some("2024-10-21"));
    }
}
