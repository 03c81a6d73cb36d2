//! The cookies of a session: their names, finding them in a `Cookie` header, writing them as `Set-Cookie`.
//!
//! Names are `<prefix>.session_token` and `<prefix>.dont_remember`, with `__Secure-` before them over https. The attributes and
//! their order are better-auth's, so that either program replaces the cookie of the other.

mod header;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{CookieDomainError, CookiePrefixError};
use crate::secret::SecretList;
use crate::session_token::decode;
use header::find;

/// The prefix better-auth uses unless told otherwise.
pub const DEFAULT_PREFIX: &str = "better-auth";

/// Seconds a remembered session lives: 7 days, in the cookie and in `session.expiresAt`.
pub const SESSION_SECONDS: u32 = 7 * 24 * 60 * 60;

/// Seconds a session lives that is not to be remembered: 1 day, in `session.expiresAt` only.
pub const BRIEF_SESSION_SECONDS: u32 = 24 * 60 * 60;

const SECURE: &str = "__Secure-";
const SESSION_TOKEN: &str = "session_token";
const SESSION_DATA: &str = "session_data";
const DONT_REMEMBER: &str = "dont_remember";

/// JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// How long a browser keeps a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// For [`SESSION_SECONDS`], and longer while it is used.
    Yes,
    /// Until the browser closes; the row lives [`BRIEF_SESSION_SECONDS`] and is never extended.
    No,
}

impl Remember {
    /// Seconds from now to `session.expiresAt`.
    #[must_use]
    pub fn session_seconds(self) -> u32 {
        match self {
            Self::Yes => SESSION_SECONDS,
            Self::No => BRIEF_SESSION_SECONDS,
        }
    }
}

/// The cookies' names, and whether they are for https alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookies {
    prefix: String,
    secure: bool,
    domain: Option<String>,
}

impl Cookies {
    /// Cookies named `<prefix>.…`; `secure` writes them with `__Secure-` and the attribute `Secure`, as better-auth does when its
    /// base URL begins with `https://`.
    ///
    /// # Errors
    /// [`CookiePrefixError`].
    pub fn new(prefix: &str, secure: bool) -> Result<Self, CookiePrefixError> {
        let fits = (1..=64).contains(&prefix.len())
            && !prefix.starts_with("__")
            && prefix
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if fits {
            Ok(Self {
                prefix: prefix.to_owned(),
                secure,
                domain: None,
            })
        } else {
            Err(CookiePrefixError)
        }
    }

    /// The same cookies for a domain and all hosts below it, as better-auth writes them with `crossSubDomainCookies`. Both programs must
    /// agree: a browser keeps a cookie of one host beside that of a domain, and sends both.
    ///
    /// # Errors
    /// [`CookieDomainError`] unless it is a host name, with or without a dot before it.
    pub fn for_domain(mut self, domain: &str) -> Result<Self, CookieDomainError> {
        let label = |label: &str| {
            let inner = label.trim_matches('-');
            inner.len() == label.len()
                && (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let host = domain.strip_prefix('.').unwrap_or(domain);
        if host.len() > 253 || !host.contains('.') || !host.split('.').all(label) {
            return Err(CookieDomainError);
        }
        self.domain = Some(domain.to_owned());
        Ok(self)
    }

    /// The signed session token in a `Cookie` header, still percent-encoded; `None` when there is none or it is empty.
    ///
    /// Both names are read, so that moving to https signs nobody out. The name that [`Cookies::sign_in`] writes goes first, so that
    /// signing in always takes effect; over https that is `__Secure-`, which no insecure page can set. Of several
    /// cookies with one name the first counts, as in better-auth.
    #[must_use]
    pub fn find_session<'a>(&self, header: &'a str) -> Option<&'a str> {
        self.find(header, SESSION_TOKEN)
    }

    /// Whether the session that came with this `Cookie` header is to be remembered: [`Remember::No`] only with
    /// a properly signed `dont_remember` cookie. Such a session is not extended.
    #[must_use]
    pub fn remember(&self, secrets: &SecretList, header: &str) -> Remember {
        let brief = self.find(header, DONT_REMEMBER).is_some_and(|value| {
            let value = decode(value);
            // Any properly signed value, as in better-auth, which only ever writes "true".
            secrets.verify(&value).is_ok()
        });
        if brief { Remember::No } else { Remember::Yes }
    }

