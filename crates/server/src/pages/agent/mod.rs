//! `/<organisation>/agents/<id>`: an agent, to whoever may see it.

mod chat;
mod connect;
mod needs;
mod origin;
mod page;
mod settings;
mod upgrade;
pub(super) mod whatsapp;

use agentry_db::entity::run::Model as Run;
use agentry_db::ids::AgentId;
use agentry_db::reply::Following;
use agentry_schema::run::{listen, missing};
use agentry_schema::template::installed_agent;
use agentry_schema::viewer::person;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::entry::{self, Entry, Typed, come_in};
use super::form::Form;
use super::layout::{self, Head};
use super::live::{self, Held};
use super::problems::Problems;
use super::visit::Visit;
use super::{answer, fault};
use crate::front;
use crate::http::Fault;
use chat::{Chat, Pressed, Wanted};
use page::AgentPage;
use whatsapp::WhatsApp;

/// The page, or the way in. To somebody who is signed in, one that they may not see is not there.
pub(super) async fn show(
    visit: &mut Visit,
    slug: &str,
    id: &str,
    query: Option<&str>,
) -> Result<Response, Fault> {
    if visit.context.find_actor().is_none() {
        return Ok(door(visit, &Typed::default(), None));
    }
    let Some(page) = find(visit, slug, id).await? else {
        return Ok(fault::missing());
    };
    render(visit, page, &Wanted::of_query(query)).await
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
        "connect" | "upgrade" | "say" | "stop" | "again" | "link-whatsapp" | "unlink-whatsapp" => {
            if visit.context.find_actor().is_none() {
                return Ok(door(visit, &Typed::default(), None));
            }
            let Some(page) = find(visit, slug, id).await? else {
                return Ok(fault::missing());
            };
            act(visit, page, &mut form).await
        }
        _ => Err(Fault::bad_request("The form says nothing to be done.")),
    }
}

/// What somebody who sees the agent does there.
async fn act(visit: &Visit, mut page: AgentPage, form: &mut Form) -> Result<Response, Fault> {
    let problems = match form.text("as") {
        "connect" => match connect::connect(visit, &page, form).await? {
            Ok(()) => return Ok(answer::see_other(&visit.path)),
            Err(problems) => {
                page.refused = Some((form.text("service").to_owned(), problems.told()));
                problems
            }
        },
        "upgrade" => match upgrade::upgrade(visit, &page, form).await? {
            Ok(()) => return Ok(answer::see_other(&visit.path)),
            Err(problems) => {
                page.not_upgraded = Some(problems.told());
                problems
            }
        },
        "link-whatsapp" | "unlink-whatsapp" => match whatsapp::press(visit, &page, form).await? {
            whatsapp::Pressed::Done => {
                let place = format!("{}{}", visit.path, whatsapp::PLACE);
                return Ok(answer::see_other(&place));
            }
            whatsapp::Pressed::Issued(issued) => {
                if let Some(whatsapp) = &mut page.whatsapp {
                    whatsapp.issue(issued);
                }
                return render(visit, page, &Wanted::Latest).await;
            }
            whatsapp::Pressed::Refused(problems) => {
                if let Some(whatsapp) = &mut page.whatsapp {
                    whatsapp.refuse(form, problems.clone());
                }
                problems
            }
        },
        _ => match chat::press(visit, &page, form).await? {
            Pressed::Done(place) => return Ok(answer::see_other(&place)),
            Pressed::Refused(problems) => {
                page.chat.typed = chat::typed(form);
                page.chat.refused = Some(problems.clone());
                problems
            }
        },
    };
    let wanted = Wanted::read(form.text("conversation"));
    Ok(problems.dress(render(visit, page, &wanted).await?))
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
    let Some(found) = found.map_err(|error| front::fault(&error))? else {
        return Ok(None);
    };
    let missing = missing(&visit.context, &found.agent.id).await;
    let whatsapp = WhatsApp::find(visit, &user, &found).await?;
    Ok(Some(AgentPage {
        user,
        organization,
        agent: found.agent,
        install: found.install,
        missing: missing.map_err(|error| front::fault(&error))?,
        whatsapp,
        chat: Chat::default(),
        refused: None,
        not_upgraded: None,
    }))
}

/// The page with what was said. While a reply is being written, the page is sent up to there, and the rest as it comes.
async fn render(visit: &Visit, mut page: AgentPage, wanted: &Wanted) -> Result<Response, Fault> {
    page.chat.read(visit, &page.agent.id, wanted).await?;
    let following = match page
        .chat
        .talk
        .as_ref()
        .and_then(|talk| talk.active.as_ref())
    {
        Some(run) => follow(visit, run).await?,
        None => None,
    };
    page.chat.is_followed = following.is_some();
    let markup = page::page(visit, &page);
    let response = match (following, page.chat.talk) {
        (Some((held, following)), Some(talk)) => {
            let epilogue = chat::epilogue(visit, &talk, &page.agent.name);
            let body = live::body(&markup.into_string(), following, held, epilogue);
            answer::growing(StatusCode::OK, body)
        }
        (_, _) => answer::page(StatusCode::OK, markup),
    };
    Ok(answer::unlisted(response))
}

/// The reply of a run, unless whoever looks follows as many as they may.
async fn follow(visit: &Visit, run: &Run) -> Result<Option<(Held, Following)>, Fault> {
    let Some(held) = visit.hold() else {
        return Ok(None);
    };
    let following = listen(&visit.context, &run.id).await;
    let following = following.map_err(|error| front::fault(&error))?;
    Ok(Some((held, following)))
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
                (entry::fields(visit, Entry::SignIn, typed, problems))
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
