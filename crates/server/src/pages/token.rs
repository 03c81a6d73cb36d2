//! The proof that a form comes from our own page: a random text, in a cookie and in every form of ours. A foreign page can make a
//! browser send the one, and cannot read it to write the other.

use axum::http::{HeaderMap, HeaderValue, header};
use maud::{Markup, html};
use ring::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;

/// The field that forms carry it in.
const FIELD: &str = "form";

/// Bytes of it that are random.
const RANDOM: usize = 16;

/// One browser's, until it is closed.
pub(super) struct FormToken {
    value: String,
    secure: bool,
    fresh: bool,
}

impl FormToken {
    /// The one that came with the request, or a new one.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter();
        let mut found = cookies
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, value)| *name == cookie_name(secure) && is_sane(value));
        if let Some((_, value)) = found.next() {
            return Self {
                value: value.to_owned(),
                secure,
                fresh: false,
            };
        }
        let mut bytes = [0_u8; RANDOM];
        // Without randomness the text is empty, and no form with it is taken.
        let value = SystemRandom::new()
            .fill(&mut bytes)
            .map(|()| hex::encode(bytes))
            .unwrap_or_default();
        Self {
            value,
            secure,
            fresh: true,
        }
    }

    /// Whether a form carries the text that the browser's cookie holds.
    pub(super) fn is_in(&self, form: &super::Form) -> bool {
        let given = form.text(FIELD).as_bytes();
        !self.fresh && is_sane(&self.value) && bool::from(given.ct_eq(self.value.as_bytes()))
    }

    /// The hidden field of a form.
    pub(super) fn field(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.value); }
    }

    /// The cookie, where the browser has none yet. `Lax`: it comes along when somebody follows a link to a page of ours, so
    /// that the forms in two tabs hold the same.
    pub(super) fn set_cookie(&self) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = cookie_name(self.secure);
        let cookie = format!(
            "{name}={}; Path=/; HttpOnly{secure}; SameSite=Lax",
            self.value
        );
        HeaderValue::from_str(&cookie).ok().filter(|_| self.fresh)
    }
}

/// Over https no other host, below the same domain or not, can set a cookie of this name.
const fn cookie_name(secure: bool) -> &'static str {
    if secure {
        "__Host-agentry_form"
    } else {
        "agentry_form"
    }
}

fn is_sane(value: &str) -> bool {
    value.len() == 2 * RANDOM && value.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Form;
    use super::*;

    fn token(cookie: &'static str, secure: bool) -> FormToken {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        FormToken::of(&headers, secure)
    }

    #[test]
    fn form_must_carry_what_the_cookie_holds() {
        const COOKIE: &str = "a=b; agentry_form=00112233445566778899aabbccddeeff";
        let held = token(COOKIE, false);
        assert_eq!(held.set_cookie(), None);
        assert!(held.is_in(&Form::parse(b"form=00112233445566778899aabbccddeeff")));
        for other in [
            "",
            "form=",
            "form=00112233445566778899aabbccddeef0",
            "as=me",
        ] {
            assert!(!held.is_in(&Form::parse(other.as_bytes())), "{other}");
        }
        // Over https a cookie of the plain name is somebody else's.
        assert!(token(COOKIE, true).set_cookie().is_some());
    }

    #[test]
    fn new_token_is_good_from_the_next_request_on() {
        for cookie in ["a=b", "agentry_form=", "agentry_form=short"] {
            let fresh = token(cookie, false);
            let form = format!("form={}", fresh.value);
            assert!(!fresh.is_in(&Form::parse(form.as_bytes())), "{cookie}");
            let cookie = fresh.set_cookie().unwrap();
            assert!(
                cookie
                    .to_str()
                    .unwrap()
                    .ends_with("; Path=/; HttpOnly; SameSite=Lax")
            );
        }
    }
}