    /// The values of the `Set-Cookie` headers that sign somebody in, or extend a session.
    #[must_use]
    pub fn sign_in(
        &self,
        secrets: &SecretList,
        token: &SecretString,
        remember: Remember,
    ) -> Vec<SecretString> {
        let signed = secrets.sign(token.expose_secret());
        let write = |name, value, max_age| self.render(self.secure, name, value, max_age);
        match remember {
            Remember::Yes => vec![write(SESSION_TOKEN, &signed, Some(SESSION_SECONDS))],
            Remember::No => vec![
                write(SESSION_TOKEN, &signed, None),
                write(DONT_REMEMBER, &secrets.sign("true"), None),
            ],
        }
    }

    /// The values of the `Set-Cookie` headers that sign somebody out, under both names: an older session behind the other one
    /// would take over. A browser that never had one of them, or may not be told of it on this page, lets it pass.
    ///
    /// `session_data` is a copy of the session that better-auth keeps when its cookie cache is on; left behind, it would keep
    /// the person signed in there.
    #[must_use]
    pub fn sign_out(&self) -> Vec<SecretString> {
        let names = [SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER];
        let expired =
            |secure| names.map(|name| self.render(secure, name, &SecretString::default(), Some(0)));
        [expired(self.secure), expired(!self.secure)].concat()
    }

