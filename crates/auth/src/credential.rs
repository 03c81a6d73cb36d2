//! Which credential a request presents. HTTP headers and the payload of a WebSocket's `connection_init` come in the same
//! shape and take the same path.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::api_key;
use crate::bearer::Bearer;
use crate::cookie::Cookies;
use crate::error::Refusal;
use crate::secret::SecretList;
use crate::session_token;

/// The most bytes of all `Cookie` headers together; browsers and proxies stop at about as much.
pub const MAX_COOKIE_BYTES: usize = 16_384;

/// What came with a request, unread. `Debug` tells only what is there.
#[derive(Default, Clone)]
pub struct Presented {
    /// The `Cookie` header; several are joined with `"; "`.
    pub cookie: Option<SecretString>,
    /// The header `x-agentuity-auth-api-key`, or else `x-api-key`.
    pub api_key: Option<SecretString>,
    /// The `Authorization` header.
    pub authorization: Option<SecretString>,
    /// The organisation to act in, from `x-organization-id`.
    pub organization: Option<String>,
}

/// What carried a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCarrier {
    /// A cookie, which a browser sends along for any page: a trusted origin must be asked for besides.
    Cookie,
    /// A bearer header, which only a program that holds the token can write.
    Bearer,
}

/// A credential worth looking up. `Debug` shows no token.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A session token whose signature, where it has one, is ours. Whether the session exists and lives is for the database to say.
    SessionToken {
        /// As in `session.token`.
        token: SecretString,
        /// How it came.
        kind: SessionCarrier,
    },
    /// What may be an API key.
    ApiKey(SecretString),
    /// What may be a JSON Web Token, unread.
    JsonWebToken(SecretString),
}

