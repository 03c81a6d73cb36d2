//! Counts over raw text, before any recursive parser sees it: a list nested 50,000 deep would take the stack with it.

use super::limits::{over_nesting, over_tokens};
use crate::http::fault::Fault;
use crate::http::options::DocumentLimits;

/// What a look at a document's tokens tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) tokens: usize,
    /// Whether text is written out in the document. It may be a secret, and makes the document one of a kind.
    pub(crate) has_text: bool,
}

/// Brackets may nest as deep as selections and input values together, with some room for inline fragments.
fn bracket_limit(limits: &DocumentLimits) -> usize {
    limits.depth.max(limits.introspection_depth) + limits.input_depth + 16
}

/// Counts tokens and brackets.
///
/// # Errors
/// A limit that is exceeded.
pub(crate) fn scan(document: &str, limits: &DocumentLimits) -> Result<Scan, Fault> {
    if document.len() > limits.bytes {
        return Err(Fault::over("bytes of document", limits.bytes));
    }
    let deepest = bracket_limit(limits);
    let bytes = document.as_bytes();
    let mut scan = Scan {
        tokens: 0,
        has_text: false,
    };
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => {
                at += 1;
                continue;
            }
            b'#' => {
                at += length_while(&bytes[at..], |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => {
                scan.has_text = true;
                at + text_length(&bytes[at..])
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > deepest {
                    return Err(over_nesting(deepest));
                }
                at + 1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            b'-' | b'0'..=b'9' => at + number_length(&bytes[at..]),
            byte if is_word(byte) => at + length_while(&bytes[at..], is_word),
            _ => at + 1,
        };
        scan.tokens += 1;
        if scan.tokens > limits.tokens {
            return Err(over_tokens(limits.tokens));
        }
    }
    Ok(scan)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn length_while(bytes: &[u8], keep: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|&byte| !keep(byte))
        .unwrap_or(bytes.len())
}

/// A sign, digits, a fraction, an exponent; a dot that no digit follows is not part of it.
fn number_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        let part = match byte {
            b'.' => bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
            b'+' | b'-' => matches!(bytes[at - 1], b'e' | b'E'),
            byte => is_word(byte),
        };
        if !part {
            break;
        }
        at += 1;
    }
    at
}

/// The length of the text that starts here. Where no end is found this is taken for the shortest thing the parser could take
/// it for, so that no bracket hides behind a quote that is not closed.
fn text_length(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\"\"\"") {
        let mut at = 3;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"\\\"\"\"") {
                at += 4;
            } else if bytes[at..].starts_with(b"\"\"\"") {
                return at + 3;
            } else {
                at += 1;
            }
        }
        return 2;
    }
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            b'\n' | b'\r' => break,
            _ => at += 1,
        }
    }
    1
}

/// How deep lists and objects nest in a JSON text. Text that is no JSON gives some number.
pub(crate) fn json_nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0_usize, 0);
    while let Some(&byte) = json.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                at += 1;
                while let Some(&inside) = json.get(at) {
                    match inside {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    deepest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn tokens(document: &str) -> usize {
        scan(document, &DocumentLimits::default()).unwrap().tokens
    }

    #[test]
    fn tokens_are_counted_as_the_language_has_them() {
        assert_eq!(tokens("{ a }"), 3);
        assert_eq!(
            tokens("query Q($a: Int! = -1.5) { ...F @skip(if: $a) } # } more"),
            23
        );
        assert_eq!(
            tokens(r#"{ a(b: "x { y \" [", c: """ { \""" [[ """) }"#),
            11
        );
    }

    #[test]
    fn brackets_do_not_hide_behind_open_quotes() {
        let limits = DocumentLimits {
            tokens: usize::MAX,
            ..DocumentLimits::default()
        };
        let nest = "[".repeat(50_000);
        for document in [
            format!("{{ a(b: {nest}"),
            format!("{{ a(b: [\"\"\"a\" {nest}"),
            format!("{{ a(b: \"\n{nest}"),
        ] {
            let fault = scan(&document, &limits).unwrap_err();
            assert!(
                fault.message.contains("levels of brackets"),
                "{}",
                fault.message
            );
        }
        assert!(scan(&format!("{{ a(b: \"{nest}\") }}"), &limits).is_ok());
    }

    #[test]
    fn text_in_a_document_is_noticed() {
        assert!(
            scan("{ a(b: \"c\") }", &DocumentLimits::default())
                .unwrap()
                .has_text
        );
        assert!(
            !scan("{ a(b: $c) } # \"", &DocumentLimits::default())
                .unwrap()
                .has_text
        );
    }

    #[test]
    fn json_nests_outside_of_strings() {
        assert_eq!(json_nesting(br#"{"a":[{"b":"]}[{\"["}]}"#), 3);
        assert_eq!(json_nesting(b"1"), 0);
        assert_eq!(json_nesting("[".repeat(50_000).as_bytes()), 50_000);
    }
}
