//! What a connection's key, address and notes may be. No message repeats a value.

use agentry_provider::Providers;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::check::Checks;
use crate::secret::Secret;

const MAX_KEY_BYTES: usize = 8_192;
/// Of shorter keys four characters would tell too much.
const MIN_HINTED_CHARACTERS: usize = 16;
const MAX_SERVICE: usize = 64;
const MAX_BASE_URL: usize = 2_000;

/// A key as it is to be sealed, and what of it may be shown.
#[derive(Debug)]
pub(super) struct ApiKey {
    pub(super) secret: SecretString,
    pub(super) hint: Option<String>,
}

impl ApiKey {
    /// Without the white space around it, which copying a key brings along.
    pub(super) fn check(checks: &mut Checks, key: &Secret) -> Self {
        let key = key.inner().expose_secret().trim();
        if key.is_empty() {
            checks.refuse("apiKey", "It must not be empty.");
        } else if key.len() > MAX_KEY_BYTES {
            checks.refuse(
                "apiKey",
                format!("It must have at most {MAX_KEY_BYTES} bytes."),
            );
        } else if key.chars().any(|c| c.is_control() || c.is_whitespace()) {
            checks.refuse(
                "apiKey",
                "It must not contain white space or control characters.",
            );
        }
        Self {
            secret: SecretString::from(key),
            hint: hint(key),
        }
    }
}

fn hint(key: &str) -> Option<String> {
    let length = key.chars().count();
    let last_four = || key.chars().skip(length - 4).collect();
    (length >= MIN_HINTED_CHARACTERS).then(last_four)
}

/// `[a-z0-9][a-z0-9_-]{0,63}`, after upper case was made lower.
pub(super) fn service(checks: &mut Checks, service: &str) -> String {
    let service = service.trim().to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let named = (1..=MAX_SERVICE).contains(&service.len())
        && service.bytes().all(|b| plain(b) || b == b'_' || b == b'-')
        && service.bytes().next().is_some_and(plain);
    if !named {
        checks.refuse(
            "service",
            format!(
                "It must be 1 to {MAX_SERVICE} of a-z, 0-9, _ and -, the first a letter or a digit."
            ),
        );
    }
    service
}

/// An address in the form that a browser would make of it: what was checked is what is kept. An empty one counts as none.
pub(super) fn base_url(
    checks: &mut Checks,
    providers: &Providers,
    text: Option<String>,
) -> Option<String> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    let refusal = match Url::parse(text.trim()) {
        _ if text.len() > MAX_BASE_URL => "It must have at most 2,000 characters.",
        Err(_) => "It must be an address like https://api.example.com/v1.",
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            "It must begin with http:// or https://."
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "It must not hold a user name or a password."
        }
        Ok(url) if url.as_str().len() > MAX_BASE_URL => "It must have at most 2,000 characters.",
        Ok(url) => match providers.check_base_url(&url) {
            Ok(()) => return Some(url.into()),
            Err(_) if url.scheme() == "http" => {
                "It must begin with https://, unless the operator of this server allows the host."
            }
            Err(_) => {
                "It must be a public address, unless the operator of this server allows the host."
            }
        },
    };
    checks.refuse("baseUrl", refusal);
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_provider::{AllowList, Settings};
    use async_graphql::{InputType as _, Value as Input};

    use super::*;

    fn accepts<T>(check: impl FnOnce(&mut Checks) -> T) -> Option<T> {
        let mut checks = Checks::default();
        let value = check(&mut checks);
        checks.finish().is_ok().then_some(value)
    }

    fn key(text: &str) -> Option<ApiKey> {
        let secret = Secret::parse(Some(Input::from(text))).ok().unwrap();
        accepts(|checks| ApiKey::check(checks, &secret))
    }

    #[test]
    fn a_hint_is_the_end_of_a_long_key_only() {
        assert_eq!(key("0123456789abcde").unwrap().hint, None);
        assert_eq!(key("0123456789abcdef").unwrap().hint.unwrap(), "cdef");
        assert_eq!(key(" 0123456789abcdéf\n").unwrap().hint.unwrap(), "cdéf");
        assert_eq!(key(&"é".repeat(15)).unwrap().hint, None);
    }

    #[test]
    fn a_key_is_one_word_of_at_most_8192_bytes() {
        assert!(key(&"k".repeat(8_192)).is_some());
        for bad in [
            "",
            " \t",
            "a b",
            "a\0b",
            "a\nb",
            "a\u{a0}b",
            "a\u{7f}b",
            &"k".repeat(8_193),
        ] {
            assert!(key(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_service_is_a_lower_case_word() {
        let service = |text: &str| accepts(|checks| service(checks, text));
        assert_eq!(service(" OpenAI ").unwrap(), "openai");
        assert_eq!(service("9-b_c").unwrap(), "9-b_c");
        assert!(service(&"a".repeat(64)).is_some());
        for bad in [
            "",
            " ",
            "-a",
            "_a",
            "a b",
            "ä",
            "a\0",
            "İ",
            "\u{212a}",
            &"a".repeat(65),
        ] {
            assert!(service(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_base_url_is_http_without_credentials() {
        let providers = |hosts: &[&str]| {
            let allow = AllowList::parse(hosts.iter().copied()).unwrap();
            let settings = Settings {
                allow,
                ..Settings::default()
            };
            Providers::new(settings).unwrap()
        };
        let (some, none) = (providers(&["localhost:11434"]), providers(&[]));
        let check = |providers: &Providers, text: &str| {
            accepts(|checks| base_url(checks, providers, Some(text.to_owned())))
        };
        let url = |text: &str| check(&some, text);
        for inside in [
            "http://localhost:11434",
            "https://localhost",
            "https://10.0.0.1/v1",
            "https://169.254.169.254/",
            "https://[::1]/v1",
            "http://api.example.com/v1",
        ] {
            assert!(check(&none, inside).is_none(), "{inside:?}");
        }
        assert_eq!(
            url(" https://API.example.com/v1 ").unwrap().unwrap(),
            "https://api.example.com/v1"
        );
        assert_eq!(
            url("http://localhost:11434").unwrap().unwrap(),
            "http://localhost:11434/"
        );
        assert_eq!(url("  "), Some(None));
        for bad in [
            "api.example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/plain,x",
            "http://",
            "https://user@example.com",
            "https://user:secret@example.com",
            "https://:secret@example.com",
            "https://exa mple.com",
            "https://example.com:99999",
            &format!("https://example.com/{}", "a".repeat(2_000)),
            &format!("https://example.com/{}", "é".repeat(900)),
        ] {
            assert!(url(bad).is_none(), "{bad:?}");
        }
    }
}
