//! Where the agent comes from.

use agentry_schema::template::TemplateStatus;
use maud::{Markup, html};

use super::page::AgentPage;
use crate::pages::install_path;

pub(super) fn section(page: &AgentPage) -> Markup {
    let Some(install) = &page.install else {
        return html! {};
    };
    let template = &install.template;
    // The page of a template that is not to be had any more is not there.
    let open = matches!(
        template.status,
        TemplateStatus::Published | TemplateStatus::Unlisted
    );
    let at = install.installed_at;
    html! {
        section.card aria-labelledby="origin" {
            h2 #origin { "Where it comes from" }
            dl.settings {
                dt { "Template" }
                dd {
                    @if open { a href=(install_path(&template.slug)) { (template.name) } }
                    @else { (template.name) " " span.chip { "withdrawn" } }
                }
                dt { "Publisher" }
                dd { (template.publisher.name) " " span.muted { "@" (template.publisher.slug) } }
                dt { "Version" }
                dd {
                    (install.version)
                    @if install.pinned_version.is_some() { ", and it stays there" } @else { ", and it follows the newest" }
                }
                dt { "Installed" }
                dd { time datetime=(at.to_rfc3339()) { (at.format("%-d %B %Y").to_string()) } }
            }
        }
    }
}
