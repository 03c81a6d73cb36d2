use agentry_db::entity::conversation::Model;

use super::ConversationExportFormat;

/// The longest part of a title in a file's name, in characters.
const MAX_TITLE: usize = 60;

/// What a downloaded file is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// In letters, digits, `-` and `.` of ASCII alone.
    pub plain: String,
    /// In any letters; no file system refuses it, none takes it for a path.
    pub full: String,
}

impl FileName {
    pub(super) fn of(conversation: &Model, format: ConversationExportFormat) -> Self {
        let ending = match format {
            ConversationExportFormat::Json => "json",
            ConversationExportFormat::Markdown => "md",
        };
        let id = words(conversation.id.as_str(), |c| c.is_ascii_alphanumeric());
        let title = conversation.title.as_deref().unwrap_or_default();
        let name = |title: String| {
            let title = if title.is_empty() {
                "conversation".to_owned()
            } else {
                title
            };
            format!("{title}-{id}.{ending}")
        };
        Self {
            plain: name(words(title, |c| c.is_ascii_alphanumeric())),
            full: name(words(title, char::is_alphanumeric)),
        }
    }
}

/// What is left of a text with a dash for all that is not among `those`.
fn words(text: &str, those: impl Fn(char) -> bool) -> String {
    let mut name = String::new();
    let kept = text.chars().map(|c| if those(c) { c } else { '-' });
    for c in kept.take(MAX_TITLE) {
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_be_more_than_a_name() {
        let plain = |text| words(text, |c: char| c.is_ascii_alphanumeric());
        assert_eq!(plain("../../etc/passwd"), "etc-passwd");
        assert_eq!(
            plain("a\"; filename=evil.exe\r\nX: y"),
            "a-filename-evil-exe-X-y"
        );
        assert_eq!(plain("東京"), "");
        assert_eq!(
            words("東京 2026 / plan", char::is_alphanumeric),
            "東京-2026-plan"
        );
        assert_eq!(plain(&"x".repeat(500)).len(), MAX_TITLE);
    }
}
