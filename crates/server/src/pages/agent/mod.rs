//! `/<organisation>/agents/<id>`: an agent, to whoever may see it.

mod connect;
mod needs;
mod origin;
mod page;
mod settings;
mod upgrade;

use agentry_db::ids::AgentId;
use agentry_schema::template::installed_agent;
use agentry_schema::viewer::person;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::entry::{self, Entry, Typed, come_in};
use super::form::Form;
use super::layout::{self, Head};
use super::problems::Problems;
use super::visit::Visit;
use super::{answer, fault};
use crate::front;
use crate::http::Fault;
use page::AgentPage;

/// The page, or the way in. To somebody who is signed in, one that they may not see is not there.
pub(super) async fn show(visit: &mut Visit, slug: &str, id: &str) -> Result<Response, Fault> {
    if visit.context.find_actor().is_none() {
        return Ok(door(visit, &Typed::default(), None));
    }
    let Some(page) = find(visit, slug, id).await? else {
        return Ok(fault::missing());
    };
    Ok(render(visit, &page))
}

/// A button of the page.
pub(super) async fn press(
    visit: &mut Visit,
    slug: &str,
    id: &str,
    mut form: Form,
) -> Result<Response, Fault> {
    match form.text("as") {
        "sign-in" => sign_in(visit, form).await,
        "connect" | "upgrade" if visit.context.find_actor().is_none() => {
            Ok(door(visit, &Typed::default(), None))
        }
        "connect" => {
            let Some(mut page) = find(visit, slug, id).await? else {
                return Ok(fault::missing());
            };
            match connect::connect(visit, &page, &mut form).await? {
                Ok(()) => Ok(answer::see_other(&visit.path)),
                Err(problems) => {
                    let (service, problems) = (form.text("service").to_owned(), &problems);
                    page.refused = Some((service, problems.told()));
                    Ok(problems.dress(render(visit, &page)))
                }
            }
        }
        "upgrade" => {
            let Some(mut page) = find(visit, slug, id).await? else {
                return Ok(fault::missing());
            };
            match upgrade::upgrade(visit, &page, &form).await? {
                Ok(()) => Ok(answer::see_other(&visit.path)),
                Err(problems) => {
                    page.not_upgraded = Some(problems.told());
                    Ok(problems.dress(render(visit, &page)))
                }
            }
        }
        _ => Err(Fault::bad_request("The form says nothing to be done.")),
    }
}

/// The agent, if there is one that whoever looks may see.
async fn find(visit: &mut Visit, slug: &str, id: &str) -> Result<Option<AgentPage>, Fault> {
    let found = person(&visit.context).await;
    let (user, organizations) = found.map_err(|error| front::fault(&error))?;
    let organization = organizations.into_iter().find(|one| one.slug == slug);
    let Some(organization) = organization else {
        return Ok(None);
    };
    if !visit.act_in(&organization.id).await? {
        return Ok(None);
    }
    let found = installed_agent(&visit.context, &AgentId::from(id)).await;
    let found = found.map_err(|error| front::fault(&error))?;
    Ok(found.map(|found| AgentPage {
        user,
        organization,
        agent: found.agent,
        install: found.install,
        refused: None,
        not_upgraded: None,
    }))
}

fn render(visit: &Visit, page: &AgentPage) -> Response {
    let markup = page::page(visit, page);
    answer::unlisted(answer::page(StatusCode::OK, markup))
}

async fn sign_in(visit: &mut Visit, mut form: Form) -> Result<Response, Fault> {
    match come_in(visit, Entry::SignIn, &mut form).await {
        Ok(()) => Ok(answer::see_other(&visit.path)),
        Err(failure) => {
            let problems = Problems::of(failure)?;
            let page = door(visit, &Typed::of(&form), Some(&problems));
            Ok(problems.dress(page))
        }
    }
}

/// The same to everyone who is not signed in, whether there is such an agent or not.
fn door(visit: &Visit, typed: &Typed, problems: Option<&Problems>) -> Response {
    let head = Head {
        title: "Sign in",
        noindex: true,
        ..Head::default()
    };
    let main = html! {
        section.card.narrow aria-labelledby="door" {
            h1 #door { "Sign in to see this agent" }
            @if let Some(problems) = problems { (problems.summary(&entry::FIELDS)) }
            form method="post" action=(visit.path) {
                (visit.token.field())
                (entry::fields(Entry::SignIn, typed, problems))
                button.button.primary type="submit" name="as" value=(Entry::SignIn.word()) { "Sign in" }
            }
        }
    };
    let page = layout::page(&head, None, &main);
    let status = StatusCode::UNAUTHORIZED;
    let mut response = answer::unlisted(answer::page(status, page));
    let scheme = HeaderValue::from_static("Bearer");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, scheme);
    response
}
