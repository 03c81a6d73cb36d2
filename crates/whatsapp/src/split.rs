/// The longest text of one message, in UTF-16 units: Meta says 4,096 characters and does not say which kind.
pub const LONGEST: usize = 4_096;

/// What stands at the end of the last part when there is more.
const MORE: &str = "\n\n[…]";

/// Cuts a text into parts that a message can hold each: at the end of a paragraph, or else of a line, a sentence, a word, and within a
/// word only where one is longer than a message. No character is cut from the marks that belong to it. There are `most` parts at most;
/// the last one says so when there was more. A text of white space has no parts.
#[must_use]
pub fn split(text: &str, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if parts.len() + 1 == most && units(rest) > LONGEST {
            let (part, _) = cut(rest, LONGEST - units(MORE));
            parts.push([part.trim_end(), MORE].concat());
            break;
        }
        let (part, after) = cut(rest, LONGEST);
        parts.push(part.trim_end().to_owned());
        rest = after.trim_start();
    }
    parts
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// What fits, cut where it is best, and what is left. The first is not empty.
fn cut(text: &str, longest: usize) -> (&str, &str) {
    let mut count = 0;
    let over = text.char_indices().find(|(_, c)| {
        count += c.len_utf16();
        count > longest
    });
    let Some((end, _)) = over else {
        return (text, "");
    };
    let head = &text[..end];
    // A cut that leaves most of the message empty is worse than one at a lesser place.
    let late = |at: &usize| *at > end / 2;
    let after = |mark: &str| head.rfind(mark).map(|at| at + mark.len());
    let sentence = [". ", "! ", "? ", "。", "！", "？"];
    let sentence = sentence.iter().filter_map(|mark| after(mark)).max();
    let word = head.rfind(char::is_whitespace);
    let best = [after("\n\n"), after("\n"), sentence, word];
    let best = best.into_iter().flatten().find(late);
    text.split_at(best.unwrap_or_else(|| between_characters(text, end)))
}

/// The last place up to `end` at which no character is cut from its marks; `end` itself when there is none.
fn between_characters(text: &str, end: usize) -> usize {
    let places = text[..end].char_indices().map(|(at, _)| at).rev();
    let mut places = std::iter::once(end).chain(places);
    let ends = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let next = text[*at..].chars().next();
        *at > end / 2 && !before.is_some_and(joins) && !next.is_some_and(|c| joins(c) || belongs(c))
    };
    places.find(ends).unwrap_or(end)
}

/// The joiner of emojis.
const fn joins(c: char) -> bool {
    c == '\u{200D}'
}

/// Marks that belong to the character before: accents, variation selectors, the tones of skins, the second letters of flags.
const fn belongs(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{1F1E6}'..='\u{1F1FF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_texts_are_one_part_and_nothing_is_none() {
        assert_eq!(split("Hello", 10), ["Hello"]);
        assert_eq!(split(&"x".repeat(LONGEST), 10).len(), 1);
        assert!(split("", 10).is_empty() && split(" \n\t", 10).is_empty());
    }

    #[test]
    fn cuts_are_made_where_they_are_best() {
        let fill = |count: usize| "word ".repeat(count);
        let paragraphs = format!("{}\n\n{}", fill(600).trim(), fill(400).trim());
        assert_eq!(
            split(&paragraphs, 10),
            paragraphs.split("\n\n").collect::<Vec<_>>()
        );
        let lines = format!("{}\n{}", fill(600).trim(), fill(400).trim());
        assert_eq!(split(&lines, 10), lines.lines().collect::<Vec<_>>());
        let sentences = format!("{}. {}", fill(600).trim(), fill(400).trim());
        assert!(split(&sentences, 10)[0].ends_with("word."));
        assert!(
            split(&fill(2_000), 10)
                .iter()
                .all(|part| part.ends_with("word"))
        );
        // An early paragraph is not worth an almost empty message.
        let early = format!("Hi\n\n{}", fill(1_000).trim());
        assert!(split(&early, 10)[0].len() > LONGEST / 2);
        let without = "x".repeat(LONGEST + 1);
        assert_eq!(split(&without, 10).concat(), without);
    }

    #[test]
    fn characters_keep_their_marks() {
        for one in ["👩‍👩‍👧", "e\u{301}", "👍🏽", "🇩🇪", "☺\u{fe0f}"] {
            let text = one.repeat(LONGEST);
            for part in split(&text, 100) {
                assert!(
                    part.starts_with(one.chars().next().unwrap_or_default()),
                    "{one}"
                );
            }
        }
    }

    #[test]
    fn the_last_part_says_when_there_is_more() {
        let parts = split(&"word ".repeat(100_000), 3);
        assert_eq!(parts.len(), 3);
        assert!(parts[2].ends_with("[…]") && !parts[1].ends_with("[…]"));
        assert_eq!(
            split(&"x".repeat(2 * LONGEST), 2).concat().len(),
            2 * LONGEST
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_part_fits_and_nothing_but_white_space_is_lost(piece in "(\\PC|[ \n.👍é]){0,600}", times in 0_usize..16) {
            let text = piece.repeat(times);
            let parts = split(&text, 1_000);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert!(parts.iter().all(|part| !part.is_empty() && units(part) <= LONGEST));
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
        }

        #[test]
        fn there_are_never_more_than_may_be(piece in "[a ]{0,300}", times in 0_usize..100, most in 1_usize..4) {
            let text = piece.repeat(times);
            let parts = split(&text, most);
            prop_assert!(parts.len() <= most && parts.iter().all(|part| units(part) <= LONGEST));
        }
    }
}
