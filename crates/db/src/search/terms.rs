//! What is searched for, where a text says it, and which words of a text are kept for it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::fold::{Kind, Segment, walk};

/// The most terms of one search.
pub const MAX_TERMS: usize = 16;
/// How much of a word is kept, in characters; what begins alike up to there is told apart by reading.
const MAX_WORD: usize = 32;
/// How many of the places are noted at which a text says what was searched for.
const MAX_PLACES: usize = 200;

/// Why nothing can be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    /// There is no letter and no digit in it.
    #[error("it must hold a letter or a digit")]
    Nothing,
    /// There are too many.
    #[error("it must have at most {MAX_TERMS} words")]
    TooMany,
}

/// What a message must say, all of it: whole words, and for the last one any that begins so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Word(String),
    Beginning(String),
    /// Part of a run.
    Part(String),
}

/// What the index is asked about a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Probe {
    /// Whether it says this word.
    Is(String),
    /// Whether it says one that begins so.
    Begins(String),
}

impl Probe {
    const fn length(&self) -> usize {
        match self {
            Self::Is(text) | Self::Begins(text) => text.len(),
        }
    }
}

impl Terms {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`BadTerms`] when there is nothing, or too much, to search for.
    pub fn parse(query: &str) -> Result<Self, BadTerms> {
        let mut terms = Vec::new();
        walk(query, |segment| {
            terms.push(match segment.kind {
                Kind::Word => Term::Word(segment.text.clone()),
                Kind::Run => Term::Part(segment.text.clone()),
            });
        });
        if let Some(Term::Word(last)) = terms.last_mut() {
            let last = std::mem::take(last);
            terms.pop();
            terms.push(Term::Beginning(last));
        }
        match terms.len() {
            0 => Err(BadTerms::Nothing),
            1..=MAX_TERMS => Ok(Self(terms)),
            _ => Err(BadTerms::TooMany),
        }
    }

    /// Where a text says them, in characters, in order and apart; `None` when it does not say them all.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let mut missing: Vec<bool> = self.0.iter().map(|_| true).collect();
        let mut places: Vec<Range<usize>> = Vec::new();
        walk(text, |segment| {
            for (term, missing) in self.0.iter().zip(&mut missing) {
                if *missing || places.len() < MAX_PLACES {
                    *missing &= !term.note(segment, &mut places);
                }
            }
        });
        if missing.contains(&true) {
            return None;
        }
        places.sort_by_key(|place| (place.start, place.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(places.len());
        for place in places {
            match apart.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        Some(apart)
    }

    /// What a conversation that says them is in the index with.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for term in &self.0 {
            match term {
                Term::Word(word) => probes.push(Probe::Is(kept(word))),
                Term::Beginning(start) if start.chars().count() >= MAX_WORD => {
                    probes.push(Probe::Is(kept(start)));
                }
                Term::Beginning(start) => probes.push(Probe::Begins(start.clone())),
                Term::Part(part) => match pairs(part) {
                    pairs if pairs.is_empty() => probes.push(Probe::Begins(part.clone())),
                    pairs => probes.extend(pairs.into_iter().map(Probe::Is)),
                },
            }
        }
        // Each is asked where those before it were answered, so the rarest comes first; many more no longer make it quicker.
        probes.sort_by_key(|probe| std::cmp::Reverse(probe.length()));
        probes.dedup();
        probes.truncate(MAX_TERMS);
        probes
    }
}

impl Term {
    /// Whether the segment says it; if so, where is noted.
    fn note(&self, segment: &Segment, places: &mut Vec<Range<usize>>) -> bool {
        let says = match (self, segment.kind) {
            (Self::Word(word), Kind::Word) => segment.text == *word,
            (Self::Beginning(start), Kind::Word) => segment.text.starts_with(start),
            (Self::Part(part), Kind::Run) => return note_part(part, segment, places),
            (Self::Word(_) | Self::Beginning(_), Kind::Run) | (Self::Part(_), Kind::Word) => false,
        };
        if says {
            places.push(segment.start..segment.end);
        }
        says
    }
}

