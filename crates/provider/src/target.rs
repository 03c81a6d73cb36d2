use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use secrecy::SecretString;
use url::Url;

use crate::address::AddressGuard;
use crate::http::KeyHeader;
use crate::wire::{Quirks, anthropic, openai};
use crate::{ChatRequest, Dialect, Endpoint, ProviderError, Settings};

/// How we call ourselves.
const AGENT: &str = concat!("agentry/", env!("CARGO_PKG_VERSION"));

/// Azure's dated version where an address needs one and none is said: the last that is neither a preview nor superseded by `v1`.
const AZURE_VERSION: &str = "2024-10-21";

/// The hosts of Azure that speak chat completions.
const AZURE_HOSTS: &[&str] = &[
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
];

/// A connection, made ready to be called.
pub(crate) struct Target {
    pub(crate) dialect: Dialect,
    base: Url,
    azure: Option<Azure>,
    /// Whether the service has replaced `max_tokens` by `max_completion_tokens`.
    is_new: bool,
    is_openrouter: bool,
    header: Option<KeyHeader>,
    /// To be kept out of what the provider says.
    pub(crate) key: Option<SecretString>,
}

struct Azure {
    version: Option<String>,
}

impl Target {
    /// Checks what can be checked before anybody is called.
    pub(crate) fn of(
        endpoint: &Endpoint,
        settings: &Settings,
        guard: &AddressGuard,
    ) -> Result<Self, ProviderError> {
        let service = &endpoint.service;
        let configured = match service.name() {
            "openai" => settings.openai_base_url.clone(),
            "anthropic" => settings.anthropic_base_url.clone(),
            _ => None,
        };
        let base = endpoint
            .base_url
            .clone()
            .or(configured)
            .or_else(|| Url::parse(service.address()?).ok())
            .ok_or(ProviderError::BaseUrlMissing)?;
        guard.check(&base).map_err(ProviderError::AddressRefused)?;

        let host = base.host_str().unwrap_or_default();
        let is_azure = service.dialect() == Dialect::OpenAi
            && endpoint.options.azure.unwrap_or_else(|| {
                service.name() == "azure" || AZURE_HOSTS.iter().any(|end| host.ends_with(end))
            });
        let header = match &endpoint.key {
            Some(key) if service.dialect() == Dialect::Anthropic => {
                Some(KeyHeader::plain("x-api-key", key)?)
            }
            Some(key) if is_azure => Some(KeyHeader::plain("api-key", key)?),
            Some(key) => Some(KeyHeader::bearer(key)?),
            None if service.may_lack_key() || endpoint.base_url.is_some() => None,
            None => return Err(ProviderError::KeyMissing),
        };
        Ok(Self {
            dialect: service.dialect(),
            azure: is_azure.then(|| Azure {
                version: endpoint.options.api_version.clone(),
            }),
            is_new: is_azure || service.name() == "openai",
            is_openrouter: service.name() == "openrouter" || host == "openrouter.ai",
            header,
            key: endpoint.key.clone(),
            base,
        })
    }

    /// The request for an answer.
    pub(crate) fn chat(
        &self,
        request: &ChatRequest,
        quirks: Quirks,
    ) -> Result<Request<Full<Bytes>>, ProviderError> {
        let (url, body) = match self.dialect {
            Dialect::Anthropic => (
                self.versioned(&["messages"]),
                anthropic::body(request, quirks),
            ),
            Dialect::OpenAi | Dialect::Echo => (
                self.completions(&request.model),
                openai::body(request, self.is_new, quirks),
            ),
        };
        // The one thing in a request that need not be JSON is a tool's schema, and that was parsed from some.
        let body = body.map_err(|_| ProviderError::Malformed("the request is not JSON"))?;
        let mut request = self.request(Method::POST, &url, Bytes::from(body))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        Ok(request)
    }

