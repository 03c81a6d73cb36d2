use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// Where messages go.
#[derive(Debug, Clone)]
pub enum Way {
    /// Nowhere: nothing is sent.
    Off,
    /// Into files of a folder.
    Folder(PathBuf),
    /// Into the log.
    Log,
    /// To a mail server.
    Smtp(SmtpSettings),
}

/// A mail server and how to speak to it. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is covered.
    pub tls: Tls,
    /// User and password.
    pub login: Option<(String, SecretString)>,
}

/// How a connection to a mail server is covered. Nothing falls back to less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// After a greeting, by STARTTLS (RFC 3207); a server without it gets nothing.
    StartTls,
    /// Not at all.
    None,
}

/// Why an address of messages is none. It never repeats the address, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected off, log:, file:///folder, smtps://user:password@host or smtp://user:password@host (with STARTTLS; ?tls=none without)"
)]
pub struct WayError;

impl Way {
    /// Reads `off`, `log:`, `file:///folder`, `smtp://…` or `smtps://…`. User and password are percent-encoded.
    ///
    /// # Errors
    /// [`WayError`].
    pub fn parse(text: &SecretString) -> Result<Self, WayError> {
        let text = text.expose_secret().trim();
        if text == "off" {
            return Ok(Self::Off);
        }
        let url = Url::parse(text).map_err(|_| WayError)?;
        match url.scheme() {
            "log" if text == "log:" => Ok(Self::Log),
            "file" => url.to_file_path().map(Self::Folder).map_err(|()| WayError),
            "smtp" => smtp(&url, Tls::StartTls).map(Self::Smtp),
            "smtps" => smtp(&url, Tls::Implicit).map(Self::Smtp),
            _ => Err(WayError),
        }
    }
}

fn smtp(url: &Url, usual: Tls) -> Result<SmtpSettings, WayError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| WayError)?;
        Ok(text.into_owned())
    };
    let tls = match url.query() {
        None => usual,
        Some("tls=none") if usual == Tls::StartTls => Tls::None,
        Some(_) => return Err(WayError),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(WayError);
    }
    let host = match url.host().ok_or(WayError)? {
        Host::Domain(name) if !name.is_empty() => decoded(name)?,
        Host::Domain(_) => return Err(WayError),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        ("", Some(_)) | (_, None) => return Err(WayError),
        (user, Some(password)) => Some((decoded(user)?, decoded(password)?.into())),
    };
    Ok(SmtpSettings {
        host,
        port: url.port().unwrap_or(match tls {
            Tls::Implicit => 465,
            Tls::StartTls => 587,
            Tls::None => 25,
        }),
        tls,
        login,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    fn way(text: &str) -> Result<Way, WayError> {
        Way::parse(&text.into())
    }

    fn server(text: &str) -> SmtpSettings {
        match way(text) {
            Ok(Way::Smtp(settings)) => settings,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn ways_are_told_by_their_scheme() {
        assert!(matches!(way("off").unwrap(), Way::Off));
        assert!(matches!(way("log:").unwrap(), Way::Log));
        let Way::Folder(path) = way("file:///var/spool/my%20mail").unwrap() else {
            panic!("no folder")
        };
        assert_eq!(path, PathBuf::from("/var/spool/my mail"));
        for bad in [
            "",
            "on",
            "log",
            "log:x",
            "file://host/x",
            "file:relative/../..://",
            "http://mail.example",
            "smtp://",
            "smtp:",
            "smtp://u@h.example",
            "smtp://:p@h.example",
            "smtp://h.example/x",
            "smtp://h.example?tls=maybe",
            "smtps://h.example?tls=none",
            "smtp://h.example:99999",
        ] {
            let refused = way(bad);
            assert!(
                refused.is_err() || bad.starts_with("file:relative"),
                "{bad}: {refused:?}"
            );
        }
    }

    #[test]
    fn servers_are_covered_unless_told_otherwise() {
        let plain = server("smtp://mail.example");
        assert_eq!((plain.port, plain.tls), (587, Tls::StartTls));
        let implicit = server("smtps://mail.example");
        assert_eq!((implicit.port, implicit.tls), (465, Tls::Implicit));
        let bare = server("smtp://mail.example:2525?tls=none");
        assert_eq!((bare.port, bare.tls), (2525, Tls::None));
        assert!(bare.login.is_none());
    }

    #[test]
    fn password_is_decoded_and_never_shown() {
        let settings = server("smtps://no-reply%40example.com:c%40nary%2F1@mail.example");
        let (user, password) = settings.login.clone().unwrap();
        assert_eq!(
            (user.as_str(), password.expose_secret()),
            ("no-reply@example.com", "c@nary/1")
        );
        assert!(!format!("{settings:?}").contains("nary"));
        assert!(!WayError.to_string().contains("nary"));
    }
}