fn note_part(part: &str, segment: &Segment, places: &mut Vec<Range<usize>>) -> bool {
    let length = part.chars().count();
    let mut found = false;
    for (at, _) in segment.text.match_indices(part) {
        found = true;
        let first = segment.text[..at].chars().count();
        let last = first + length - 1;
        if let (Some(start), Some(end)) = (segment.places.get(first), segment.places.get(last)) {
            places.push(*start..end + 1);
        }
        if places.len() >= MAX_PLACES {
            break;
        }
    }
    found
}

/// Adds the words of a text: those of writing without spaces are each two letters that stand together, and the last one.
pub(super) fn add_words(text: &str, words: &mut BTreeSet<String>, most: usize) {
    walk(text, |segment| {
        if words.len() > most {
            return;
        }
        match segment.kind {
            Kind::Word => {
                words.insert(kept(&segment.text));
            }
            Kind::Run => {
                words.extend(pairs(&segment.text));
                words.extend(segment.text.chars().next_back().map(String::from));
            }
        }
    });
}

fn pairs(run: &str) -> Vec<String> {
    let letters = run.chars().zip(run.chars().skip(1));
    letters.map(|(a, b)| String::from_iter([a, b])).collect()
}

fn kept(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn found(query: &str, text: &str) -> Option<Vec<(usize, usize)>> {
        let places = Terms::parse(query).unwrap().find(text)?;
        Some(places.into_iter().map(|p| (p.start, p.end)).collect())
    }

    #[test]
    fn every_word_is_meant_and_the_last_may_be_a_beginning() {
        let text = "The quick brown fox.";
        assert_eq!(found("QUICK fo", text), Some(vec![(4, 9), (16, 19)]));
        assert_eq!(found("fox", text), Some(vec![(16, 19)]));
        assert_eq!(found("qui fox", text), None);
        assert_eq!(found("brown cat", text), None);
        assert_eq!(found("café", "Cafe\u{301}!"), Some(vec![(0, 5)]));
    }

    #[test]
    fn any_part_of_writing_without_spaces_is_found() {
        assert_eq!(found("京都", "東京都と京都"), Some(vec![(1, 3), (4, 6)]));
        assert_eq!(found("都", "東京都"), Some(vec![(2, 3)]));
        assert_eq!(found("東都", "東京都"), None);
        assert_eq!(found("학교", "학교에서 봐"), Some(vec![(0, 2)]));
    }

    #[test]
    fn signs_mean_nothing() {
        assert_eq!(Terms::parse("%"), Err(BadTerms::Nothing));
        assert_eq!(Terms::parse(" .*\\ '; -- "), Err(BadTerms::Nothing));
        assert_eq!(found("50%", "50 euros"), Some(vec![(0, 2)]));
        assert_eq!(Terms::parse(&"a ".repeat(17)), Err(BadTerms::TooMany));
        assert!(Terms::parse(&"a ".repeat(16)).is_ok());
    }

    /// Whether the words of a text answer all probes of a search.
    fn indexed(query: &str, text: &str) -> bool {
        let mut words = BTreeSet::new();
        add_words(text, &mut words, usize::MAX);
        Terms::parse(query).unwrap().probes().iter().all(|probe| {
            words.iter().any(|word| match probe {
                Probe::Is(one) => word == one,
                Probe::Begins(start) => word.starts_with(start),
            })
        })
    }

    #[test]
    fn the_index_says_yes_wherever_reading_finds_it() {
        let long = "x".repeat(40);
        let text = format!("Straße zum Café in 東京都, 학교에서 {long}y");
        for query in [
            "STRASSE",
            "zum caf",
            "京都",
            "都",
            "東京都",
            "교에",
            &long,
            "cafe in",
        ] {
            assert!(found(query, &text).is_some(), "{query}");
            assert!(indexed(query, &text), "{query}");
        }
        for query in ["stras zum", "都東", "xylophone"] {
            assert!(!indexed(query, &text), "{query}");
        }
    }
}
