//! What the agent needs, and whether it has it.

use maud::{Markup, html};

use super::connect;
use super::page::AgentPage;
use crate::pages::visit::Visit;

pub(super) fn section(visit: &Visit, page: &AgentPage) -> Markup {
    let Some(install) = &page.install else {
        return html! {};
    };
    let all = &install.requirements;
    let missing = all.iter().filter(|one| !one.met).count();
    html! {
        @if !all.is_empty() {
            section.card aria-labelledby="needs" {
                h2 #needs {
                    @if missing == 0 { "It has what it needs" } @else { "Before it can work" }
                }
                ul.requirements {
                    @for one in all {
                        li .met[one.met] {
                            @if one.met {
                                p { "A connection to " strong { (one.name) } " is linked." }
                            } @else {
                                p { "It needs a connection to " strong { (one.name) } "." }
                                @if connect::may(page) { (connect::form(visit, page, &one.name)) }
                                @else { p.hint {
                                    "Only its owner can give it a key for " (one.name) ": on this page, signed in."
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}
