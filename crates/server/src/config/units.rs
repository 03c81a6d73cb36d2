//! Values with a unit, secrets and origins, as settings are written.

use std::time::Duration;

use secrecy::SecretString;
use url::{Origin, Url};

/// `250ms`, `30s`, `5m` or `12h`; more than nothing.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time above zero such as 500ms, 30s, 5m or 12h".to_owned();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    match number.checked_mul(factor) {
        Some(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
        _ => Err(wrong()),
    }
}

/// `4096`, `64KiB` or `1MiB`; more than nothing.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || "expected a size above zero such as 4096, 64KiB or 1MiB".to_owned();
    let (number, factor) = match (text.strip_suffix("KiB"), text.strip_suffix("MiB")) {
        (Some(number), _) => (number, 1024),
        (_, Some(number)) => (number, 1024 * 1024),
        (None, None) => (text, 1),
    };
    let number: usize = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(factor)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(wrong)
}

/// Never fails: a complaint of the command line's parser would quote the value.
#[expect(clippy::unnecessary_wraps, reason = "the shape clap asks for")]
pub(super) fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

/// An origin as browsers send it, `https://app.example.com`: scheme, host, port, nothing more.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong = || "expected an origin such as https://app.example.com, without a path".to_owned();
    let url = web_url(text).map_err(|_| wrong())?;
    if url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
    {
        return Err(wrong());
    }
    match url.origin() {
        origin @ Origin::Tuple(..) => Ok(origin.ascii_serialization()),
        Origin::Opaque(_) => Err(wrong()),
    }
}

/// An http or https URL.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("expected a URL such as https://agents.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_need_a_unit_and_a_positive_number() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        for wrong in [
            "",
            "30",
            "0s",
            "-1s",
            "1.5s",
            "s",
            "10d",
            "99999999999999999999h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_plain_or_binary() {
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(bytes("1MiB"), Ok(1_048_576));
        for wrong in ["", "0", "1MB", "MiB", "-1", "99999999999999MiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_normalised_and_hold_no_path() {
        assert_eq!(
            origin("https://App.example.com:443").unwrap(),
            "https://app.example.com"
        );
        assert_eq!(
            origin("http://localhost:3000/").unwrap(),
            "http://localhost:3000"
        );
        for wrong in [
            "*",
            "null",
            "app.example.com",
            "https://a.example/x",
            "https://u@a.example",
            "file:///x",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