    /// The request that costs nothing.
    pub(crate) fn test(&self) -> Result<Request<Full<Bytes>>, ProviderError> {
        let url = match self.dialect {
            Dialect::Anthropic => self.versioned(&["models"]),
            // Its list of models is there for everybody, so that it says nothing of the key.
            _ if self.is_openrouter => self.versioned(&["key"]),
            Dialect::OpenAi | Dialect::Echo => match &self.azure {
                Some(azure) => azure.models(&self.base),
                None => self.versioned(&["models"]),
            },
        };
        let mut request = self.request(Method::GET, &url, Bytes::new())?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json);
        Ok(request)
    }

    /// By what servers are told apart whose peculiarities were learned.
    pub(crate) fn place(&self) -> &str {
        self.base.as_str()
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ProviderError> {
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(USER_AGENT, AGENT)
            .body(Full::new(body))
            .map_err(|_| ProviderError::AddressRefused(crate::Refusal::Host))?;
        let headers = request.headers_mut();
        if let Some(KeyHeader { name, value }) = &self.header {
            headers.insert(name, value.clone());
        }
        if self.dialect == Dialect::Anthropic {
            let version = HeaderValue::from_static(anthropic::VERSION);
            headers.insert("anthropic-version", version);
        }
        Ok(request)
    }

    fn completions(&self, model: &str) -> Url {
        match &self.azure {
            Some(azure) => azure.completions(&self.base, model),
            None => self.versioned(&["chat", "completions"]),
        }
    }

    /// The base URL and these; with `v1` between them where Anthropic's has no such end, or another's has no path at all.
    fn versioned(&self, more: &[&str]) -> Url {
        let path = self.base.path().trim_end_matches('/');
        let is_bare = match self.dialect {
            Dialect::Anthropic => !path.ends_with("/v1"),
            Dialect::OpenAi | Dialect::Echo => path.is_empty(),
        };
        let version: &[&str] = if is_bare { &["v1"] } else { &[] };
        join(&self.base, version.iter().chain(more))
    }
}

impl Azure {
    /// A deployment may stand in the path; else the dated interface is called where a version is said, and `v1` where none is.
    fn completions(&self, base: &Url, model: &str) -> Url {
        let end = ["chat", "completions"];
        if base.path().contains("/deployments/") {
            return self.dated(join(base, &end));
        }
        if base.path().trim_end_matches('/').ends_with("/v1") {
            return join(base, &end);
        }
        let root = root(base);
        if self.version.is_none() && !has_version(base) {
            return join(&root, ["openai", "v1"].iter().chain(&end));
        }
        self.dated(join(
            &root,
            ["openai", "deployments", model].iter().chain(&end),
        ))
    }

    fn models(&self, base: &Url) -> Url {
        let is_dated =
            base.path().contains("/deployments/") || self.version.is_some() || has_version(base);
        let root = root(base);
        if is_dated && !base.path().trim_end_matches('/').ends_with("/v1") {
            self.dated(join(&root, &["openai", "models"]))
        } else {
            join(&root, &["openai", "v1", "models"])
        }
    }

    fn dated(&self, mut url: Url) -> Url {
        if !has_version(&url) {
            let version = self.version.as_deref().unwrap_or(AZURE_VERSION);
            url.query_pairs_mut().append_pair("api-version", version);
        }
        url
    }
}

fn has_version(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| name == "api-version")
}

/// The same without its path.
fn root(base: &Url) -> Url {
    let mut root = base.clone();
    root.set_path("");
    root
}

