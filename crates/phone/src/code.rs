//! The codes that tie a number to an account: shown to somebody who is signed in, sent from the number, found in what arrived.

use std::fmt;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use unicode_normalization::UnicodeNormalization as _;

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// A code is two groups of so many characters.
const GROUP: usize = 5;
const CHARS: usize = 2 * GROUP;
/// A message of WhatsApp has at most so many; what is behind is not read.
const MAX_MESSAGE: usize = 4096;
/// What a message says in front of a code where the app writes it, as words.
const WORDS: &str = "Link my WhatsApp number";
/// What is hashed begins with this, so that the hash says nothing about the same characters used elsewhere.
const DOMAIN: &[u8] = b"agentry:whatsapp-link:v1:";

/// A code of ten characters: 49.2 bits, of which only the hash is kept. Each half holds a letter and a digit from 2 to 9, so that no
/// word and no number is ever taken for one. `Debug` does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CHARS]);

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct RandomnessError;

impl Code {
    /// A fresh code from the system's randomness.
    ///
    /// # Errors
    /// [`RandomnessError`].
    pub fn generate() -> Result<Self, RandomnessError> {
        let random = SystemRandom::new();
        let mut code = [0; CHARS];
        for half in code.chunks_exact_mut(GROUP) {
            // Three of four halves will do.
            loop {
                let mut bytes = [0; GROUP];
                random.fill(&mut bytes).map_err(|_| RandomnessError)?;
                for (to, byte) in half.iter_mut().zip(bytes) {
                    *to = ALPHABET[usize::from(byte % 32)];
                }
                if is_half(half) {
                    break;
                }
            }
        }
        Ok(Self(code))
    }

    /// The code in a message, which may say more, in any case, in groups or letter by letter, with I or L for 1 and O for 0: the
    /// first ten characters that make one and stand by themselves, between what is neither letter nor digit. `None`: there is none,
    /// and what was written is an ordinary message. So is what looks like a code and can be none, for a half of it lacks a letter or a
    /// digit from 2 to 9: `AAAAA-AAAAA`, `12345-67890`.
    #[must_use]
    pub fn find_in(message: &str) -> Option<Self> {
        let text: Vec<char> = message.nfkc().take(MAX_MESSAGE).collect();
        let runs = runs(&text);
        // A whole run first, for so it was given; then neighbours that make ten together.
        let whole = runs.iter().find_map(|run| Self::read(run));
        whole.or_else(|| {
            (0..runs.len()).find_map(|from| {
                let mut joined: Vec<char> = Vec::with_capacity(CHARS);
                for run in &runs[from..] {
                    joined.extend_from_slice(run);
                    if joined.len() >= CHARS {
                        break;
                    }
                }
                Self::read(&joined)
            })
        })
    }

    /// Whether a message that holds a code says nothing else: it is the code, however it is written, or the code behind the words that
    /// stand in front of it where it was shown. Whoever sends that means a code, whether or not there is such a code. What can be no code,
    /// as [`Code::find_in`] has it, is not one by itself either.
    #[must_use]
    pub fn is_all_of(message: &str) -> bool {
        // One more than could be it.
        let text: Vec<char> = message.nfkc().take(MAX_MESSAGE + 1).collect();
        let runs = runs(&text);
        let mut rest = runs.as_slice();
        let words = WORDS.split(' ').collect::<Vec<_>>();
        let (front, behind) = runs.split_at(words.len().min(runs.len()));
        let is_word = |(run, word): (&Vec<char>, &&str)| {
            let run: String = run.iter().collect();
            run.eq_ignore_ascii_case(word)
        };
        if front.len() == words.len() && front.iter().zip(&words).all(is_word) {
            rest = behind;
        }
        text.len() <= MAX_MESSAGE && Self::read(&rest.concat()).is_some()
    }

    fn read(chars: &[char]) -> Option<Self> {
        let mut code = [0; CHARS];
        if chars.len() != CHARS {
            return None;
        }
        for (to, c) in code.iter_mut().zip(chars) {
            *to = match u8::try_from(c.to_ascii_uppercase()).ok()? {
                b'I' | b'L' => b'1',
                b'O' => b'0',
                other if ALPHABET.contains(&other) => other,
                _ => return None,
            };
        }
        code.chunks_exact(GROUP).all(is_half).then_some(Self(code))
    }

    /// What is kept of it: SHA-256.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &[DOMAIN, &self.0].concat()).as_ref());
        hash
    }

    /// As it is shown, `7K3QP-9XW2M`. For the one who asked for it, and for nobody's log.
    #[must_use]
    pub fn shown(&self) -> String {
        let (left, right) = self.0.split_at(GROUP);
        format!("{}-{}", left.escape_ascii(), right.escape_ascii())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").finish_non_exhaustive()
    }
}

/// A letter, and a digit that no letter is mistaken for.
fn is_half(half: &[u8]) -> bool {
    half.iter().any(u8::is_ascii_alphabetic) && half.iter().any(|c| (b'2'..=b'9').contains(c))
}

