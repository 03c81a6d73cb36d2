//! The name of a person, as they want to be called.

use crate::error::NameError;

/// The most characters (Unicode scalar values) a name may have.
pub const MAX_NAME_CHARS: usize = 200;

/// The name without the white space around it.
///
/// # Errors
/// [`NameError`]. Control characters are refused because a name is shown in one line everywhere, and because PostgreSQL
/// stores no NUL.
pub fn check(text: &str) -> Result<&str, NameError> {
    let name = text.trim();
    if name.is_empty() {
        Err(NameError::Empty)
    // A text of a megabyte is not counted to its end.
    } else if name.chars().take(MAX_NAME_CHARS + 1).count() > MAX_NAME_CHARS {
        Err(NameError::TooLong)
    } else if name.contains(char::is_control) {
        Err(NameError::Control)
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_trimmed_and_bounded_in_characters() {
        assert_eq!(check(" Ada Lovelace\n"), Ok("Ada Lovelace"));
        assert_eq!(check("é"), Ok("é"));
        assert_eq!(check(&"é".repeat(200)), Ok("é".repeat(200).as_str()));
        assert_eq!(check(&"é".repeat(201)), Err(NameError::TooLong));
        assert_eq!(check(&"x".repeat(1 << 20)), Err(NameError::TooLong));
        assert_eq!(check(" \t "), Err(NameError::Empty));
        assert_eq!(check(""), Err(NameError::Empty));
    }

    #[test]
    fn control_characters_are_refused() {
        for bad in ["Ada\0", "\0", "A\nB", "A\u{7}B", "A\u{85}B"] {
            assert_eq!(check(bad), Err(NameError::Control), "{bad:?}");
        }
    }
}
