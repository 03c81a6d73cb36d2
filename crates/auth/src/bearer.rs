//! `Authorization: Bearer …` (RFC 6750), in the forms better-auth clients send: told apart by their dots.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::credential::{Credential, SessionCarrier};
use crate::error::Refusal;
use crate::secret::SecretList;
use crate::session_token;

/// The most bytes of an `Authorization` header. A JSON Web Token with a whole user in it is the longest thing expected.
pub const MAX_AUTHORIZATION_BYTES: usize = 8192;

const SCHEME: &str = "bearer";

/// What a bearer header holds, by its form alone. Nothing is verified yet; `Debug` shows the form only.
pub enum Bearer {
    /// No dot: a session token as it stands in the database.
    Raw(SecretString),
    /// One dot: `token.signature`, percent-encoded or not.
    Signed(SecretString),
    /// Two dots: a JSON Web Token.
    JsonWebToken(SecretString),
}

impl Bearer {
    /// Reads an `Authorization` header. `None` for another scheme (a proxy may have put `Basic` there) and for `Bearer` with nothing
    /// after it, which clients send that hold no token yet. The scheme's case does not matter.
    ///
    /// # Errors
    /// [`Refusal::Oversize`] beyond [`MAX_AUTHORIZATION_BYTES`], whatever the scheme; [`Refusal::Token`] for any other form.
    pub fn parse(header: &str) -> Result<Option<Self>, Refusal> {
        if header.len() > MAX_AUTHORIZATION_BYTES {
            return Err(Refusal::Oversize);
        }
        let header = header.trim();
        let (scheme, text) = header
            .split_once(|c: char| c.is_ascii_whitespace())
            .unwrap_or((header, ""));
        let text = text.trim();
        if !scheme.eq_ignore_ascii_case(SCHEME) || text.is_empty() {
            return Ok(None);
        }
        // No form of ours writes a dot as %2E, so the dots can be counted before decoding.
        match text.matches('.').count() {
            0 => session_token::check(text).map(|token| Some(Self::Raw(token.into()))),
            1 => Ok(Some(Self::Signed(text.into()))),
            2 => Ok(Some(Self::JsonWebToken(text.into()))),
            _ => Err(Refusal::Token),
        }
    }

    /// The credential this holds: a session token, its signature verified where it has one, or a JSON Web Token, unread.
    ///
    /// # Errors
    /// [`Refusal::Bearer`] when the signature is not ours.
    pub fn credential(self, secrets: &SecretList) -> Result<Credential, Refusal> {
        let token = match self {
            Self::Raw(token) => token,
            Self::Signed(signed) => session_token::open_signed(secrets, signed.expose_secret())
                .map_err(Refusal::Bearer)?,
            Self::JsonWebToken(token) => return Ok(Credential::JsonWebToken(token)),
        };
        Ok(Credential::SessionToken {
            token,
            kind: SessionCarrier::Bearer,
        })
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw(_) => "Bearer::Raw(…)",
            Self::Signed(_) => "Bearer::Signed(…)",
            Self::JsonWebToken(_) => "Bearer::JsonWebToken(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::error::SignatureError;
    use crate::vectors::{secrets, vector};

    /// The token a header leads to, or why it leads nowhere.
    fn token(header: &str) -> Result<Option<String>, Refusal> {
        let found = Bearer::parse(header)?.map(|bearer| bearer.credential(&secrets()));
        Ok(found.transpose()?.and_then(|found| match found {
            Credential::SessionToken { token, .. } => Some(token.expose_secret().to_owned()),
            Credential::ApiKey(_) | Credential::JsonWebToken(_) => None,
        }))
    }

    #[test]
    fn raw_signed_and_encoded_tokens_are_read() {
        let raw = vector("sessionToken");
        let signed = vector("setAuthTokenHeader");
        let encoded = signed.replace('/', "%2F").replace('=', "%3D");
        for text in [&raw, &signed, &encoded] {
            for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
                assert_eq!(token(&format!("{scheme} {text}")), Ok(Some(raw.clone())));
            }
            assert_eq!(token(&format!(" Bearer \t {text} ")), Ok(Some(raw.clone())));
        }
    }

    #[test]
    fn json_web_token_is_recognised() {
        let header = format!("Bearer {}", vector("jwt"));
        assert!(matches!(
            Bearer::parse(&header),
            Ok(Some(Bearer::JsonWebToken(_)))
        ));
    }

    #[test]
    fn other_schemes_and_empty_bearers_are_no_credential() {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "bearer \t",
            "Basic dXNlcjpwYXNz",
            "Bearers abc",
            "xBearer abc",
            "Digest a=b",
        ] {
            assert_eq!(token(header), Ok(None), "{header:?}");
        }
    }

    #[test]
    fn tampered_and_foreign_signatures_are_refused() {
        let signed = vector("setAuthTokenHeader");
        let tampered = signed.replacen('A', "B", 1);
        assert_eq!(
            token(&format!("Bearer {tampered}")),
            Err(Refusal::Bearer(SignatureError::Mismatch))
        );
        let url_safe = signed.replace('/', "_");
        assert_eq!(
            token(&format!("Bearer {url_safe}")),
            Err(Refusal::Bearer(SignatureError::Unsigned))
        );
        assert_eq!(
            token(&format!("Bearer {}", &signed[..signed.len() - 1])),
            Err(Refusal::Bearer(SignatureError::Unsigned))
        );
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let raw = vector("sessionToken");
        for text in [
            "null".to_owned(),
            "undefined".to_owned(),
            "a.b.c.d".to_owned(),
            format!("{raw} {raw}"),
            format!("{raw},"),
            format!("{raw}\0"),
            format!("{raw}é"),
            raw.repeat(5),
        ] {
            assert_eq!(
                token(&format!("Bearer {text}")),
                Err(Refusal::Token),
                "{text:?}"
            );
        }
    }

    #[test]
    fn oversize_header_is_refused() {
        let header = format!("Bearer {}", "a".repeat(MAX_AUTHORIZATION_BYTES));
        assert_eq!(token(&header), Err(Refusal::Oversize));
        assert_eq!(
            token(&header.replace("Bearer", "Basic ")),
            Err(Refusal::Oversize)
        );
    }

    #[test]
    fn debug_shows_the_form_only() {
        let raw = format!("Bearer {}", vector("sessionToken"));
        assert_eq!(
            format!("{:?}", Bearer::parse(&raw)),
            "Ok(Some(Bearer::Raw(…)))"
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = token(&text);
        }

        #[test]
        fn nothing_made_up_passes_as_signed(text in "[A-Za-z0-9%+/=_-]{0,60}\\.[A-Za-z0-9%+/=_-]{0,60}") {
            let refused = matches!(token(&format!("Bearer {text}")), Err(Refusal::Bearer(_)));
            prop_assert!(refused);
        }
    }
}
