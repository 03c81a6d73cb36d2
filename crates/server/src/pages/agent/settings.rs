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
    let is_theirs = agent.user_id == page.user.id;
    let changed = || {
        html! { " " span.chip { @if is_theirs { "changed by you" } @else { "changed by its owner" } } }
    };
    let row = |name: &str, member: &str, value: Markup| {
        html! {
            dt { (name) }
            dd { (value) @if own(member) { (changed()) } }
        }
    };
    html! {
        section.card aria-labelledby="settings" {
            h2 #settings { "Settings" }
            dl.settings {
                (row("Model", "model", html! { code { (agent.model) } }))
                (row("Temperature", "temperature", html! { (agent.temperature.normalize()) }))
                @if let Some(most) = agent.max_tokens { (row("Longest answer", "maxTokens", html! { (most) " tokens" })) }
                (row("Who sees it", "", html! { (who_sees(page, is_theirs)) }))
            }
            details {
                summary { "What it is told" @if own("systemPrompt") { (changed()) } }
                pre.prompt tabindex="0" { (agent.system_prompt) }
            }
        }
    }
}

const fn who_sees(page: &AgentPage, is_theirs: bool) -> &'static str {
    match (page.agent.visibility, is_theirs) {
        (Visibility::Organization, _) => "Everyone in the organisation",
        (Visibility::Private, true) => "You, and the organisation's owners and admins",
        (Visibility::Private, false) => "Its owner, and the organisation's owners and admins",
    }
}
