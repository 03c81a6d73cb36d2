use std::ops::Range;

use super::TextRange;

/// The most characters of a snippet that are the message's.
const LENGTH: usize = 240;
/// About how many of them come before the first place.
const BEFORE: usize = 60;
/// How far to look for a gap between words to cut at.
const SLACK: usize = 20;

/// What a text says around the first of these places, and where these are in that.
pub(super) fn snippet(text: &str, places: &[Range<usize>]) -> (String, Vec<TextRange>) {
    let first = places.first().map_or(0, |place| place.start);
    let wanted = first.saturating_sub(BEFORE);
    let start = if wanted == 0 {
        0
    } else {
        // Behind the next gap, if there is one before the place itself.
        let mut near = text.chars().skip(wanted).take(SLACK.min(first - wanted));
        near.position(char::is_whitespace)
            .map_or(wanted, |at| wanted + at + 1)
    };
    let shown: String = text.chars().skip(start).take(LENGTH).collect();
    let length = shown.chars().count();
    let goes_on = text.chars().nth(start + length).is_some();
    let lead = usize::from(start > 0);
    let ranges = places
        .iter()
        .filter(|place| place.start >= start && place.start < start + length)
        .map(|place| TextRange {
            start: number(place.start - start + lead),
            end: number(place.end.min(start + length) - start + lead),
        })
        .collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if goes_on { "…" } else { "" };
    (format!("{before}{shown}{after}"), ranges)
}

fn number(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use agentry_db::search::Terms;

    use super::*;

    /// The snippet, and what is highlighted in it.
    fn shown(text: &str, query: &str) -> (String, Vec<String>) {
        let places = Terms::parse(query).ok().and_then(|terms| terms.find(text));
        let (snippet, ranges) = snippet(text, &places.unwrap_or_default());
        let part = |range: &TextRange| {
            let (start, end) = (
                range.start.unsigned_abs() as usize,
                range.end.unsigned_abs() as usize,
            );
            snippet.chars().skip(start).take(end - start).collect()
        };
        let parts = ranges.iter().map(part).collect();
        (snippet, parts)
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        let (snippet, parts) = shown("Ein schönes Café.", "cafe");
        assert_eq!(snippet, "Ein schönes Café.");
        assert_eq!(parts, ["Café"]);
    }

    #[test]
    fn a_long_text_is_shown_around_the_first_place() {
        let text = format!(
            "{}needle 🙂 {}needle",
            "Some hay. ".repeat(40),
            "more hay ".repeat(60)
        );
        let (snippet, parts) = shown(&text, "needle");
        assert!(
            snippet.starts_with("…hay. Some") || snippet.starts_with("…Some hay."),
            "{snippet}"
        );
        assert!(snippet.ends_with('…'), "{snippet}");
        assert_eq!(snippet.chars().count(), 242);
        assert_eq!(parts, ["needle"]);
    }

    #[test]
    fn a_place_that_is_cut_ends_with_the_snippet() {
        let text = "x".repeat(1_000);
        let (snippet, parts) = shown(&text, "x");
        assert_eq!(
            (snippet.chars().count(), parts[0].chars().count()),
            (241, 240)
        );
    }
}
