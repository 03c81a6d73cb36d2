//! How the agent is set, and what of it its user changed.

use agentry_db::entity::Visibility;
use maud::{Markup, html};

use super::page::AgentPage;

pub(super) fn section(page: &AgentPage) -> Markup {
    let agent = &page.agent;
    let own = |member: &str| {
        let changed = page
            .install
            .as_ref()
            .map(|install| &install.overrides["agent"]);
        changed.is_some_and(|changed| changed.get(member).is_some())
    };
    let row = |name: &str, member: &str, value: Markup| {
        html! {
            dt { (name) }
            dd { (value) @if own(member) { " " span.chip { "changed by you" } } }
        }
    };
    let visibility = match agent.visibility {
        Visibility::Private => "You, and the organisation's owners and admins",
        Visibility::Organization => "Everyone in the organisation",
    };
    html! {
        section.card aria-labelledby="settings" {
            h2 #settings { "Settings" }
            dl.settings {
                (row("Model", "model", html! { code { (agent.model) } }))
                (row("Temperature", "temperature", html! { (agent.temperature.normalize()) }))
                @if let Some(most) = agent.max_tokens { (row("Longest answer", "maxTokens", html! { (most) " tokens" })) }
                (row("Who sees it", "", html! { (visibility) }))
            }
            details {
                summary { "What it is told" @if own("systemPrompt") { " " span.chip { "changed by you" } } }
                pre.prompt tabindex="0" { (agent.system_prompt) }
            }
        }
    }
}
