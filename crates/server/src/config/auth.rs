//! Sessions and their cookies.

use clap::{ArgAction, Args, ValueEnum};
use url::Url;

use agentry_auth::session_token::TokenStorage;

/// How session cookies are named and sent; must agree with the front end.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sessions")]
pub struct AuthConfig {
    /// First part of the cookies' names, as in better-auth.session_token
    #[arg(long, env = "AGENTRY_COOKIE_PREFIX", value_name = "NAME", default_value = "better-auth", value_parser = prefix)]
    pub cookie_prefix: String,
    /// Send cookies over https only, named with __Secure-; whether the public URL is https when not given
    #[arg(long, env = "AGENTRY_SECURE_COOKIES", value_name = "BOOL", action = ArgAction::Set)]
    pub secure_cookies: Option<bool>,
    /// Domain of the cookies, for all hosts below it; this host alone when not given
    #[arg(long, env = "AGENTRY_COOKIE_DOMAIN", value_name = "NAME")]
    pub cookie_domain: Option<String>,
    /// What the database holds of session tokens: the tokens as better-auth keeps them, or their hashes
    #[arg(
        long,
        env = "AGENTRY_SESSION_TOKENS",
        value_name = "HOW",
        default_value = "plain"
    )]
    pub session_tokens: SessionTokens,
    /// Who must have issued a JSON Web Token; the origin of the public URL when not given
    #[arg(long, env = "AGENTRY_JWT_ISSUER", value_name = "NAME")]
    pub jwt_issuer: Option<String>,
    /// For whom a JSON Web Token must be meant; the origin of the public URL when not given
    #[arg(long, env = "AGENTRY_JWT_AUDIENCE", value_name = "NAME")]
    pub jwt_audience: Option<String>,
    /// Whether everyone has a personal organisation, made when they sign up or first act; where not, nobody signs up, and people act
    /// in organisations that they are members of
    #[arg(long, env = "AGENTRY_PERSONAL_ORGANIZATIONS", value_name = "BOOL", action = ArgAction::Set, default_value = "true")]
    pub personal_organizations: bool,
}

/// What the database holds of session tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SessionTokens {
    /// The tokens themselves.
    Plain,
    /// Their SHA-256 in hexadecimal digits; better-auth beside it must be wrapped to do the same.
    Hashed,
}

impl From<SessionTokens> for TokenStorage {
    fn from(tokens: SessionTokens) -> Self {
        match tokens {
            SessionTokens::Plain => Self::Plain,
            SessionTokens::Hashed => Self::Hashed,
        }
    }
}

impl AuthConfig {
    /// Whether cookies are secure, given the URL clients see.
    #[must_use]
    pub fn secure_cookies(&self, public_url: Option<&Url>) -> bool {
        self.secure_cookies
            .unwrap_or_else(|| public_url.is_some_and(|url| url.scheme() == "https"))
    }
}

/// A part of a cookie name: RFC 6265 allows a token there; we keep to the plain part of it.
fn prefix(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err("expected 1 to 64 letters, digits, -, _ or .".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::config::tests::config;

    #[test]
    fn cookies_are_secure_when_the_public_url_is() {
        let secure = |args: &[&str]| {
            let config = config(args);
            config.auth.secure_cookies(config.http.public_url.as_ref())
        };
        assert!(!secure(&[]));
        assert!(secure(&["--public-url=https://a.example"]));
        assert!(!secure(&[
            "--public-url=https://a.example",
            "--secure-cookies=false"
        ]));
        assert!(secure(&["--secure-cookies=true"]));
    }
}
