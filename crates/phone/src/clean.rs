//! What people paste, down to a `+` and digits.

use unicode_normalization::UnicodeNormalization as _;

use crate::phone::PhoneRefused;

/// No number is this long, however it is written; checked before anything else looks at the text.
const MAX_CHARS: usize = 100;

/// A number without its decoration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// ASCII digits, without a `+` or an international prefix.
    pub(crate) digits: String,
    /// The same with the zero that stood in brackets, where there was one.
    pub(crate) with_trunk_zero: Option<String>,
    /// Whether the digits begin with a country's code, for so it was written: with a `+`, or with `00`.
    pub(crate) international: bool,
}

/// Takes away what stands around digits: compatibility forms (NFKC), a leading `tel:`, white space, dashes, dots, slashes, brackets,
/// characters without a look, and a zero in brackets, which is dialled inside a country alone.
///
/// # Errors
/// [`PhoneRefused::Unreadable`] for anything else, letters and digits of other scripts among it.
pub(crate) fn clean(text: &str) -> Result<Cleaned, PhoneRefused> {
    if text.chars().take(MAX_CHARS + 1).count() > MAX_CHARS {
        return Err(PhoneRefused::Unreadable);
    }
    // Invisible characters may stand anywhere, within `tel:` and `(0)` too.
    let seen: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
    let seen = seen.trim_start();
    let seen = match seen.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &seen[4..],
        _ => seen,
    };
    let compact: String = seen.chars().filter(|c| !c.is_whitespace()).collect();
    let without_zero = compact.replacen("(0)", "", 1);
    let bracketed = without_zero.len() < compact.len();
    let (digits, international) = bare(&without_zero)?;
    let with_trunk_zero = if bracketed {
        Some(bare(&compact)?.0)
    } else {
        None
    };
    Ok(Cleaned {
        digits,
        with_trunk_zero,
        international,
    })
}

fn bare(text: &str) -> Result<(String, bool), PhoneRefused> {
    let mut digits = String::with_capacity(text.len());
    let mut plus = false;
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !plus => plus = true,
            c if is_punctuation(c) => {}
            _ => return Err(PhoneRefused::Unreadable),
        }
    }
    if let (false, Some(rest)) = (plus, digits.strip_prefix("00")) {
        return Ok((rest.to_owned(), true));
    }
    Ok((digits, plus))
}

/// What groups digits: dashes of every kind and what passes for one, dots, slashes, brackets.
fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '-' | '.'
            | '/'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '~'
            | '\u{b7}'
            | '\u{58a}'
            | '\u{5be}'
            | '\u{1400}'
            | '\u{1806}'
            | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2053}'
                | '\u{2212}'
                | '\u{223c}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{2e5d}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{30a0}'
                | '\u{30fc}'
                | '\u{10ead}'
    )
}

/// General category Cf of Unicode 17, and the variation selectors: characters that come along when a number is copied from a
/// contact card or a web page, and cannot be seen.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}