    fn find<'a>(&self, header: &'a str, name: &str) -> Option<&'a str> {
        find(header, &self.name(self.secure, name))
            .or_else(|| find(header, &self.name(!self.secure, name)))
    }

    fn name(&self, secure: bool, name: &str) -> String {
        let before = if secure { SECURE } else { "" };
        format!("{before}{}.{name}", self.prefix)
    }

    fn render(
        &self,
        secure: bool,
        name: &str,
        value: &SecretString,
        max_age: Option<u32>,
    ) -> SecretString {
        let name = self.name(secure, name);
        let value = utf8_percent_encode(value.expose_secret(), COMPONENT);
        let max_age = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let domain = self.domain.as_ref();
        let domain = domain.map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={value}{max_age}{domain}; Path=/; HttpOnly{secure}; SameSite=Lax").into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::session_token::open_signed;
    use crate::vectors::{secrets, vector};

    fn plain() -> Cookies {
        Cookies::new(DEFAULT_PREFIX, false).unwrap()
    }

    fn secure() -> Cookies {
        Cookies::new(DEFAULT_PREFIX, true).unwrap()
    }

    fn exposed(headers: &[SecretString]) -> Vec<&str> {
        headers.iter().map(ExposeSecret::expose_secret).collect()
    }

    #[test]
    fn sign_in_writes_what_better_auth_writes() {
        let token = vector("sessionToken").into();
        let headers = plain().sign_in(&secrets(), &token, Remember::Yes);
        assert_eq!(exposed(&headers), [vector("setCookie")]);
    }

    #[test]
    fn secure_sign_in_writes_what_better_auth_writes() {
        let token = "NzMKIWXjzqaznCOVtwkjT3wct0LeNdk7".into();
        let headers = secure().sign_in(&secrets(), &token, Remember::Yes);
        assert_eq!(exposed(&headers), [vector("secureSetCookie")]);
    }

    #[test]
    fn brief_sign_in_has_no_age_and_a_second_cookie() {
        let token = vector("sessionToken").into();
        let headers = plain().sign_in(&secrets(), &token, Remember::No);
        assert_eq!(
            exposed(&headers),
            [
                vector("setCookie").replace("; Max-Age=604800", ""),
                "better-auth.dont_remember=true.ImQAaTGVfu1cM1rK79jALpWbEPYqhye557KddZxX%2BRs%3D; \
                 Path=/; HttpOnly; SameSite=Lax"
                    .to_owned(),
            ]
        );
        assert_eq!(Remember::No.session_seconds(), 86_400);
        assert_eq!(Remember::Yes.session_seconds(), 604_800);
    }

    #[test]
    fn sign_out_expires_every_cookie_under_both_names() {
        let bare = [
            "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
            "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
            "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
        ];
        let marked = [
            "__Secure-better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
            "__Secure-better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
            "__Secure-better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
        ];
        assert_eq!(exposed(&plain().sign_out()), [bare, marked].concat());
        assert_eq!(exposed(&secure().sign_out()), [marked, bare].concat());
    }

    #[test]
    fn both_names_are_found_and_the_one_we_write_goes_first() {
        for cookies in [plain(), secure()] {
            let found = |header| cookies.find_session(header);
            assert_eq!(found("better-auth.session_token=a"), Some("a"));
            assert_eq!(found("__Secure-better-auth.session_token=b"), Some("b"));
            assert_eq!(
                found("other.session_token=a; better-auth.session_tokens=b"),
                None
            );
            assert_eq!(found("better-auth.session_token="), None);
        }
        let both = "better-auth.session_token=a; __Secure-better-auth.session_token=b";
        assert_eq!(plain().find_session(both), Some("a"));
        assert_eq!(secure().find_session(both), Some("b"));
        let named = Cookies::new("shop", false).unwrap();
        assert_eq!(
            named.find_session("better-auth.session_token=a; shop.session_token=b"),
            Some("b")
        );
    }

    #[test]
    fn better_auth_cookie_is_found_and_opens() {
        let set = vector("setCookie");
        let header = format!("theme=dark; {}; lang=de", set.split(';').next().unwrap());
        let signed = plain().find_session(&header).unwrap().to_owned();
        let token = open_signed(&secrets(), &signed).unwrap();
        assert_eq!(token.expose_secret(), vector("sessionToken"));
    }

    #[test]
    fn session_is_brief_only_with_a_signed_cookie() {
        let header = |value: &str| format!("better-auth.dont_remember={value}");
        let signed = vector("dontRemember");
        let encoded = signed.replace('+', "%2B").replace('=', "%3D");
        let remember = |header: &str| plain().remember(&secrets(), header);
        assert_eq!(remember(&header(&signed)), Remember::No);
        assert_eq!(remember(&header(&encoded)), Remember::No);
        assert_eq!(remember(&header("true")), Remember::Yes);
        assert_eq!(
            remember(&header(&signed.replace("true", "trve"))),
            Remember::Yes
        );
        assert_eq!(remember(""), Remember::Yes);
    }

    #[test]
    fn cookies_for_a_domain_say_so_when_they_end_too() {
        let cookies = plain().for_domain(".example.com").unwrap();
        let token = vector("sessionToken").into();
        let set = cookies.sign_in(&secrets(), &token, Remember::Yes);
        let wanted = vector("setCookie").replace("; Path", "; Domain=.example.com; Path");
        assert_eq!(exposed(&set), [wanted]);
        let ended = cookies.sign_out();
        assert!(
            exposed(&ended)
                .iter()
                .all(|set| set.contains("; Max-Age=0; Domain=.example.com; "))
        );
        for bad in [
            "",
            ".",
            "localhost",
            "a..b",
            "-a.example",
            "a.example; Secure",
            "é.example",
            "a.example.",
            "a_b.example",
        ] {
            assert_eq!(plain().for_domain(bad), Err(CookieDomainError), "{bad:?}");
        }
        assert!(plain().for_domain("a-b.Example.com").is_ok());
    }

    #[test]
    fn unfit_prefix_is_refused() {
        assert!(Cookies::new("my-app.v2", false).is_ok());
        for bad in [
            "",
            "a b",
            "a;b",
            "a=b",
            "é",
            "__Secure-x",
            "__Host-x",
            "a\r\nb",
            &"a".repeat(65),
        ] {
            assert_eq!(Cookies::new(bad, false), Err(CookiePrefixError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(token in "[A-Za-z0-9]{32}", https in any::<bool>(), before in "[a-z]{1,5}=[ -:<-~]{0,9}; ") {
            let cookies = Cookies::new(DEFAULT_PREFIX, https).unwrap();
            let set = cookies.sign_in(&secrets(), &token.clone().into(), Remember::Yes);
            let pair = set[0].expose_secret().split(';').next().unwrap();
            let header = format!("{before}{pair}");
            let opened = open_signed(&secrets(), cookies.find_session(&header).unwrap()).unwrap();
            prop_assert_eq!(opened.expose_secret(), token);
        }
    }
}
