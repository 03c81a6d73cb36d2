use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The longest that is kept, in characters.
const MOST: usize = 300;

/// A run of letters and digits this long, with both in it, is taken for a key.
const KEY_LIKE: usize = 20;

/// How the keys of well-known services begin.
const BEGINNINGS: &[&str] = &[
    "sk-", "pk-", "rk-", "key-", "gsk_", "xai-", "aiza", "hf_", "ghp_", "eyj",
];

/// What stands for what was taken out.
const GAP: &str = "[…]";

/// A provider's own words, fit to be shown: one line, at most 300 characters, without anything that looks like a key. Providers do
/// repeat keys, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeText(String);

impl SafeText {
    /// Takes out of the text what must not be shown; `key` is the key of the call.
    #[must_use]
    pub fn of(text: &str, key: Option<&SecretString>) -> Self {
        // More than can be kept need not be looked at, and a key cut in two would not be found.
        let text: String = text.chars().take(MOST * 8).collect();
        let text = match key.map(ExposeSecret::expose_secret) {
            Some(key) if !key.is_empty() => text.replace(key, GAP),
            _ => text,
        };
        let mut kept = String::new();
        let mut left = MOST;
        for word in text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
        {
            let word = if looks_like_a_key(word) { GAP } else { word };
            let length = word.chars().count() + 1;
            if length > left {
                kept.push('…');
                break;
            }
            left -= length;
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(word);
        }
        if kept.is_empty() {
            kept.push_str("no reason was given.");
        }
        Self(kept)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keys are long runs without a word in them, begin as keys do, or are starred out in the middle. The names of models, with their
/// dates, are none of that.
fn looks_like_a_key(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if word.contains("**") || lower.contains("bearer") {
        return true;
    }
    let begins = |part: &str| {
        BEGINNINGS
            .iter()
            .any(|start| part.starts_with(start) && part.len() > start.len() + 3)
    };
    // Quotes, brackets and the like may stand around a key, and a key behind `key=` or in an address.
    let parts = lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    for part in parts {
        if begins(part) {
            return true;
        }
        for run in part.split(['-', '_']) {
            let digits = run.bytes().any(|b| b.is_ascii_digit());
            let letters = run.bytes().any(|b| b.is_ascii_alphabetic());
            if run.len() >= KEY_LIKE && digits && letters {
                return true;
            }
        }
    }
    // A name and a password, or a query, in an address.
    lower.contains("://") && (lower.contains('@') || lower.contains('?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(text: &str) -> String {
        SafeText::of(text, None).to_string()
    }

    #[test]
    fn keys_of_every_look_are_taken_out() {
        for key in [
            "sk-abc123",
            "'sk-proj-AAAA-bbbb_cccc'",
            "sk-abc***********wxyz.",
            "(gsk_0123456789)",
            "api_key=0123456789abcdef0123456789abcdef",
            "AIzaSyA1234567890",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            "https://user:password@example.com/",
            "https://example.com/v1?key=short",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            let told = safe(&format!("Incorrect key {key} given"));
            assert_eq!(told, "Incorrect key […] given", "{key}");
        }
    }

    #[test]
    fn the_key_of_the_call_is_taken_out_whatever_it_looks_like() {
        let key = SecretString::from("plain");
        let told = SafeText::of("the key is plain, or xplainx", Some(&key));
        assert_eq!(told.as_str(), "the key is […], or x[…]x");
    }

    #[test]
    fn names_of_models_stay() {
        for text in [
            "The model `gpt-4o-mini-2024-07-18` does not exist.",
            "model: claude-3-5-sonnet-20241022",
            "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 is not a valid model ID",
            "See https://platform.openai.com/docs/models.",
        ] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn the_text_is_one_line_of_bounded_length() {
        assert_eq!(safe("a\r\n\tb\0c\u{1b}[31m"), "a b c [31m");
        assert_eq!(safe(""), "no reason was given.");
        let long = safe(&"word ".repeat(10_000));
        assert!(long.chars().count() <= MOST + 1 && long.ends_with('…'));
        assert!(safe(&"é".repeat(10_000)).chars().count() <= MOST + 1);
    }
}
