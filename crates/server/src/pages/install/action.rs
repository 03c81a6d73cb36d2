//! What can be done on the page of a template: come in, agree, install; or go to what is installed.

use agentry_db::organization::Membership;
use maud::{Markup, html};

use super::offer::Offer;
use super::person::Person;
use super::{Shown, consent};
use crate::pages::agent_path;
use crate::pages::entry::{self, Entry};
use crate::pages::visit::Visit;

/// The card with the form.
pub(super) fn card(
    visit: &Visit,
    offer: &Offer,
    person: Option<&Person>,
    shown: &Shown<'_>,
) -> Markup {
    html! {
        section.card.action aria-labelledby="action" {
            @match person {
                None => (newcomer(visit, offer, shown)),
                Some(person) => (member(visit, offer, person, shown)),
            }
        }
    }
}

/// Nobody is signed in: both ways in, and the install at the end of either.
fn newcomer(visit: &Visit, offer: &Offer, shown: &Shown<'_>) -> Markup {
    let name = &offer.template.name;
    let new = shown.entry == Entry::SignUp;
    let way = |entry: Entry, text: &str| {
        let here = entry == shown.entry;
        html! {
            a href={ (visit.path) "?with=" (entry.word()) "#action" } aria-current=[here.then_some("page")] { (text) }
        }
    };
    html! {
        h2 #action { "Install " (name) }
        @if entry::offered(visit, Entry::SignUp) == Entry::SignUp {
            nav.ways aria-label="How to come in" { (way(Entry::SignUp, "New here")) (way(Entry::SignIn, "Sign in")) }
        }
        (problems(shown))
        form method="post" action=(visit.path) {
            (visit.token.field())
            (entry::fields(visit, shown.entry, &shown.typed, shown.problems))
            (consent::field(offer, shown))
            button.button.primary type="submit" name="as" value=(shown.entry.word()) {
                @if new { "Sign up and install" } @else { "Sign in and install" }
            }
            p.hint {
                @if new { "You get an account, an organisation of your own, and this agent in it." }
                @else { "You find it in your own organisation." }
            }
        }
    }
}

/// Somebody is signed in.
fn member(visit: &Visit, offer: &Offer, person: &Person, shown: &Shown<'_>) -> Markup {
    let name = &offer.template.name;
    let open = person.open();
    let installed: Vec<_> = person.installed().collect();
    html! {
        @if installed.is_empty() {
            h2 #action { "Install " (name) }
        } @else {
            h2 #action { "You have it already" }
            ul.places {
                @for (organization, agent) in &installed {
                    li { a.button.primary href=(agent_path(&organization.slug, agent.as_str())) { "Open it in " (organization.name) } }
                }
            }
        }
        (problems(shown))
        @if !open.is_empty() {
            @if !installed.is_empty() { h3 { "Install it somewhere else" } }
            form method="post" action=(visit.path) {
                (visit.token.field())
                (place(&open, shown))
                (consent::field(offer, shown))
                button.button type="submit" name="as" value="me" .primary[installed.is_empty()] { "Install" }
            }
        } @else if installed.is_empty() {
            p { "There is no organisation that you could install it in: it takes an owner or admin, and the publisher's own does not count." }
        }
    }
}

/// Where it goes: told where there is one place, asked where there are several.
fn place(open: &[&Membership], shown: &Shown<'_>) -> Markup {
    let called = |one: &Membership| {
        let name = one.name.clone();
        if one.personal {
            format!("{name} (your own)")
        } else {
            name
        }
    };
    let problem = shown
        .problems
        .and_then(|problems| problems.about("organization"));
    html! {
        @if let [only] = open {
            input type="hidden" name="organization" value=(only.id);
            p { "It goes into " strong { (called(only)) } "." }
        } @else {
            div.field {
                label for="organization" { "Where" }
                select #organization name="organization" {
                    @for one in open { option value=(one.id) selected[one.id.as_str() == shown.organization] { (called(one)) } }
                }
                @if let Some(problem) = problem { p.problem { (problem) } }
            }
        }
    }
}

fn problems(shown: &Shown<'_>) -> Markup {
    let [name, email, password] = entry::FIELDS;
    html! {
        @if let Some(problems) = shown.problems { (problems.summary(&[name, email, password, "consent", "organization"])) }
    }
}
