//! Talking to the agent: what was said, a form to say more, and the reply as it is written.

mod press;
mod turns;

use agentry_db::ids::{AgentId, ConversationId};
use agentry_schema::run::{Talk, talk};
use maud::{Markup, html};

use super::page::AgentPage;
use crate::front::fault;
use crate::http::{Fault, RequestId};
use crate::pages::problems::Problems;
use crate::pages::visit::Visit;
use crate::pages::{PART, live};
pub(super) use press::{Pressed, press, text as typed};
pub(super) use turns::epilogue;

/// The most messages that are shown.
const MOST: u64 = 60;

/// The word for a conversation that is yet to begin.
const NEW: &str = "new";

/// The field of the form.
const FIELD: &str = "said";

/// Which conversation is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The one in which something happened last.
    Latest,
    /// One that is yet to begin.
    New,
    /// This one.
    Conversation(ConversationId),
}

impl Wanted {
    /// As an address or a form says it.
    pub(super) fn read(word: &str) -> Self {
        match word {
            "" => Self::Latest,
            NEW => Self::New,
            id if id.contains('\0') => Self::Latest,
            id => Self::Conversation(id.into()),
        }
    }

    /// As the query of an address says it.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let word = query
            .filter(|(name, _)| name == "conversation")
            .map(|(_, word)| word)
            .next();
        Self::read(&word.unwrap_or_default())
    }
}

/// What the section shows.
#[derive(Default)]
pub(super) struct Chat {
    /// What was said, if anything was.
    pub(super) talk: Option<Talk>,
    /// Whether the reply that is being written comes with the page.
    pub(super) is_followed: bool,
    /// What was typed and is kept.
    pub(super) typed: String,
    /// Why it was not done just now.
    pub(super) refused: Option<Problems>,
}

impl Chat {
    /// Reads what was said.
    ///
    /// # Errors
    /// The fault of a database that does not answer.
    pub(super) async fn read(
        &mut self,
        visit: &Visit,
        agent: &AgentId,
        wanted: &Wanted,
    ) -> Result<(), Fault> {
        let id = match wanted {
            Wanted::New => return Ok(()),
            Wanted::Latest => None,
            Wanted::Conversation(id) => Some(id),
        };
        let found = talk(&visit.context, agent, id, MOST).await;
        self.talk = found.map_err(|error| fault(&error))?;
        Ok(())
    }
}

/// Where a conversation is shown, at its newest message.
fn address(visit: &Visit, conversation: &str) -> String {
    let conversation = percent_encoding::utf8_percent_encode(conversation, PART);
    format!("{}?conversation={conversation}#newest", visit.path)
}

pub(super) fn section(visit: &Visit, page: &AgentPage) -> Markup {
    let chat = &page.chat;
    let archived = page.agent.archived_at.is_some();
    if archived && chat.talk.is_none() {
        return html! {};
    }
    let fresh = format!("{}?conversation={NEW}#chat", visit.path);
    html! {
        section.card.chat aria-labelledby="chat" {
            div.top {
                h2 #chat { "Talk to it" }
                @if chat.talk.is_some() && !archived { a.button href=(fresh) { "New conversation" } }
            }
            @if let Some(problems) = &chat.refused {
                (problems.summary(&[FIELD]))
                @if problems.is_unconnected() { p { a href="#needs" { "Connect it" } ", and say it again." } }
            }
            @match &chat.talk {
                Some(talk) => (said(visit, page, talk)),
                None => p.hint { "Nothing has been said yet. Only you" @if !owns(page) { " and its owner" } " will see what you say." },
            }
            @if !archived { (composer(visit, page)) }
        }
    }
}

fn owns(page: &AgentPage) -> bool {
    page.agent.user_id == page.user.id
}

/// All that was said and, in its place, what is being said.
fn said(visit: &Visit, page: &AgentPage, talk: &Talk) -> Markup {
    let name = &page.agent.name;
    let (before, after) = match &talk.active {
        Some(run) => turns::around(&talk.messages, run),
        None => (&talk.messages[..], &[][..]),
    };
    let asked = before
        .iter()
        .rposition(turns::is_by_person)
        .unwrap_or_default();
    html! {
        div.talk role="log" aria-label="Conversation" {
            @if talk.is_cut { p.hint { "What was said before is not shown here." } }
            @for (place, message) in before.iter().enumerate() {
                (turns::turn(message, name, place == asked))
            }
            @if let Some(run) = &talk.active {
                // Browsers go to what has the focus while a page is still coming in, and to an anchor only when all of it is there.
                div.turn.agent-says.growing tabindex="-1" autofocus {
                    div.who {
                        p {
                            (name)
                            span.doing { " is answering" }
                        }
                        (press::stop(visit, run))
                    }
                    (live::place())
                    @if !page.chat.is_followed {
                        p.hint { "So many replies are followed already that this one is not. " a href=(address(visit, run.conversation_id.as_str())) { "Look again" } " later." }
                    }
                }
            }
            @for message in after { (turns::turn(message, name, false)) }
            @if talk.active.is_none() { (turns::ending(visit, talk)) }
        }
    }
}

fn composer(visit: &Visit, page: &AgentPage) -> Markup {
    let chat = &page.chat;
    if page.missing.is_some() {
        return html! {
            p.hint { "It can answer " a href="#needs" { "once it is connected" } "." }
            @if !chat.typed.is_empty() {
                div.field {
                    label for=(FIELD) { "Your message, which was not sent" }
                    textarea #said rows="3" readonly { "\n" (chat.typed) }
                }
            }
        };
    }
    let conversation = chat.talk.as_ref().map(|talk| talk.conversation.id.as_str());
    let problem = chat.refused.as_ref().and_then(|all| all.about(FIELD));
    let most = visit.context.services().limits.message_characters;
    html! {
        form.say method="post" action=(visit.path) {
            (visit.token.field())
            input type="hidden" name="conversation" value=(conversation.unwrap_or(NEW)) autocomplete="off";
            input type="hidden" name="once" value=(RequestId::random()) autocomplete="off";
            div.field {
                label for=(FIELD) { "Your message" }
                // The first line break of such an element is not part of its text.
                textarea #said name=(FIELD) rows="3" maxlength=(most) required
                    aria-invalid=[problem.map(|_| "true")] { "\n" (chat.typed) }
            }
            button.button.primary type="submit" name="as" value="say" { "Send" }
        }
    }
}
