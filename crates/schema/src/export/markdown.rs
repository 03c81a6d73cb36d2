//! A conversation as Markdown (`CommonMark`). What was said is quoted, line by line: no line of it begins as one of ours does.

use std::fmt::Write as _;

use agentry_db::agent_message::Branch;
use agentry_db::entity::MessageRole;
use agentry_db::entity::agent_feedback::Model as Feedback;
use agentry_db::entity::agent_message::Model as Message;
use agentry_db::entity::conversation::Model as Conversation;
use agentry_db::run;
use chrono::{DateTime, Utc};

use super::json::{outcome, rating, time};

/// All before the first message.
pub(super) fn head(conversation: &Conversation, exported_at: DateTime<Utc>) -> String {
    let title = conversation.title.as_deref().unwrap_or("Conversation");
    format!(
        "# {}\n\nConversation `{}`, begun {}, exported {}.\n",
        plain(title),
        code(conversation.id.as_str()),
        time(conversation.created_at),
        time(exported_at),
    )
}

/// Adds a message.
pub(super) fn message(
    text: &mut String,
    message: &Message,
    feedback: Option<Feedback>,
    branch: Branch,
) {
    let who = match message.role {
        MessageRole::User => "User",
        MessageRole::Assistant => "Assistant",
        MessageRole::System => "System",
        MessageRole::Tool => "Tool",
    };
    let mut about = vec![time(message.created_at)];
    about.extend(message.model.as_deref().map(plain));
    about.extend(message.agent_version.map(|n| format!("version {n}")));
    if let Some(call) = &message.tool_call_id {
        let outcome = message.tool_outcome.map_or("result", outcome);
        about.push(format!("{outcome} of `{}`", code(call)));
    }
    about.extend(feedback.map(|feedback| format!("rated {}", rating(feedback.rating))));
    if branch == Branch::All {
        about.push(format!("`{}`", code(message.id.as_str())));
        let parent = message.parent_id.as_ref();
        about.extend(parent.map(|id| format!("after `{}`", code(id.as_str()))));
        about.extend((!message.is_current).then(|| "not shown".to_owned()));
    }
    let _ = write!(text, "\n## {who}\n\n{}\n", about.join(" · "));
    if !message.content.is_empty() {
        quote(text, &message.content);
    }
    for call in run::read_calls(message.tool_calls.as_ref()) {
        let _ = write!(
            text,
            "\nCalls {} · `{}`\n",
            plain(&call.name),
            code(&call.id)
        );
        let fence = fence(&call.arguments);
        quote(text, &format!("{fence}json\n{}\n{fence}", call.arguments));
    }
}

/// Backticks, more than stand in a row in this.
fn fence(code: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest + 1)
}

/// Adds a quotation. Each line of it, whatever ends lines there, is one of ours.
fn quote(text: &mut String, said: &str) {
    text.push('\n');
    let said = said.replace("\r\n", "\n");
    for line in said.split([
        '\n', '\r', '\u{0B}', '\u{0C}', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        text.push_str(if line.is_empty() { ">" } else { "> " });
        text.push_str(line);
        text.push('\n');
    }
}

/// One line that is taken for nothing but itself: every sign of ASCII with a backslash before it.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_ascii_punctuation() {
            text.push('\\');
        }
        text.push(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        });
    }
    text
}

/// What may stand between backticks.
fn code(id: &str) -> String {
    id.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_what_was_said_begins_as_one_of_ours() {
        let mut text = String::new();
        let said =
            "# a\r\n## User\r## User\n\n## User\u{2028}## User\u{85}## User\n```\n</blockquote>";
        quote(&mut text, said);
        let mut lines = text.split(['\n', '\r', '\u{2028}', '\u{85}']);
        assert_eq!(lines.next(), Some(""));
        assert!(
            lines.all(|line| line.is_empty() || line.starts_with('>')),
            "{text}"
        );
        assert!(text.ends_with("> </blockquote>\n"));
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(fence("{}"), "```");
        assert_eq!(fence("{\"a\": \"````\"}"), "`````");
    }

    #[test]
    fn a_title_is_one_line_and_no_markup() {
        assert_eq!(plain("a*b*\n# <b>`c`"), "a\\*b\\* \\# \\<b\\>\\`c\\`");
    }
}
