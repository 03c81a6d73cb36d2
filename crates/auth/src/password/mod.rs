//! Passwords as better-auth stores them in `account.password`.
//!
//! `stored` is the pure part (one call costs about 90 ms and 32 MiB), [`PasswordHasher`] the only way to it from
//! outside: a bounded pool, so that a wave of sign-ins can neither stall the async threads nor exhaust memory.

mod hasher;
mod stored;

pub use hasher::{HasherLimits, PasswordHasher};

use crate::error::PasswordError;

/// The shortest password that may be set, in UTF-16 units before normalisation.
pub const MIN_UNITS: usize = 8;

/// The longest password that may be set, in UTF-16 units before normalisation.
pub const MAX_UNITS: usize = 128;

/// Checks the length rule for a new password. UTF-16 units because JavaScript's `length` counts them.
///
/// # Errors
/// [`PasswordError::TooShort`] or [`PasswordError::TooLong`].
pub fn check_length(password: &str) -> Result<(), PasswordError> {
    // A text of a megabyte is not counted to its end.
    let units = password.encode_utf16().take(MAX_UNITS + 1).count();
    if units < MIN_UNITS {
        Err(PasswordError::TooShort)
    } else if units > MAX_UNITS {
        Err(PasswordError::TooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_utf16_units() {
        assert_eq!(check_length("1234567"), Err(PasswordError::TooShort));
        assert_eq!(check_length("12345678"), Ok(()));
        // Four characters, eight units.
        assert_eq!(check_length("😀😀😀😀"), Ok(()));
        assert_eq!(check_length("😀😀😀"), Err(PasswordError::TooShort));
        assert_eq!(check_length(&"é".repeat(128)), Ok(()));
        assert_eq!(check_length(&"é".repeat(129)), Err(PasswordError::TooLong));
        assert_eq!(check_length(&"😀".repeat(65)), Err(PasswordError::TooLong));
    }

    #[test]
    fn length_is_counted_before_normalisation() {
        // One character that NFKC turns into eighteen.
        assert_eq!(check_length("\u{fdfa}"), Err(PasswordError::TooShort));
        assert_eq!(check_length(&"\u{fdfa}".repeat(128)), Ok(()));
    }
}
