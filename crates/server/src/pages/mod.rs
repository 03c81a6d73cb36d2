//! The pages: `/install/<slug>`, on which anyone installs a template, and `/<organisation>/agents/<id>`, where they find its agent.
//!
//! Plain HTML and forms, rendered here and working without a script; the look is one style sheet from the binary. They are one
//! more face of the use cases behind GraphQL and hold no rule of their own. The one rule: a form is taken only from our own page
//! ([`token`] and the request's origin), and always posts to the address it is shown at, so that nothing ever says where to go next
//! but us.
//!
//! To add a section to the page of an agent: a file beside `agent/settings.rs` with a function from `AgentPage` to markup, and
//! its line in `agent::page::sections`. A script it needs is one more file of [`assets`], and `script-src 'self'` in [`answer`];
//! what comes by and by needs none ([`live`]).

mod agent;
mod answer;
mod assets;
mod entry;
mod fault;
mod form;
mod install;
mod layout;
mod live;
mod password;
mod problems;
mod token;
mod visit;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{any, get};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use agentry_schema::template::agent_path;

use crate::front::Front;
use crate::http::{Caller, Fault, OperationLog};
use form::Form;
use token::FormToken;
use visit::Visit;

/// The pages and what they load.
pub(crate) fn router(front: &Front) -> Router {
    Router::new()
        .route("/install/{slug}", any(install_page))
        .route("/{organization}/agents/{agent}", any(agent_page))
        .route(password::FORGOT, any(forgot_page))
        .route(password::RESET, any(reset_page))
        .route("/assets/pages/{file}", get(assets::serve))
        .with_state(front.clone())
}

/// What somebody looks at, and presses a button of.
enum Asked {
    Install { slug: String },
    Agent { organization: String, agent: String },
    Forgot,
    Reset,
}

impl Asked {
    /// The address, as forms and redirects write it. Each part is escaped whole, so that no part can begin another address.
    fn path(&self) -> String {
        match self {
            Self::Install { slug } => install_path(slug),
            Self::Agent {
                organization,
                agent,
            } => agent_path(organization, agent),
            Self::Forgot => password::FORGOT.to_owned(),
            Self::Reset => password::RESET.to_owned(),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Install { .. } => "installPage",
            Self::Agent { .. } => "agentPage",
            Self::Forgot => "forgotPage",
            Self::Reset => "resetPage",
        }
    }

    /// The most that its form can come to, in bytes: what is said to an agent may be long.
    const fn most(&self) -> usize {
        match self {
            Self::Install { .. } | Self::Forgot | Self::Reset => 64 * 1024,
            Self::Agent { .. } => 1024 * 1024,
        }
    }
}

const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

fn install_path(slug: &str) -> String {
    format!("/install/{}", utf8_percent_encode(slug, PART))
}

async fn install_page(
    State(front): State<Front>,
    slug: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let slug = slug.map(|Path(slug)| slug).unwrap_or_default();
    respond(&front, &Asked::Install { slug }, request).await
}

async fn agent_page(
    State(front): State<Front>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (organization, agent) = path.map(|Path(path)| path).unwrap_or_default();
    let asked = Asked::Agent {
        organization,
        agent,
    };
    respond(&front, &asked, request).await
}

async fn forgot_page(State(front): State<Front>, request: Request) -> Response {
    respond(&front, &Asked::Forgot, request).await
}

async fn reset_page(State(front): State<Front>, request: Request) -> Response {
    respond(&front, &Asked::Reset, request).await
}

async fn respond(front: &Front, asked: &Asked, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = front.caller(&parts);
    let mut log = OperationLog::new("page", caller.id.clone());
    let id = caller.id.clone();
    let mut visit = None;
    let work = serve(front, asked, (parts, body), caller, &mut log, &mut visit);
    let ended = front.in_time(&id, Box::pin(work)).await;
    let response = match ended {
        Ok(response) => {
            log.code("ok");
            response
        }
        Err(fault) => {
            log.code(fault.code);
            fault::page(&fault, &asked.path(), &id)
        }
    };
    match visit {
        None => response,
        Some(visit) => {
            visit.context.release().await;
            visit.dress(response)
        }
    }
}

async fn serve(
    front: &Front,
    asked: &Asked,
    (parts, body): (Parts, Body),
    caller: Caller,
    log: &mut OperationLog,
    place: &mut Option<Visit>,
) -> Result<Response, Fault> {
    let token = FormToken::of(&parts.headers, front.secure());
    let form = match parts.method {
        Method::GET | Method::HEAD => None,
        Method::POST => {
            let most = asked.most();
            Some(Form::read(front, &parts.headers, body, &token, most).await?)
        }
        _ => {
            return Err(Fault::method(
                "This page takes GET and POST.",
                "GET, HEAD, POST",
            ));
        }
    };
    let kind = if form.is_some() { "mutation" } else { "query" };
    log.operation(Some(asked.name()), kind);
    let visit = place.insert(Visit::open(front, &parts, caller, token, asked.path()).await?);
    log.context(crate::gate::caller_of(visit.context.clone()));
    if form
        .as_ref()
        .is_some_and(|form| form.text("as") == "sign-out")
    {
        visit.sign_out().await?;
        return Ok(answer::see_other(&visit.path));
    }
    match (asked, form) {
        (Asked::Install { slug }, None) => install::show(visit, slug, parts.uri.query()).await,
        (Asked::Install { slug }, Some(form)) => install::press(visit, slug, form).await,
        (
            Asked::Agent {
                organization,
                agent,
            },
            None,
        ) => agent::show(visit, organization, agent, parts.uri.query()).await,
        (
            Asked::Agent {
                organization,
                agent,
            },
            Some(form),
        ) => agent::press(visit, organization, agent, form).await,
        (Asked::Forgot, None) => Ok(password::show_forgot(visit, parts.uri.query())),
        (Asked::Forgot, Some(form)) => password::press_forgot(visit, &form).await,
        (Asked::Reset, None) => Ok(password::show_reset(visit, parts.uri.query())),
        (Asked::Reset, Some(form)) => password::press_reset(visit, form).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_address_begins_another() {
        assert_eq!(
            agent_path("/evil.example", "a\r\nb"),
            "/%2Fevil%2Eexample/agents/a%0D%0Ab"
        );
        assert_eq!(install_path("my-money"), "/install/my-money");
        assert_eq!(install_path("\\\"é"), "/install/%5C%22%C3%A9");
    }
}
