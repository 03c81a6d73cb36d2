//! What the agent needs, and whether it has it.

use maud::{Markup, html};

use super::connect;
use super::page::AgentPage;
use crate::pages::visit::Visit;

/// Whether the agent has a connection to a service that it needs; `None` when it needs none to it.
pub(super) fn has(page: &AgentPage, service: &str) -> Option<bool> {
    all(page)
        .into_iter()
        .find(|(name, _)| *name == service)
        .map(|(_, met)| met)
}

/// The services: those that its template asks for, and the one that its model is served by when it lacks that.
fn all(page: &AgentPage) -> Vec<(&str, bool)> {
    let install = page.install.iter();
    let asked = install.flat_map(|install| &install.requirements);
    let mut all: Vec<_> = asked.map(|one| (one.name.as_str(), one.met)).collect();
    let missing = page.missing.as_ref().and_then(|one| one.service.as_deref());
    if let Some(service) = missing
        && all.iter().all(|(name, _)| *name != service)
    {
        all.push((service, false));
    }
    all
}

pub(super) fn section(visit: &Visit, page: &AgentPage) -> Markup {
    let all = all(page);
    let unserved = page.missing.as_ref().filter(|one| one.service.is_none());
    let is_ready = unserved.is_none() && all.iter().all(|(_, met)| *met);
    html! {
        @if !all.is_empty() || unserved.is_some() {
            section.card aria-labelledby="needs" {
                h2 #needs {
                    @if is_ready { "It has what it needs" } @else { "Before it can work" }
                }
                ul.requirements {
                    @for (name, met) in all {
                        li .met[met] {
                            @if met {
                                p { "A connection to " strong { (name) } " is linked." }
                            } @else {
                                p { "It needs a connection to " strong { (name) } "." }
                                @if connect::may(page) { (connect::form(visit, page, name)) }
                                @else { p.hint {
                                    "Only its owner can give it a key for " (name) ": on this page, signed in."
                                } }
                            }
                        }
                    }
                    @if let Some(one) = unserved {
                        li {
                            p { "It needs one connection to a service that serves the model " code { (one.model) } "." }
                            p.hint { "Link one, and no more than one, or write the model as service/model." }
                        }
                    }
                }
            }
        }
    }
}
