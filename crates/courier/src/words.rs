//! What the bot itself says. The agent says all else.

/// The longest name of a template, or reason, that is repeated, in characters.
const MOST: usize = 300;

pub(crate) const ONLY_TEXT: &str =
    "I can read text, and nothing else so far. Please write to me what you would like to say.";
pub(crate) const TOO_LONG: &str =
    "This message is longer than I can read. Please send it in parts.";
pub(crate) const TOO_OFTEN: &str =
    "You are writing faster than I can answer. Please wait a minute, and write again.";
pub(crate) const BUSY: &str =
    "I am still at work on what you wrote before. Please wait for my answers, and write again.";
pub(crate) const TOO_MANY_CODES: &str =
    "Too many codes came from your number. Please wait ten minutes, and try again.";
pub(crate) const CODE_UNKNOWN: &str = "This code is not known: it may have been used, or another one taken its place. Ask for a new one where you got it.";
pub(crate) const GONE: &str = "This agent is not yours to write to any more.";
pub(crate) const CANCELLED: &str = "This answer was cancelled.";
pub(crate) const NOTHING_SAID: &str = "I have no answer to this.";

pub(crate) const CODE_EXPIRED: &str =
    "This code is too old. Ask for a new one where you got it, and send it within ten minutes.";
pub(crate) const CODE_OF_ANOTHER: &str =
    "This code was made for another number. Ask for one for this number, and send that.";
pub(crate) const LINKED_ELSEWHERE: &str =
    "This number is linked to another account. Unlink it there first.";

/// The sender is theirs, and what they write here goes to their agent.
pub(crate) fn linked(template: &str) -> String {
    format!(
        "Your number is linked. Write to me here from now on, and your {} answers.",
        short(template)
    )
}

/// The sender is theirs, and they have no agent to write to yet.
pub(crate) fn linked_alone(template: &str, link: &str) -> String {
    format!(
        "Your number is linked. Install {} here, and I answer: {link}",
        short(template)
    )
}

/// The sender is theirs, and there are several agents, of which none comes first.
pub(crate) fn linked_several(template: &str, link: &str) -> String {
    format!("Your number is linked. {}", several(template, link))
}

/// Nobody has shown to be the sender.
pub(crate) fn not_linked(template: &str, link: &str) -> String {
    format!(
        "Hello, this is {}. I answer people who have installed me and linked their number. Install me and link this number here: {link}",
        short(template)
    )
}

/// Whoever the sender is has not installed the template.
pub(crate) fn not_installed(template: &str, link: &str) -> String {
    format!(
        "Hello, this is {}. Your number is linked. Install me here, and I answer: {link}",
        short(template)
    )
}

/// There are several agents, and none comes first.
pub(crate) fn several(template: &str, link: &str) -> String {
    format!(
        "{} is installed in several organisations of yours, and I do not know which one you mean. Install it for yourself here, and that one answers: {link}",
        short(template)
    )
}

/// The agent has nothing to answer with; `page` is its own, where there are pages.
pub(crate) fn no_connection(model: &str, page: Option<&str>) -> String {
    let model = short(model);
    let what = format!(
        "Your agent cannot answer: it has no API connection for its model {model}. Link one to it"
    );
    match page {
        Some(page) => format!("{what} here, and write again: {page}"),
        None => format!("{what}, and write again."),
    }
}

/// The run failed; `said` is what it said until then.
pub(crate) fn failed(said: &str, why: &str) -> String {
    let why = short(why);
    if said.trim().is_empty() {
        format!("Your agent could not answer. {why}")
    } else {
        format!("{said}\n\n[Your agent could not go on. {why}]")
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_repeated_in_part_at_most() {
        let long = "é".repeat(10_000);
        assert!(
            not_linked(&long, "https://a.example/install/x")
                .chars()
                .count()
                < 600
        );
        assert!(failed("", &long).ends_with('…'));
        assert!(failed("So far.", "It broke.").starts_with("So far."));
    }
}