impl Presented {
    /// Every credential that was presented, the one to act upon first: the API key, then `Authorization`, then the cookie. The others
    /// may only agree with it. One that is refused is not made up for by the next: whoever writes a header means it.
    ///
    /// # Errors
    /// [`Refusal`] of the first; what is wrong with the others does not matter. [`Refusal::is_stale_cookie`] tells when signing in
    /// should pass all the same.
    pub fn credentials(
        &self,
        secrets: &SecretList,
        cookies: &Cookies,
    ) -> Result<Vec<Credential>, Refusal> {
        let mut found = Vec::new();
        for read in [
            self.header_key(),
            self.authorization(secrets),
            self.cookie(secrets, cookies),
        ] {
            match read {
                Ok(credential) => found.extend(credential),
                Err(refusal) if found.is_empty() => return Err(refusal),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    fn header_key(&self) -> Result<Option<Credential>, Refusal> {
        let Some(key) = &self.api_key else {
            return Ok(None);
        };
        let key = key.expose_secret();
        if key.trim().is_empty() {
            return Ok(None);
        }
        api_key::check(key).map(|key| Some(Credential::ApiKey(key)))
    }

    fn authorization(&self, secrets: &SecretList) -> Result<Option<Credential>, Refusal> {
        let Some(header) = &self.authorization else {
            return Ok(None);
        };
        let header = header.expose_secret();
        if let Some(bearer) = Bearer::parse(header)? {
            return bearer.credential(secrets).map(Some);
        }
        let (scheme, text) = header
            .trim()
            .split_once(|c: char| c.is_ascii_whitespace())
            .unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("apikey") || text.trim().is_empty() {
            return Ok(None);
        }
        api_key::check(text).map(|key| Some(Credential::ApiKey(key)))
    }

    fn cookie(
        &self,
        secrets: &SecretList,
        cookies: &Cookies,
    ) -> Result<Option<Credential>, Refusal> {
        let Some(header) = &self.cookie else {
            return Ok(None);
        };
        let header = header.expose_secret();
        if header.len() > MAX_COOKIE_BYTES {
            return Err(Refusal::Oversize);
        }
        let Some(signed) = cookies.find_session(header) else {
            return Ok(None);
        };
        Ok(Some(Credential::SessionToken {
            token: session_token::open_signed(secrets, signed).map_err(Refusal::Cookie)?,
            kind: SessionCarrier::Cookie,
        }))
    }

    /// The organisation asked for, trimmed; `None` when the header is missing or empty.
    ///
    /// # Errors
    /// [`Refusal::Organization`] unless it is 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub fn organization(&self) -> Result<Option<&str>, Refusal> {
        let Some(id) = self.organization.as_deref().map(str::trim) else {
            return Ok(None);
        };
        let fits = id.len() <= 64
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !fits {
            return Err(Refusal::Organization);
        }
        Ok((!id.is_empty()).then_some(id))
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("cookie", &self.cookie.is_some())
            .field("api_key", &self.api_key.is_some())
            .field("authorization", &self.authorization.is_some())
            .field("organization", &self.organization.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::cookie::DEFAULT_PREFIX;
    use crate::error::SignatureError;
    use crate::vectors::{secrets, vector};

    fn presented(cookie: Option<&str>, authorization: Option<&str>) -> Presented {
        Presented {
            cookie: cookie.map(SecretString::from),
            authorization: authorization.map(SecretString::from),
            ..Presented::default()
        }
    }

    /// The token and its carrier, or why there is none.
    fn read(presented: &Presented) -> Result<Option<(String, SessionCarrier)>, Refusal> {
        let cookies = Cookies::new(DEFAULT_PREFIX, false).unwrap();
        let found = presented.credentials(&secrets(), &cookies)?;
        Ok(found.into_iter().next().and_then(|first| match first {
            Credential::SessionToken { token, kind } => {
                Some((token.expose_secret().to_owned(), kind))
            }
            Credential::ApiKey(_) | Credential::JsonWebToken(_) => None,
        }))
    }

    fn cookie() -> String {
        vector("setCookie").split(';').next().unwrap().to_owned()
    }

    const OTHER: &str = "NzMKIWXjzqaznCOVtwkjT3wct0LeNdk7";

    #[test]
    fn nothing_presented_is_nobody() {
        assert_eq!(read(&Presented::default()), Ok(None));
        assert_eq!(
            read(&presented(Some("theme=dark"), Some("Basic eDp5"))),
            Ok(None)
        );
    }

    #[test]
    fn bearer_goes_before_cookie() {
        let token = vector("sessionToken");
        let bearer = format!("Bearer {OTHER}");
        assert_eq!(
            read(&presented(Some(&cookie()), None)),
            Ok(Some((token.clone(), SessionCarrier::Cookie)))
        );
        assert_eq!(
            read(&presented(Some(&cookie()), Some(&bearer))),
            Ok(Some((OTHER.to_owned(), SessionCarrier::Bearer)))
        );
        assert_eq!(
            read(&presented(Some(&cookie()), Some("Bearer "))),
            Ok(Some((token, SessionCarrier::Cookie)))
        );
    }

    #[test]
    fn good_cookie_does_not_make_up_for_a_bad_bearer() {
        assert_eq!(
            read(&presented(Some(&cookie()), Some("Bearer nonsense"))),
            Err(Refusal::Token)
        );
        let mut short = presented(Some(&cookie()), None);
        short.api_key = Some("nonsense".into());
        assert_eq!(read(&short), Err(Refusal::ApiKey));
        let scheme = presented(Some(&cookie()), Some("ApiKey nonsense"));
        assert_eq!(read(&scheme), Err(Refusal::ApiKey));
    }

    #[test]
    fn key_goes_before_bearer_and_bearer_before_cookie() {
        let cookies = Cookies::new(DEFAULT_PREFIX, false).unwrap();
        let jwt = format!("Bearer {}", vector("jwt"));
        let mut all = presented(Some(&cookie()), Some(&jwt));
        all.api_key = Some(format!(" {} ", vector("apiKey")).into());
        let found = all.credentials(&secrets(), &cookies).unwrap();
        assert!(matches!(
            &found[..],
            [
                Credential::ApiKey(_),
                Credential::JsonWebToken(_),
                Credential::SessionToken {
                    kind: SessionCarrier::Cookie,
                    ..
                }
            ]
        ));
        all.api_key = Some("".into());
        all.authorization = Some(format!("apikey {}", vector("apiKey")).into());
        let found = all.credentials(&secrets(), &cookies).unwrap();
        let [Credential::ApiKey(key), _] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(key.expose_secret(), vector("apiKey"));
        assert!(!format!("{found:?}").contains("ag_"));
    }

    #[test]
    fn unsigned_and_tampered_cookies_are_refused_as_stale() {
        let token = vector("sessionToken");
        let unsigned = format!("better-auth.session_token={token}");
        let refused = read(&presented(Some(&unsigned), None)).unwrap_err();
        assert_eq!(refused, Refusal::Cookie(SignatureError::Unsigned));
        assert!(refused.is_stale_cookie());
        let tampered = cookie().replace("A8X", "A8Y");
        assert_eq!(
            read(&presented(Some(&tampered), None)),
            Err(Refusal::Cookie(SignatureError::Mismatch))
        );
        assert!(!Refusal::Token.is_stale_cookie());
    }

    #[test]
    fn oversize_cookies_are_refused() {
        let padded = format!("junk={}; {}", "x".repeat(MAX_COOKIE_BYTES), cookie());
        assert_eq!(
            read(&presented(Some(&padded), None)),
            Err(Refusal::Oversize)
        );
    }

    #[test]
    fn organization_is_an_id_or_refused() {
        let asked = |id: &str| Presented {
            organization: Some(id.to_owned()),
            ..Presented::default()
        };
        assert_eq!(asked(" o3kf_R7-S ").organization(), Ok(Some("o3kf_R7-S")));
        assert_eq!(asked("").organization(), Ok(None));
        assert_eq!(Presented::default().organization(), Ok(None));
        for bad in ["a b", "a'b", "a;b", "é", "a\0", &"a".repeat(65)] {
            assert_eq!(
                asked(bad).organization(),
                Err(Refusal::Organization),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let all = presented(Some(&cookie()), Some(&format!("Bearer {OTHER}")));
        let cookies = Cookies::new(DEFAULT_PREFIX, false).unwrap();
        let credential = all.credentials(&secrets(), &cookies);
        let shown = format!("{all:?} {credential:?}");
        assert!(!shown.contains(OTHER) && !shown.contains("A8X"), "{shown}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(cookie in any::<Option<String>>(), bearer in any::<Option<String>>(), id in any::<Option<String>>()) {
            let mut all = presented(cookie.as_deref(), bearer.as_deref());
            all.organization = id;
            let _ = all.organization();
            prop_assert!(matches!(read(&all), Ok(None) | Err(_)));
        }
    }
}
