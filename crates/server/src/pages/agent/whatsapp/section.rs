//! What is seen of it: the code, the numbers that are linked, and the form for one.

use agentry_schema::whatsapp::WhatsAppLink;
use chrono::Utc;
use maud::{Markup, html};

use super::{FIELD, Issued, MOST, PLACE, WITHDRAWN, WhatsApp, wa_me};
use crate::pages::agent::page::AgentPage;
use crate::pages::visit::Visit;

pub(in crate::pages::agent) fn section(visit: &Visit, page: &AgentPage) -> Markup {
    let Some(whatsapp) = &page.whatsapp else {
        return html! {};
    };
    let linked: Vec<_> = whatsapp.verified().collect();
    let problem = whatsapp
        .refused
        .as_ref()
        .map(|(_, problems)| problems.told());
    html! {
        section.card.whatsapp aria-labelledby="whatsapp" {
            h2 #whatsapp { "WhatsApp" }
            @if let Some(issued) = &whatsapp.issued { (to_send(visit, whatsapp, issued)) }
            @if !linked.is_empty() { (numbers(visit, whatsapp, &linked)) }
            @if whatsapp.slug.is_none() {
                p.hint { (WITHDRAWN) }
            } @else if linked.is_empty() && whatsapp.issued.is_none() {
                p { "Link your number, and you can write to it on WhatsApp." }
                (form(visit, whatsapp, problem.as_deref()))
            } @else {
                details open[problem.is_some()] {
                    summary { "Link another number" }
                    (form(visit, whatsapp, problem.as_deref()))
                }
            }
        }
    }
}

/// The message that links the number, which is shown this once.
fn to_send(visit: &Visit, whatsapp: &WhatsApp, issued: &Issued) -> Markup {
    html! {
        div.issued {
            p { "Send this message from " strong { (issued.phone) } " to " strong { "+" (whatsapp.bot) } ", and your number is linked:" }
            p.message { (issued.text) }
            p.buttons {
                // In a tab of its own: the code is on this page alone.
                @if let Some(address) = &issued.wa_me {
                    a.button.primary href=(address) target="_blank" rel="noopener noreferrer" { "Open WhatsApp with it" }
                }
                // Without the place: with it, a browser would only scroll.
                a.button href=(visit.path) { "I have sent it" }
            }
            p.hint {
                "The code " code { (issued.code) } " works once" (lasting(issued)) ". It is shown this once. "
                strong { "Show it to nobody: " } "whoever has it can link themself to your account."
            }
        }
    }
}

/// How long the code is good.
fn lasting(issued: &Issued) -> Markup {
    let Some(at) = issued.expires_at else {
        return html! {};
    };
    let seconds = (at - Utc::now()).num_seconds().max(0);
    let minutes = seconds / 60 + i64::from(seconds % 60 > 0);
    html! {
        ", within " (minutes) " minutes, until "
        time datetime=(at.to_rfc3339()) { (at.format("%H:%M UTC").to_string()) }
    }
}

/// Those that are linked.
fn numbers(visit: &Visit, whatsapp: &WhatsApp, linked: &[&WhatsAppLink]) -> Markup {
    html! {
        p { "Linked to your account:" }
        ul.numbers {
            @for link in linked {
                @let name = name(link);
                li {
                    p {
                        strong { (name) }
                        @if link.business_scoped_id.is_some() { " " span.muted { "your id towards a business on WhatsApp" } }
                    }
                    form method="post" action={ (visit.path) (PLACE) } {
                        (visit.token.field())
                        @if link.business_scoped_id.is_some() { input type="hidden" name="scoped" value=(name); }
                        @else { input type="hidden" name=(FIELD) value=(name); }
                        button.quiet type="submit" name="as" value="unlink-whatsapp" aria-label={ "Unlink " (name) } { "Unlink" }
                    }
                }
            }
        }
        @if whatsapp.issued.is_none() {
            p.buttons {
                a.button.primary href=(wa_me(&whatsapp.bot)) target="_blank" rel="noopener noreferrer" { "Write to it on WhatsApp" }
            }
        }
    }
}

/// What a link is called.
fn name(link: &WhatsAppLink) -> String {
    let scoped = link.business_scoped_id.as_ref();
    if let Some(name) = scoped.or(link.phone.as_ref()) {
        return name.clone();
    }
    let jid = link.wa_jid.as_deref().unwrap_or_default();
    let digits = jid.split('@').next().unwrap_or_default();
    format!("+{digits}")
}

/// The form for a number.
fn form(visit: &Visit, whatsapp: &WhatsApp, problem: Option<&str>) -> Markup {
    let unverified = whatsapp.unverified();
    let typed = whatsapp.refused.as_ref().map(|(typed, _)| typed.as_str());
    let home = visit.context.services().region;
    let replaces = whatsapp.verified().any(|link| link.phone.is_some());
    html! {
        form method="post" action={ (visit.path) (PLACE) } {
            (visit.token.field())
            @if let Some(phone) = unverified.filter(|_| whatsapp.issued.is_none() && typed.is_none()) {
                p { strong { (phone) } " is not linked yet: the message with its code has not come. Send it, or get another code." }
            }
            div.field {
                label for="whatsapp-phone" { "Your number on WhatsApp" }
                input #whatsapp-phone type="tel" name=(FIELD) autocomplete="tel" maxlength=(MOST) required value=[typed.or(unverified)]
                    aria-invalid=[problem.map(|_| "true")]
                    aria-describedby=[Some(problem.map_or("whatsapp-hint", |_| "whatsapp-problem whatsapp-hint"))];
                @if let Some(problem) = problem { p.problem id="whatsapp-problem" role="alert" { (problem) } }
            }
            p.hint id="whatsapp-hint" {
                "With a + and the code of its country; without one, it is taken to be of " (home) "."
                @if replaces { " It takes the place of the number that is linked, once its code has come from it." }
            }
            button.button .primary[!replaces] type="submit" name="as" value="link-whatsapp" { "Get a code" }
        }
    }
}
