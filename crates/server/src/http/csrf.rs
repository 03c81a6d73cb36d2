//! Requests a foreign page made a browser send.
//!
//! Only a cookie travels without the page knowing it. A request that shows an `Authorization` header or an API key was written by code that
//! holds the credential, and one with neither can do nothing a stranger could not do himself. POST bodies are JSON only,
//! which no foreign page can send without asking first (CORS); this check stands behind that.

use axum::http::{HeaderMap, header};
use url::Url;

use super::fault::Fault;
use super::options::HttpOptions;

/// The headers that hold an API key: Agentuity's own, and better-auth's. Where both are sent, the first counts.
pub(crate) const API_KEY_HEADERS: [&str; 2] = ["x-agentuity-auth-api-key", "x-api-key"];

/// Whether the credential, if any, is a cookie.
fn by_cookie(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE)
        && !headers.contains_key(header::AUTHORIZATION)
        && !API_KEY_HEADERS
            .iter()
            .any(|name| headers.contains_key(*name))
}

/// Whether the cookie may be looked at. Alone, [`check`] refuses it when it may not; beside another credential it is left out.
pub(crate) fn cookie_counts(headers: &HeaderMap, options: &HttpOptions) -> bool {
    headers.contains_key(header::COOKIE) && from_trusted_page(headers, options)
}

/// Refuses a cookie that comes from a page we do not trust.
pub(crate) fn check(headers: &HeaderMap, options: &HttpOptions) -> Result<(), Fault> {
    if !by_cookie(headers) || from_trusted_page(headers, options) {
        return Ok(());
    }
    Err(Fault::forbidden(
        "A cookie is not accepted from this origin.",
    ))
}

fn from_trusted_page(headers: &HeaderMap, options: &HttpOptions) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => origin
            .to_str()
            .is_ok_and(|origin| is_trusted(origin, headers, options)),
        (Some(_), Some(_)) => false,
        // No browser sends a POST without an Origin; for a GET the browser says whose page asks.
        (None, _) => headers
            .get("sec-fetch-site")
            .is_none_or(|site| site != "cross-site"),
    }
}

/// Refuses a form that no page of our own sent: browsers name the page's origin with every form they post.
pub(crate) fn check_form(headers: &HeaderMap, options: &HttpOptions) -> Result<(), Fault> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = match (origins.next(), origins.next()) {
        (Some(origin), None) => origin
            .to_str()
            .ok()
            .and_then(normal)
            .is_some_and(|origin| is_ours(&origin, headers, options)),
        (Some(_), Some(_)) => false,
        (None, _) => headers
            .get("sec-fetch-site")
            .is_none_or(|site| site == "same-origin"),
    };
    if ours {
        return Ok(());
    }
    Err(Fault::forbidden(
        "This form was not sent from our own page.",
    ))
}

fn is_trusted(origin: &str, headers: &HeaderMap, options: &HttpOptions) -> bool {
    let Some(origin) = normal(origin) else {
        return false;
    };
    let listed = |list: &[String]| {
        list.iter()
            .any(|entry| normal(entry).is_some_and(|entry| entry == origin))
    };
    is_ours(&origin, headers, options)
        || listed(&options.trusted_origins)
        || listed(&options.cors_origins)
}

/// Whether this origin, in its normal form, is the one that browsers know this server by.
fn is_ours(origin: &str, headers: &HeaderMap, options: &HttpOptions) -> bool {
    match &options.public_origin {
        Some(public) => normal(public).is_some_and(|public| public == origin),
        None => headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| {
                ["http", "https"]
                    .iter()
                    .any(|scheme| normal(&format!("{scheme}://{host}")).as_deref() == Some(origin))
            }),
    }
}

/// Scheme, host and port, with the scheme's own port left out; `None` for `null` and for what is no origin.
pub(crate) fn normal(origin: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    plain.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use axum::http::HeaderValue;

    fn verdict(pairs: &[(&'static str, &'static str)]) -> bool {
        let options = HttpOptions {
            trusted_origins: vec!["https://app.example.com".into()],
            cors_origins: vec!["*".into()],
            ..HttpOptions::default()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(&headers, &options).is_ok()
    }

    #[test]
    fn cookie_is_taken_from_our_own_and_trusted_pages_only() {
        let cookie = ("cookie", "s=1");
        let host = ("host", "api.example.com");
        assert!(verdict(&[
            cookie,
            host,
            ("origin", "https://api.example.com")
        ]));
        assert!(verdict(&[
            cookie,
            host,
            ("origin", "https://app.example.com:443")
        ]));
        for foreign in [
            "https://evil.example",
            "null",
            "https://app.example.com.evil.example",
            "https://api.example.com:8443",
            "garbage",
        ] {
            assert!(!verdict(&[cookie, host, ("origin", foreign)]), "{foreign}");
        }
        assert!(!verdict(&[
            cookie,
            host,
            ("origin", "https://api.example.com"),
            ("origin", "https://evil.example")
        ]));
    }

    #[test]
    fn without_origin_the_browser_says_whose_page_asks() {
        assert!(verdict(&[("cookie", "s=1")]));
        assert!(verdict(&[
            ("cookie", "s=1"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!verdict(&[
            ("cookie", "s=1"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn form_is_taken_from_our_own_page_only() {
        let verdict = |pairs: &[(&'static str, &'static str)]| {
            let options = HttpOptions {
                trusted_origins: vec!["https://app.example.com".into()],
                ..HttpOptions::default()
            };
            let mut headers = HeaderMap::new();
            headers.append("host", HeaderValue::from_static("api.example.com"));
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            check_form(&headers, &options).is_ok()
        };
        assert!(verdict(&[("origin", "https://api.example.com")]));
        assert!(verdict(&[("sec-fetch-site", "same-origin")]) && verdict(&[]));
        for foreign in [
            ("origin", "https://app.example.com"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(!verdict(&[foreign]), "{foreign:?}");
        }
        let ours = ("origin", "https://api.example.com");
        assert!(!verdict(&[ours, ours]));
    }

    #[test]
    fn credential_in_a_header_needs_no_origin() {
        assert!(verdict(&[("origin", "https://evil.example")]));
        assert!(verdict(&[
            ("origin", "https://evil.example"),
            ("cookie", "s=1"),
            ("authorization", "Bearer x")
        ]));
    }
}
