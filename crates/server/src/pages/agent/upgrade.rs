//! A later version of what the agent was installed from.

use maud::{Markup, html};

use super::page::AgentPage;

pub(super) fn section(page: &AgentPage) -> Markup {
    let upgrade = page
        .install
        .as_ref()
        .and_then(|install| install.upgrade_available.as_ref());
    let Some(upgrade) = upgrade.filter(|_| page.agent.archived_at.is_none()) else {
        return html! {};
    };
    let more = &upgrade.diff;
    html! {
        section.card.note aria-labelledby="upgrade" {
            h2 #upgrade { "Version " (upgrade.version) " is out" }
            @if upgrade.requires_consent {
                p { "It waits for you to agree, for it will be able to:" }
                ul {
                    @for service in &more.services { li { "use your connection to " strong { (service) } } }
                    @for tool in &more.tools { li { "call the tool " strong { (tool) } } }
                    @for domain in &more.domains { li { "speak to " strong { (domain) } } }
                }
                p.hint { "Take it with " code { "upgradeTemplate" } " and " code { "acceptCapabilities" } "." }
            } @else {
                p { "This agent stays at the version it was set to." }
                p.hint { "Take the newest with " code { "upgradeTemplate" } "." }
            }
        }
    }
}
