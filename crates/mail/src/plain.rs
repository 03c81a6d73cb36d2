//! Texts of strangers, made fit to stand in a message of ours.

/// The most characters of a name that a message repeats.
const MAX_NAME: usize = 60;

/// A name as a message may repeat it: one line, cut, and nothing that a mail program would make a link of. Whoever invites
/// chooses the name and the recipient; without this, our messages would carry their advertisements.
pub(crate) fn name(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = text.chars().take(MAX_NAME + 1).peekable();
    let (mut count, mut before) = (0, ' ');
    while let Some(letter) = letters.next() {
        let letter = if letter.is_control() || turns(letter) {
            ' '
        } else {
            letter
        };
        if count == MAX_NAME {
            kept.push('…');
            break;
        }
        count += 1;
        let next = letters.peek().copied().unwrap_or(' ');
        let shown = match letter {
            // Full stops of other scripts separate the labels of a domain as well.
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '/' | '\\' | ':' | '@' | '<' | '>' | '['
            | ']' | '(' | ')' | '"' => ' ',
            '.' if before.is_alphanumeric() && next.is_alphanumeric() => '·',
            letter => letter,
        };
        before = letter;
        if shown != ' ' || !kept.ends_with(' ') {
            kept.push(shown);
        }
    }
    let kept = kept.trim();
    if kept.is_empty() {
        "Somebody".to_owned()
    } else {
        kept.to_owned()
    }
}

/// Line and paragraph separators, and characters that show as nothing or turn the text around.
fn turns(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A text inside HTML, in an element or an attribute in double quotes.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_readable() {
        for plain in ["Ada Lovelace", "J. R. Smith", "Müller & Söhne", "株式会社"] {
            assert_eq!(name(plain), plain);
        }
        assert_eq!(name("acme.ai"), "acme·ai");
        assert_eq!(name(" \u{200b}\n "), "Somebody");
        assert_eq!(name(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn names_bring_no_link_no_line_and_no_markup() {
        let bad = name("Win at https://evil.example/x\r\nBcc: a@b.example <b>\u{202e}");
        assert!(
            !bad.contains(['/', ':', '@', '<', '>', '\r', '\n', '\u{202e}'])
                && !bad.contains("evil.example"),
            "{bad}"
        );
        assert_eq!(name("evil。example"), "evil example");
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(
            html(r#"<a href="x">'&"#),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;"
        );
    }
}