/// What stands between characters that are neither letters nor digits. Characters without a look do not divide.
fn runs(text: &[char]) -> Vec<Vec<char>> {
    let mut runs = vec![Vec::new()];
    for c in text
        .iter()
        .copied()
        .filter(|c| !crate::clean::is_invisible(*c))
    {
        if c.is_alphanumeric() {
            if let Some(last) = runs.last_mut() {
                last.push(c);
            }
        } else if runs.last().is_some_and(|last| !last.is_empty()) {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{ALPHABET, Code};

    fn code() -> Code {
        Code::find_in("7K3QP-9XW2M").unwrap()
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for message in [
            "7K3QP-9XW2M",
            "7k3qp-9xw2m",
            "7K3QP9XW2M",
            " 7K3QP 9XW2M ",
            "7 K 3 Q P 9 X W 2 M",
            "7K3-QP9-XW2M",
            "7K3QP\u{2011}9XW2M",
            "7K3QP — 9XW2M.",
            "Link my number: 7K3QP-9XW2M",
            "hi there, my code is 7k3qp 9xw2m, thanks a lot!",
            "*7K3QP-9XW2M*",
            "\u{feff}7K3\u{200b}QP-9XW2M\u{2069}",
            "７Ｋ３ＱＰ－９ＸＷ２Ｍ",
            "code:7K3QP-9XW2M\nSent from my phone",
            "is it 12 or 7K3QP-9XW2M?",
            "everything collection 7K3QP-9XW2M",
        ] {
            assert_eq!(Code::find_in(message), Some(code()), "{message:?}");
        }
    }

    #[test]
    fn a_message_is_all_code_or_holds_one() {
        for message in [
            "7K3QP-9XW2M",
            " 7k3qp 9xw2m\n",
            "7 K 3 Q P 9 X W 2 M",
            "*7K3QP-9XW2M*.",
            "Link my WhatsApp number: 7K3QP-9XW2M",
            "link my whatsapp number 7k3qp9xw2m",
            "\u{feff}Link my WhatsApp number: ７Ｋ３ＱＰ－９ＸＷ２Ｍ",
        ] {
            assert!(Code::is_all_of(message), "{message:?}");
        }
        let long = format!("7K3QP-9XW2M{}x", " ".repeat(5_000));
        for message in [
            "",
            "Link my WhatsApp number: ",
            "Link my number: 7K3QP-9XW2M",
            "Link my WhatsApp number: 7K3QP-9XW2M please",
            "7K3QP-9XW2M Link my WhatsApp number",
            "hi, my order is 7K3QP-9XW2M",
            "7K3QP-9XW2M 7K3QP-9XW2M",
            "7K3QP-9XW2M ok?",
            "7K3QP-9XW2",
            "collection helloworld",
            "AAAAA-AAAAA",
            "12345-67890",
            "Link my WhatsApp number: 7K3QP-AAAAA",
            long.as_str(),
        ] {
            assert!(!Code::is_all_of(message), "{message:?}");
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_those() {
        let plain = Code::find_in("A10B2-C31D0").unwrap();
        assert_eq!(Code::find_in("alob2 c3Id0"), Some(plain.clone()));
        assert_eq!(Code::find_in("AIOB2-C3LDO"), Some(plain));
    }

    #[test]
    fn ordinary_messages_hold_no_code() {
        for message in [
            "",
            "   ",
            "hello",
            "everything",
            "collection helloworld",
            "my number is 07123 456789",
            "+44 7123 456789",
            "2026-11-23 10:30",
            "1234567890",
            "7K3QP-9XW2",
            "7K3QP-9XW2MX",
            "x7K3QP9XW2M",
            "7K3QP-9XW2U",
            "é7K3QP9XW2M",
            "7K3QP9XW2Mß",
            "٧K3QP-9XW2M",
            "AAAAA-22222",
            "AAAA2-BBBBB",
            "-----_____",
            "👍👍👍👍👍👍👍👍👍👍",
        ] {
            assert_eq!(Code::find_in(message), None, "{message:?}");
        }
    }

    #[test]
    fn what_is_generated_is_found_and_is_new() {
        let codes: std::collections::HashSet<String> = (0..2000)
            .map(|_| Code::generate().unwrap().shown())
            .collect();
        assert_eq!(codes.len(), 2000);
        for shown in codes {
            let found = Code::find_in(&format!("please link {}", shown.to_lowercase())).unwrap();
            assert_eq!(found.shown(), shown);
        }
    }

    #[test]
    fn there_are_at_least_two_to_the_forty_nine() {
        // Halves with a letter and a digit from 2 to 9: all, less those without such a digit, less those of digits alone, more those
        // of 0 and 1 alone, which were taken away twice.
        let (all, kept) = (32_u64.pow(5), ALPHABET.len());
        assert_eq!(kept, 32);
        let halves = all - 24_u64.pow(5) - 10_u64.pow(5) + 2_u64.pow(5);
        assert!(u128::from(halves).pow(2) >= 1 << 49, "{halves}");
    }

    #[test]
    fn neither_debug_nor_hash_tells_the_code() {
        assert_eq!(format!("{:?}", code()), "Code { .. }");
        assert_ne!(code().hash(), Code::find_in("7K3QP-9XW2N").unwrap().hash());
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_panics(message in "\\PC{0,200}") {
            let found = Code::find_in(&message);
            prop_assert!(found.is_some() || !Code::is_all_of(&message));
        }

        #[test]
        fn a_found_code_is_found_again(message in "[0-9a-zA-Z \\-]{0,40}") {
            if let Some(code) = Code::find_in(&message) {
                prop_assert_eq!(Code::find_in(&code.shown()), Some(code));
            }
        }
    }
}
