//! Agreeing to what a template may do: to what was shown, and to nothing that came after.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::Shown;
use super::offer::Offer;
use crate::pages::problems::Problems;

const FIELD: &str = "consent";

/// Whether the form agrees to what the template asks for now.
///
/// # Errors
/// What to tell whoever has not agreed, or has agreed to something else.
pub(super) fn check(offer: &Offer, given: &str) -> Result<(), Problems> {
    match (offer.asks(), given) {
        (false, _) => Ok(()),
        (true, "") => {
            let message = "Agree to what it may do, or it cannot be installed.";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Problems::field(status, FIELD, message))
        }
        (true, given) if given == offer.fingerprint() => Ok(()),
        (true, _) => Err(changed()),
    }
}

/// What it asks for is not what was shown.
pub(super) fn changed() -> Problems {
    let message = "What it asks for has changed since you opened this page. Nothing was installed: look again.";
    Problems::field(StatusCode::CONFLICT, FIELD, message)
}

/// The box to be ticked, where there is anything to agree to.
pub(super) fn field(offer: &Offer, shown: &Shown<'_>) -> Markup {
    if !offer.asks() {
        return html! {};
    }
    let fingerprint = offer.fingerprint();
    let problem = shown.problems.and_then(|problems| problems.about(FIELD));
    let wants = &offer.template.capabilities;
    html! {
        fieldset.consent {
            legend { "It will be able to" }
            ul {
                @for service in &wants.services { li { "use your connection to " strong { (service) } } }
                @for tool in &wants.tools { li { "call the tool " strong { (tool) } } }
                @for domain in &wants.domains { li { "speak to " strong { (domain) } } }
            }
            div.check {
                input #consent type="checkbox" name=(FIELD) value=(fingerprint) required checked[shown.consent == fingerprint]
                    aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "consent-problem")];
                label for="consent" { "I agree to this" }
            }
            @if let Some(problem) = problem { p.problem id="consent-problem" { (problem) } }
        }
    }
}
