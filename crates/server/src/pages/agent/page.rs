//! The page of an agent, section by section.

use agentry_db::entity::agent::Model as Agent;
use agentry_db::organization::{Membership, User};
use agentry_db::run::Missing;
use agentry_schema::template::TemplateInstall;
use maud::{Markup, html};

use super::chat::{self, Chat};
use super::whatsapp::{self, WhatsApp};
use super::{needs, origin, settings, upgrade};
use crate::pages::install::page::picture;
use crate::pages::layout::{self, Head};
use crate::pages::visit::Visit;

/// What the page shows.
pub(super) struct AgentPage {
    /// Who looks at it.
    pub(super) user: User,
    /// Where the agent is.
    pub(super) organization: Membership,
    /// The agent as it is now.
    pub(super) agent: Agent,
    /// What it was installed from, if it was.
    pub(super) install: Option<TemplateInstall>,
    /// What it lacks to be able to answer, if anything.
    pub(super) missing: Option<Missing>,
    /// Its bot on WhatsApp, and who looks as a sender to it, where there is one to write to.
    pub(super) whatsapp: Option<WhatsApp>,
    /// What was said to it, and by it.
    pub(super) chat: Chat,
    /// The service to which it could not be connected just now, and why.
    pub(super) refused: Option<(String, String)>,
    /// Why it was not moved to a later version just now.
    pub(super) not_upgraded: Option<String>,
}

/// Its sections in order. One that has nothing to say is empty.
fn sections(visit: &Visit, page: &AgentPage) -> [Markup; 6] {
    [
        upgrade::section(visit, page),
        needs::section(visit, page),
        whatsapp::section(visit, page),
        chat::section(visit, page),
        settings::section(page),
        origin::section(page),
    ]
}

pub(super) fn page(visit: &Visit, page: &AgentPage) -> Markup {
    let agent = &page.agent;
    let head = Head {
        title: &agent.name,
        noindex: true,
        ..Head::default()
    };
    let template = page.install.as_ref().map(|install| &install.template);
    let icon = template.and_then(|template| template.icon.as_deref());
    let about = template.and_then(|template| template.description.as_ref());
    let about = agent.description.as_ref().or(about);
    let account = layout::account(visit, &page.user);
    let main = html! {
        div.agent {
            section.hero {
                div.tile aria-hidden="true" { (picture(icon, &agent.name)) }
                div {
                    h1 { (agent.name) }
                    p.by { "in " strong { (page.organization.name) } }
                }
                @if let Some(description) = about { p.lead { (description) } }
            }
            @if agent.archived_at.is_some() {
                div.card.note role="note" {
                    h2 { "It is archived" }
                    p { "Its template was uninstalled here. What was said and stored with it stays." }
                }
            }
            @for section in sections(visit, page) { (section) }
        }
    };
    layout::page(&head, Some(&account), &main)
}