/// The address with these behind its path; a slash inside of one is written out.
fn join<'a>(base: &Url, more: impl IntoIterator<Item = &'a &'a str>) -> Url {
    let mut url = base.clone();
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(more);
    }
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{EndpointOptions, Service};

    fn target(service: &str, base: Option<&str>, version: Option<&str>) -> Target {
        let mut endpoint = Endpoint::new(Service::of(service), Some("k".into()), "c");
        endpoint.base_url = base.map(|base| Url::parse(base).unwrap());
        endpoint.options = EndpointOptions {
            azure: None,
            api_version: version.map(ToOwned::to_owned),
        };
        let guard = AddressGuard::new(crate::AllowList::default());
        Target::of(&endpoint, &Settings::default(), &guard).unwrap()
    }

    fn urls(service: &str, base: Option<&str>, version: Option<&str>) -> (String, String) {
        let target = target(service, base, version);
        let chat = match target.dialect {
            Dialect::Anthropic => target.versioned(&["messages"]),
            Dialect::OpenAi | Dialect::Echo => target.completions("m/1"),
        };
        (chat.into(), target.test().unwrap().uri().to_string())
    }

    #[test]
    fn addresses_are_made_of_the_base_url() {
        let o = "https://x.example.com";
        for (service, base, chat, test) in [
            (
                "openai",
                None,
                "https://api.openai.com/v1/chat/completions",
                "https://api.openai.com/v1/models",
            ),
            (
                "groq",
                None,
                "https://api.groq.com/openai/v1/chat/completions",
                "https://api.groq.com/openai/v1/models",
            ),
            (
                "openrouter",
                None,
                "https://openrouter.ai/api/v1/chat/completions",
                "https://openrouter.ai/api/v1/key",
            ),
            (
                "anthropic",
                None,
                "https://api.anthropic.com/v1/messages",
                "https://api.anthropic.com/v1/models",
            ),
            ("anthropic", Some("/v1/"), "/v1/messages", "/v1/models"),
            (
                "anthropic",
                Some("/proxy"),
                "/proxy/v1/messages",
                "/proxy/v1/models",
            ),
            ("vllm", Some(""), "/v1/chat/completions", "/v1/models"),
            ("vllm", Some("/"), "/v1/chat/completions", "/v1/models"),
            (
                "vllm",
                Some("/api/v2/"),
                "/api/v2/chat/completions",
                "/api/v2/models",
            ),
            (
                "vllm",
                Some("/v1?team=1#x"),
                "/v1/chat/completions?team=1",
                "/v1/models?team=1",
            ),
        ] {
            let full = |path: &str| match base {
                Some(_) => format!("{o}{path}"),
                None => path.to_owned(),
            };
            let base = base.map(full);
            let made = urls(service, base.as_deref(), None);
            assert_eq!(made, (full(chat), full(test)), "{service} {base:?}");
        }
    }

    #[test]
    fn azure_is_called_as_its_address_wants_it() {
        let o = "https://r.openai.azure.com";
        for (base, version, chat, test) in [
            ("", None, "/openai/v1/chat/completions", "/openai/v1/models"),
            (
                "/openai/v1/",
                None,
                "/openai/v1/chat/completions",
                "/openai/v1/models",
            ),
            (
                "",
                Some("2025-01-01-preview"),
                "/openai/deployments/m%2F1/chat/completions?api-version=2025-01-01-preview",
                "/openai/models?api-version=2025-01-01-preview",
            ),
            (
                "/openai/deployments/d",
                None,
                "/openai/deployments/d/chat/completions?api-version=2024-10-21",
                "/openai/models?api-version=2024-10-21",
            ),
            (
                "/?api-version=2024-06-01",
                None,
                "/openai/deployments/m%2F1/chat/completions?api-version=2024-06-01",
                "/openai/models?api-version=2024-06-01",
            ),
        ] {
            let made = urls("openai", Some(&format!("{o}{base}")), version);
            assert_eq!(made, (format!("{o}{chat}"), format!("{o}{test}")), "{base}");
        }
    }

    #[test]
    fn each_service_gets_its_key_in_its_own_header() {
        for (service, base, name, value) in [
            ("openai", None, "authorization", "Bearer k"),
            ("anthropic", None, "x-api-key", "k"),
            ("azure", Some("https://x.example.com"), "api-key", "k"),
            ("openai", Some("https://x.openai.azure.com"), "api-key", "k"),
        ] {
            let request = target(service, base, None).test().unwrap();
            assert_eq!(
                request.headers()[name].as_bytes(),
                value.as_bytes(),
                "{service}"
            );
        }
    }

    #[test]
    fn what_a_connection_lacks_is_said_before_anybody_is_called() {
        let of = |endpoint: Endpoint| {
            let guard = AddressGuard::new(crate::AllowList::default());
            Target::of(&endpoint, &Settings::default(), &guard).err()
        };
        let plain = |service| Endpoint::new(Service::of(service), None, "c");
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(of(plain("openai")), Some(ProviderError::KeyMissing));
        assert_eq!(of(plain("anthropic")), Some(ProviderError::KeyMissing));
        assert_eq!(of(plain("vllm")), Some(ProviderError::BaseUrlMissing));
        assert_eq!(of(plain("vllm").at(url("https://x.example.com"))), None);
        let inside = of(plain("vllm").at(url("http://127.0.0.1/")));
        assert!(matches!(inside, Some(ProviderError::AddressRefused(_))));
    }
}
