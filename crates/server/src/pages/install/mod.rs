//! `/install/<slug>`: what a template is, and the form that installs it, with signing up or in on the way.

mod action;
mod consent;
mod offer;
pub(super) mod page;
mod person;

use agentry_schema::failure::Failure;
use agentry_schema::template::{InstallRefusal, InstallRequest, install};
use axum::http::StatusCode;
use axum::response::Response;

use super::entry::{self, Entry, Typed, come_in};
use super::form::Form;
use super::problems::Problems;
use super::visit::Visit;
use super::{agent_path, answer, fault};
use crate::http::Fault;
use offer::Offer;
use person::Person;

/// What of the form is to be shown.
struct Shown<'a> {
    entry: Entry,
    typed: Typed,
    /// The organisation that was chosen.
    organization: &'a str,
    /// What was agreed to.
    consent: &'a str,
    problems: Option<&'a Problems>,
}

/// The page as it is opened.
pub(super) async fn show(
    visit: &mut Visit,
    slug: &str,
    query: Option<&str>,
) -> Result<Response, Fault> {
    let Some(offer) = Offer::find(visit, slug).await? else {
        return Ok(fault::missing());
    };
    let asked = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let asked = asked
        .filter(|(name, _)| name == "with")
        .find_map(|(_, word)| Entry::read(&word));
    let shown = Shown {
        entry: entry::offered(visit, asked.unwrap_or(Entry::SignUp)),
        typed: Typed::default(),
        organization: "",
        consent: "",
        problems: None,
    };
    render(visit, &offer, &shown).await
}

/// The button: who it is, whether they agree, and the install.
pub(super) async fn press(
    visit: &mut Visit,
    slug: &str,
    mut form: Form,
) -> Result<Response, Fault> {
    let Some(offer) = Offer::find(visit, slug).await? else {
        return Ok(fault::gone());
    };
    let entry = Entry::read(form.text("as"));
    match attempt(visit, &offer, entry, &mut form).await {
        Ok(place) => Ok(answer::see_other(&place)),
        Err(Refused::Gone) => Ok(fault::gone()),
        Err(Refused::Fault(fault)) => Err(fault),
        Err(Refused::Problems(problems)) => {
            let typed = Typed::of(&form);
            let (organization, consent) = (form.text("organization"), form.text("consent"));
            // An account that is made, and waits for its address to be verified, is signed in to.
            let entry = entry.filter(|_| !problems.is_unverified());
            let shown = Shown {
                entry: entry::offered(visit, entry.unwrap_or(Entry::SignIn)),
                typed,
                organization,
                consent,
                problems: Some(&problems),
            };
            // What is asked for may have changed meanwhile.
            let Some(offer) = Offer::find(visit, slug).await? else {
                return Ok(fault::gone());
            };
            Ok(problems.dress(render(visit, &offer, &shown).await?))
        }
    }
}

enum Refused {
    /// There is nothing to be installed any more.
    Gone,
    Problems(Problems),
    Fault(Fault),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        if let Failure::InstallRefused(refused) = &failure {
            return match refused.code {
                InstallRefusal::TemplateNotFound | InstallRefusal::TemplateNotPublic => Self::Gone,
                InstallRefusal::CapabilityConsentRequired => Self::Problems(consent::changed()),
                InstallRefusal::TemplateIsInstance
                | InstallRefusal::SelfInstall
                | InstallRefusal::UserAuthoredCollision
                | InstallRefusal::ManagedByOtherTemplate
                | InstallRefusal::NotAMember
                | InstallRefusal::RequiresAdmin
                | InstallRefusal::NoPersonalOrg => {
                    Self::Problems(Problems::general(StatusCode::CONFLICT, &refused.message))
                }
            };
        }
        Problems::of(failure).map_or_else(Self::Fault, Self::Problems)
    }
}

/// Where the agent is.
async fn attempt(
    visit: &mut Visit,
    offer: &Offer,
    entry: Option<Entry>,
    form: &mut Form,
) -> Result<String, Refused> {
    // Nobody gets an account for something they then do not get.
    consent::check(offer, form.text("consent")).map_err(Refused::Problems)?;
    match entry {
        Some(entry) => come_in(visit, entry, form).await?,
        None if visit.context.find_actor().is_none() => {
            let message = "You have been signed out meanwhile. Sign in to install it.";
            let problems = Problems::general(StatusCode::UNAUTHORIZED, message);
            return Err(Refused::Problems(problems));
        }
        None => {}
    }
    let organization = Some(form.text("organization")).filter(|id| !id.is_empty());
    let request = InstallRequest {
        slug: Some(offer.template.slug.clone()),
        organization_id: organization.map(str::to_owned),
        accept_capabilities: true,
        agreed: offer.capabilities(),
        ..InstallRequest::default()
    };
    let installed = install(&visit.context, request).await?;
    let place = installed.organization.slug.as_str();
    Ok(agent_path(place, installed.agent.id.as_str()))
}

async fn render(visit: &Visit, offer: &Offer, shown: &Shown<'_>) -> Result<Response, Fault> {
    let person = Person::find(visit, offer).await?;
    let markup = page::page(visit, offer, person.as_ref(), shown);
    let response = answer::page(StatusCode::OK, markup);
    Ok(if offer.is_unlisted() {
        answer::unlisted(response)
    } else {
        response
    })
}
