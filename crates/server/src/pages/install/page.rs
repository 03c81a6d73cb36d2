//! The page of a template.

use agentry_schema::template::{Provides, Template};
use maud::{Markup, html};

use super::offer::Offer;
use super::person::Person;
use super::{Shown, action};
use crate::pages::agent::whatsapp::PLACE;
use crate::pages::agent_path;
use crate::pages::layout::{self, Head};
use crate::pages::visit::Visit;

pub(super) fn page(
    visit: &Visit,
    offer: &Offer,
    person: Option<&Person>,
    shown: &Shown<'_>,
) -> Markup {
    let template = &offer.template;
    let head = Head {
        title: &template.name,
        description: template.description.as_deref(),
        address: visit.address(),
        noindex: offer.is_unlisted(),
    };
    let account = person.map(|person| layout::account(visit, &person.user));
    let main = html! {
        div.offer {
            (hero(template, person))
            (action::card(visit, offer, person, shown))
            div.details {
                (brings(offer))
                (needs(template))
                (version(template))
            }
        }
    };
    layout::page(&head, account.as_ref(), &main)
}

fn hero(template: &Template, person: Option<&Person>) -> Markup {
    html! {
        section.hero {
            div.tile aria-hidden="true" { (picture(template.icon.as_deref(), &template.name)) }
            div {
                h1 { (template.name) }
                p.by {
                    "by " strong { (template.publisher.name) } " " span.muted { "@" (template.publisher.slug) }
                    @if let Some(category) = &template.category { span.chip { (category) } }
                }
            }
            @if let Some(description) = &template.description { p.lead { (description) } }
            @if let Some(phone) = &template.bot_phone {
                (on_whatsapp(phone, person))
            }
        }
    }
}

/// The way to its bot; first to linking a number, for it answers nobody before.
fn on_whatsapp(bot: &str, person: Option<&Person>) -> Markup {
    let to_link = person.and_then(Person::to_link);
    let is_here = person.is_some_and(|person| person.installed().next().is_some());
    html! {
        @if let Some((organization, agent)) = to_link {
            p {
                a.button href={ (agent_path(&organization.slug, agent.as_str())) (PLACE) } { "Link your number on WhatsApp" }
            }
            p.hint { "It answers there once you have." }
        } @else {
            p { a.button href={ "https://wa.me/" (bot) } rel="noopener noreferrer" { "Talk to it on WhatsApp" } }
            @if !is_here { p.hint { "Install it first, and link your number on the page of its agent: it answers there then." } }
        }
    }
}

/// Its emoji, or the first letter of its name: the name of an icon is a name in somebody else's set.
pub(in crate::pages) fn picture(icon: Option<&str>, name: &str) -> String {
    let icon = icon.unwrap_or_default();
    if !icon.is_empty() && !icon.is_ascii() && icon.chars().count() <= 8 {
        return icon.to_owned();
    }
    let first = name.chars().next();
    first.map_or_else(String::new, |first| first.to_uppercase().collect())
}

/// A kind of thing that a template brings.
struct Kind {
    /// As it is stored.
    name: &'static str,
    one: &'static str,
    several: &'static str,
    /// What it is, to somebody who never heard of it.
    hint: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "entity",
        one: "type of thing",
        several: "types of things",
        hint: "What it keeps track of.",
    },
    Kind {
        name: "relationship",
        one: "type of relationship",
        several: "types of relationships",
        hint: "How those belong together.",
    },
    Kind {
        name: "watcher",
        one: "watcher",
        several: "watchers",
        hint: "What it looks at by itself, now and then.",
    },
    Kind {
        name: "classifier",
        one: "classifier",
        several: "classifiers",
        hint: "How it sorts what it finds.",
    },
];

fn counts(provides: Provides) -> [i32; 4] {
    [
        provides.entity_types,
        provides.entity_relationship_types,
        provides.watchers,
        provides.event_classifiers,
    ]
}

fn brings(offer: &Offer) -> Markup {
    let counts = counts(offer.template.provides);
    let kinds = KINDS.iter().zip(counts).filter(|(_, count)| *count > 0);
    html! {
        section aria-labelledby="brings" {
            h2 #brings { "What it brings" }
            @if counts == [0; 4] {
                p { "An agent to talk to, and nothing besides." }
            } @else {
                ul.kinds {
                    @for (kind, count) in kinds {
                        li {
                            div.kind {
                                p { strong.count { (count) } " " @if count == 1 { (kind.one) } @else { (kind.several) } }
                                p.hint { (kind.hint) }
                            }
                            (names(offer, kind.name, count))
                        }
                    }
                }
                p.hint { "Nothing of it is copied: what the publisher improves, you have as well." }
            }
        }
    }
}

fn names(offer: &Offer, kind: &str, count: i32) -> Markup {
    let named: Vec<_> = offer
        .parts
        .iter()
        .filter(|part| part.kind == kind)
        .collect();
    let more = usize::try_from(count)
        .unwrap_or_default()
        .saturating_sub(named.len());
    html! {
        ul.chips {
            @for part in &named { li.chip { (part.name) } }
            @if more > 0 { li.more { "and " (more) " more" } }
        }
    }
}

fn needs(template: &Template) -> Markup {
    let wants = &template.capabilities;
    let nothing = [&wants.services, &wants.tools, &wants.domains];
    let nothing = nothing.iter().all(|list| list.is_empty());
    let list = |title: &str, hint: &str, all: &[String]| {
        html! {
            @if !all.is_empty() {
                dt { (title) }
                dd {
                    ul.chips { @for one in all { li.chip { (one) } } }
                    p.hint { (hint) }
                }
            }
        }
    };
    html! {
        section aria-labelledby="needs" {
            h2 #needs { "What it needs" }
            @if nothing {
                p { "No tool and no site. Once it is installed, you give it a key for the service of its model." }
            } @else {
                dl.needs {
                    (list("Connections", "You link your own to it after installing. Its publisher never sees them.", &wants.services))
                    (list("Tools", "What it may call by itself.", &wants.tools))
                    (list("Sites", "Where it may read and write.", &wants.domains))
                }
            }
        }
    }
}

fn version(template: &Template) -> Markup {
    html! {
        section aria-labelledby="version" {
            h2 #version { "Version " @if let Some(version) = template.version { (version) } }
            @if let Some(published) = template.published_at {
                p.muted {
                    "Published by " (template.publisher.name) " (@" (template.publisher.slug) ") on "
                    time datetime=(published.to_rfc3339()) { (published.format("%-d %B %Y").to_string()) } "."
                }
            }
            @if let Some(notes) = &template.notes { p.text { (notes) } }
        }
    }
}
