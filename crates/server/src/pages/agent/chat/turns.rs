//! What was said, turn by turn, and how the last of it ended.

use agentry_db::entity::agent_message::Model as Message;
use agentry_db::entity::run::Model as Run;
use agentry_db::entity::{MessageRole, RunStatus};
use agentry_schema::run::Talk;
use maud::{Markup, html};
use serde_json::Value;

use super::press;
use crate::pages::live::{Ended, Epilogue};
use crate::pages::visit::Visit;

/// What was said before a reply that is being written, and after it. Of a reply that is being written anew, what is to be
/// replaced is neither.
pub(super) fn around<'a>(messages: &'a [Message], run: &Run) -> (&'a [Message], &'a [Message]) {
    let asked = messages.iter().position(|one| one.id == run.message_id);
    let (before, after) = match asked {
        Some(place) => messages.split_at(place + 1),
        None => (messages, &[][..]),
    };
    // What waits in line behind it was said by the person.
    if after.first().is_some_and(is_by_person) {
        (before, after)
    } else {
        (before, &[])
    }
}

pub(super) fn is_by_person(message: &Message) -> bool {
    message.role == MessageRole::User
}

/// One message. Nothing of it is markup. `newest`: it is where a conversation is gone to.
pub(super) fn turn(message: &Message, agent: &str, newest: bool) -> Markup {
    let (class, who) = match message.role {
        MessageRole::User => ("you-say", "You"),
        MessageRole::Assistant => ("agent-says", agent),
        MessageRole::System => ("aside", "Instruction"),
        MessageRole::Tool => ("aside", "What the tool answered"),
    };
    let calls = message.tool_calls.as_ref().and_then(Value::as_array);
    html! {
        div.turn.(class) id=[newest.then_some("newest")] {
            div.who { p { (who) } }
            @if !message.content.is_empty() { div.text { (message.content) } }
            @for call in calls.into_iter().flatten() { (called(call)) }
        }
    }
}

/// A call of a tool, as it was made.
fn called(call: &Value) -> Markup {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    html! {
        p.call { "Calls " strong { (text("name")) } " with " code { (text("arguments")) } }
    }
}

/// How the run ended that was asked for last, where that is more to tell than the reply itself.
pub(super) fn ending(visit: &Visit, talk: &Talk) -> Markup {
    let Some(run) = &talk.last else {
        return html! {};
    };
    // What was said since stands for itself.
    let asked = talk.messages.iter().rposition(is_by_person);
    let asked = asked.and_then(|place| talk.messages.get(place));
    if asked.is_none_or(|asked| asked.id != run.message_id) {
        return html! {};
    }
    let said = talk.messages.iter().any(|one| one.id == run.reply_id);
    told(run, said, &press::again(visit, run))
}

/// What is said when a reply that was followed has ended.
pub(in crate::pages::agent) fn epilogue(visit: &Visit, talk: &Talk, agent: &str) -> Epilogue {
    let Some(run) = &talk.active else {
        return Box::new(|_| html! {});
    };
    let again = press::again(visit, run);
    let reload = super::address(visit, talk.conversation.id.as_str());
    // A reply that was to be replaced stays when nothing came in its place.
    let (before, after) = around(&talk.messages, run);
    let replaced = &talk.messages[before.len() + after.len()..];
    let replaced: String = replaced
        .iter()
        .map(|one| turn(one, agent, false).into_string())
        .collect();
    Box::new(move |ended| {
        html! {
            // Takes the button and the cursor away, where the style sheet is.
            span.ended {}
            @match ended {
                Ended::Run(ending) => {
                    @if ending.message.is_none() { (maud::PreEscaped(&replaced)) }
                    (told(&ending.run, ending.message.is_some(), &again))
                }
                Ended::Away => p.problem role="alert" {
                    "The reply goes on, and cannot be followed here. " a href=(reload) { "Open it again" } "."
                },
                Ended::Out => p.problem role="alert" {
                    "You are signed out, or may not see this any more. " a href=(reload) { "Open it again" } "."
                },
            }
        }
    })
}

fn told(run: &Run, said: bool, again: &Markup) -> Markup {
    let failed = "It could not answer.".to_owned();
    html! {
        @match run.status {
            RunStatus::Completed if !said => p.muted { "It had nothing to say." },
            RunStatus::Completed | RunStatus::Queued | RunStatus::Running => {}
            RunStatus::Failed => {
                p.problem role="alert" { (run.error_message.as_ref().unwrap_or(&failed)) }
                (again)
            }
            RunStatus::Cancelled => {
                p.muted { "It was stopped." }
                (again)
            }
        }
    }
}
