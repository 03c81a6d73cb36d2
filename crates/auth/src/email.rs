//! Email addresses, spelled as better-auth stores and looks them up.
//!
//! better-auth applies JavaScript's `toLowerCase` and nothing else. No Unicode normalisation therefore: it would turn an
//! address that better-auth wrote into one that is not found. The unique index compares bytes, so an address
//! that is not lower-cased makes an account nobody can sign in to.

use std::fmt;

use crate::error::EmailError;

/// The most bytes of UTF-8 an address may have.
pub const MAX_EMAIL_BYTES: usize = 254;

/// A plausible address, trimmed and in lower case. `Debug` shows the domain only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address as typed. Whether anyone reads mail there is for a message to find out; this keeps away what
    /// cannot be an address, and spellings that look like another one.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(EmailError::Empty);
        }
        if trimmed.len() > MAX_EMAIL_BYTES {
            return Err(EmailError::TooLong);
        }
        // Rust lower-cases as ECMAScript requires: full mapping, final sigma, no locale.
        let lower = trimmed.to_lowercase();
        if lower.len() > MAX_EMAIL_BYTES {
            return Err(EmailError::TooLong);
        }
        if is_plausible(&lower) {
            Ok(Self(lower))
        } else {
            Err(EmailError::Malformed)
        }
    }

    /// The address, as stored in `"user".email`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, as stored in `"user".email`.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.0.split_once('@').map_or("", |(_, domain)| domain);
        write!(f, "Email(…@{domain})")
    }
}

fn is_plausible(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else {
        return false;
    };
    let labels = || domain.split('.');
    !email.chars().any(is_unfit)
        && dots_separate(local)
        && dots_separate(domain)
        && labels().count() >= 2
        && labels().all(|label| !label.starts_with('-') && !label.ends_with('-'))
        && domain
            .chars()
            .all(|c| c.is_alphanumeric() || c == '.' || c == '-' || is_mark(c))
}

/// Neither empty nor with an empty part between dots.
fn dots_separate(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty())
}

/// White space, controls, and characters that show as nothing or turn the text around. Quoting and comments are not supported.
fn is_unfit(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\'
        )
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Combining marks, which scripts such as Devanagari need within a label, and lower-casing may produce.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn address_is_trimmed_and_lower_cased() {
        for (typed, stored) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("  ada@example.com\n", "ada@example.com"),
            ("ADA+tag@mail.example.co", "ada+tag@mail.example.co"),
            ("O'Neil_x-1@example.com", "o'neil_x-1@example.com"),
            // As `toLowerCase` has it: final sigma, and the dot of the Turkish capital kept.
            ("ΟΔΥΣΣΕΥΣ@Example.gr", "οδυσσευς@example.gr"),
            ("İ@example.com", "i\u{307}@example.com"),
            ("ÄÖ@BÜCHER.example", "äö@bücher.example"),
        ] {
            assert_eq!(Email::parse(typed).unwrap().as_str(), stored);
        }
    }

    #[test]
    fn composed_and_decomposed_spellings_stay_apart() {
        let composed = Email::parse("\u{e9}@example.com").unwrap();
        let decomposed = Email::parse("e\u{301}@example.com").unwrap();
        assert_ne!(composed, decomposed);
    }

    #[test]
    fn implausible_addresses_are_refused() {
        for bad in [
            "ada",
            "@",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a@b@example.com",
            "ada @example.com",
            "ada@exam ple.com",
            "ada@.com",
            "ada@example.",
            "ada@example..com",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada\0@example.com",
            "ada\n@example.com",
            "ada\u{200b}@example.com",
            "ada\u{202e}@example.com",
            "ada@exam\u{ad}ple.com",
            "<ada@example.com>",
            "\"a b\"@example.com",
            "ada@[127.0.0.1]",
            "ada@example.com, eve@example.com",
            "ada@exa_mple.com",
        ] {
            assert_eq!(Email::parse(bad), Err(EmailError::Malformed), "{bad:?}");
        }
        assert_eq!(Email::parse(" \t\n"), Err(EmailError::Empty));
    }

    #[test]
    fn length_is_bounded_in_bytes_after_lower_casing_too() {
        let of = |bytes: usize| format!("{}@example.com", "a".repeat(bytes - 12));
        assert!(Email::parse(&of(254)).is_ok());
        assert_eq!(Email::parse(&of(255)), Err(EmailError::TooLong));
        assert_eq!(Email::parse(&"x".repeat(1 << 20)), Err(EmailError::TooLong));
        // Two bytes become three each.
        let grows = format!("{}@example.com", "İ".repeat(120));
        assert_eq!(Email::parse(&grows), Err(EmailError::TooLong));
    }

    #[test]
    fn debug_hides_the_person() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "Email(…@example.com)");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(text in any::<String>()) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn accepted_addresses_are_stable(text in "\\PC{1,12}@\\PC{1,8}\\.\\PC{2,4}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().len() <= MAX_EMAIL_BYTES);
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn ordinary_addresses_are_accepted(text in "[A-Za-z0-9_+-]{1,20}@[a-z0-9]{1,10}\\.[a-z]{2,6}") {
            prop_assert_eq!(Email::parse(&text).unwrap().into_string(), text.to_ascii_lowercase());
        }
    }
}
