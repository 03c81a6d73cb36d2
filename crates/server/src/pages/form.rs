//! What a form of ours sends.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use secrecy::SecretString;

use super::token::FormToken;
use crate::front::Front;
use crate::http::{Fault, csrf, read_body};

/// Its fields, in the order in which they came. No `Debug`: passwords are among them.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form of at most `most` bytes, if it is one of ours.
    ///
    /// # Errors
    /// The fault of a form from elsewhere, of another kind of body, or of one that is too long or too slow.
    pub(super) async fn read(
        front: &Front,
        headers: &HeaderMap,
        body: Body,
        token: &FormToken,
        most: usize,
    ) -> Result<Self, Fault> {
        csrf::check_form(headers, front.options())?;
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Fault::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                agentry_schema::code::BAD_USER_INPUT,
                "This page takes forms.",
            ));
        }
        let limit = most.min(front.options().body_bytes);
        let body = read_body(body, limit, front.options().timeouts.body).await?;
        let form = Self::parse(&body);
        if !token.is_in(&form) {
            return Err(Fault::forbidden("This form has expired."));
        }
        Ok(form)
    }

    pub(super) fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field, as it came; empty when there is none. Of several the first counts.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// A field that must not stay in the form.
    pub(super) fn take_secret(&mut self, name: &str) -> SecretString {
        let found = self.0.iter_mut().find(|(field, _)| field == name);
        found
            .map(|(_, value)| std::mem::take(value))
            .unwrap_or_default()
            .into()
    }
}
