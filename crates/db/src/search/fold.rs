//! A text cut into what can be searched for. Case, accents and the many forms of one letter (Unicode NFKD) are folded away.
//!
//! Scripts written with spaces give words. Those written without (Han, kana, Thai and their like) give runs, in which any part can
//! be searched for; Hangul is among them, since its words carry their particles with them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word.
    Word,
    /// Writing without spaces.
    Run,
}

/// A piece of a text.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    /// As it is compared.
    pub(super) text: String,
    /// Of a run, from which character of the whole text each character of `text` is.
    pub(super) places: Vec<usize>,
    /// Where it begins in the whole text, in characters.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

enum Class {
    Letter(Kind),
    /// Changes the letter before it, and is folded away.
    Accent,
    Gap,
}

/// Hands each segment of a text to `each`, in their order.
pub(super) fn walk(text: &str, mut each: impl FnMut(&Segment)) {
    let mut now = Segment {
        kind: Kind::Word,
        text: String::new(),
        places: Vec::new(),
        start: 0,
        end: 0,
    };
    for (place, c) in text.chars().enumerate() {
        match class(c) {
            Class::Letter(kind) => {
                if kind != now.kind {
                    now.close(&mut each);
                    now.kind = kind;
                }
                if now.text.is_empty() {
                    now.start = place;
                }
                now.end = place + 1;
                now.push(c, place);
            }
            Class::Accent if now.text.is_empty() => {}
            Class::Accent => now.end = place + 1,
            Class::Gap => now.close(&mut each),
        }
    }
    now.close(&mut each);
}

impl Segment {
    fn close(&mut self, each: &mut impl FnMut(&Self)) {
        if !self.text.is_empty() {
            each(self);
            self.text.clear();
            self.places.clear();
        }
    }

    fn push(&mut self, c: char, place: usize) {
        if c.is_ascii() {
            self.text.push(c.to_ascii_lowercase());
            return;
        }
        if is_whole(c) {
            self.letter(c, place);
            return;
        }
        let lower = std::iter::once(c).nfkd().flat_map(char::to_lowercase);
        for c in lower.nfkd() {
            match c {
                'ß' => self.text.push_str("ss"),
                'ς' => self.text.push('σ'),
                'ø' => self.text.push('o'),
                'ł' => self.text.push('l'),
                'đ' => self.text.push('d'),
                'æ' => self.text.push_str("ae"),
                'œ' => self.text.push_str("oe"),
                c if is_accent(c) || !is_letter(c) => {}
                c => self.letter(c, place),
            }
        }
    }

    fn letter(&mut self, c: char, place: usize) {
        self.text.push(c);
        if self.kind == Kind::Run {
            self.places.push(place);
        }
    }
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        if c.is_ascii_alphanumeric() {
            return Class::Letter(Kind::Word);
        }
        return Class::Gap;
    }
    if is_unspaced(c) {
        Class::Letter(Kind::Run)
    } else if is_accent(c) {
        Class::Accent
    } else if is_letter(c) {
        Class::Letter(Kind::Word)
    } else {
        Class::Gap
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Marks that a reader may leave out, and signs that are not seen. Vowel signs and kana's voicing are none: they make another word.
const fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{0300}'..='\u{036F}'
            | '\u{0591}'..='\u{05C7}'
            | '\u{0610}'..='\u{061A}'
            | '\u{0640}'
            | '\u{064B}'..='\u{065F}'
            | '\u{0670}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{200B}'..='\u{200D}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

const fn is_unspaced(c: char) -> bool {
    is_whole(c)
        || matches!(
            c,
            '\u{0E01}'..='\u{0E4E}'
                | '\u{0E81}'..='\u{0ECD}'
                | '\u{1000}'..='\u{104F}'
                | '\u{1780}'..='\u{17D3}'
                | '\u{F900}'..='\u{FAFF}'
                | '\u{FF66}'..='\u{FF9F}'
        )
}

/// Letters that are taken as they are: taking them apart would only lose what tells them apart.
const fn is_whole(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{309F}'
            | '\u{30A1}'..='\u{30FA}'
            | '\u{30FC}'..='\u{30FF}'
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{20000}'..='\u{3FFFD}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(text, |s| {
            let kind = if s.kind == Kind::Run { "~" } else { "" };
            found.push(format!("{kind}{} {}-{}", s.text, s.start, s.end));
        });
        found
    }

    #[test]
    fn case_accents_and_forms_of_a_letter_are_folded_away() {
        assert_eq!(cut("Straße, CAFÉ!"), ["strasse 0-6", "cafe 8-12"]);
        assert_eq!(cut("Cafe\u{301}s"), ["cafes 0-6"]);
        assert_eq!(cut("ﬁle ² Łódź"), ["file 0-3", "2 4-5", "lodz 6-10"]);
        assert_eq!(cut("ΟΔΟΣ οδός"), ["οδοσ 0-4", "οδοσ 5-9"]);
        assert_eq!(cut("İstanbul"), ["istanbul 0-8"]);
        assert_eq!(cut("снег ёлка"), ["снег 0-4", "елка 5-9"]);
    }

    #[test]
    fn writing_without_spaces_is_a_run_beside_words() {
        assert_eq!(cut("iPhone15が東京"), ["iphone15 0-8", "~が東京 8-11"]);
        assert_eq!(cut("학교에서 봐"), ["~학교에서 0-4", "~봐 5-6"]);
        assert_eq!(cut("हिन्दी"), ["हिन्दी 0-6"]);
    }

    #[test]
    fn nothing_but_gaps_gives_nothing() {
        assert_eq!(cut(" %_\\'\"--\u{301}🙂\n"), Vec::<String>::new());
        assert_eq!(cut(""), Vec::<String>::new());
    }
}
