//! Which credential a request presents. HTTP headers and the payload of a WebSocket's `connection_init` come in the same
//! shape and take the same path.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

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
    /// Nothing was presented.
    None,
    /// A session token whose signature, where it has one, is ours. Whether the session exists and lives is for the database to say.
    SessionToken {
        /// As in `session.token`.
        token: SecretString,
        /// How it came.
        kind: SessionCarrier,
    },
}

impl Presented {
    /// The credential to act upon: the bearer header if there is one, else the cookie. A bearer header that is refused is not
    /// made up for by a good cookie: whoever writes one means it.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::is_stale_cookie`] tells when signing in should pass all the same.
    pub fn credential(
        &self,
        secrets: &SecretList,
        cookies: &Cookies,
    ) -> Result<Credential, Refusal> {
        if let Some(header) = &self.authorization
            && let Some(bearer) = Bearer::parse(header.expose_secret())?
        {
            return Ok(Credential::SessionToken {
                token: bearer.session_token(secrets)?,
                kind: SessionCarrier::Bearer,
            });
        }
        let Some(header) = &self.cookie else {
            return Ok(Credential::None);
        };
        let header = header.expose_secret();
        if header.len() > MAX_COOKIE_BYTES {
            return Err(Refusal::Oversize);
        }
        let Some(signed) = cookies.find_session(header) else {
            return Ok(Credential::None);
        };
        Ok(Credential::SessionToken {
            token: session_token::open_signed(secrets, signed).map_err(Refusal::Cookie)?,
            kind: SessionCarrier::Cookie,
        })
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
            .field("authorization", &self.authorization.is_some())
            .field("organization", &self.organization.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::cookie::DEFAULT_PREFIX;
    use crate::error::SignatureError;
    use crate::vectors::{secrets, vector};

    fn presented(cookie: Option<&str>, authorization: Option<&str>) -> Presented {
        Presented {
            cookie: cookie.map(SecretString::from),
            authorization: authorization.map(SecretString::from),
            organization: None,
        }
    }

    /// The token and its carrier, or why there is none.
    fn read(presented: &Presented) -> Result<Option<(String, SessionCarrier)>, Refusal> {
        let cookies = Cookies::new(DEFAULT_PREFIX, false).unwrap();
        Ok(match presented.credential(&secrets(), &cookies)? {
            Credential::None => None,
            Credential::SessionToken { token, kind } => {
                Some((token.expose_secret().to_owned(), kind))
            }
        })
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
        let jwt = format!("Bearer {}", vector("jwt"));
        assert_eq!(
            read(&presented(Some(&cookie()), Some("Bearer nonsense"))),
            Err(Refusal::Token)
        );
        assert_eq!(
            read(&presented(Some(&cookie()), Some(&jwt))),
            Err(Refusal::JsonWebToken)
        );
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
        let credential = all.credential(&secrets(), &cookies);
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
