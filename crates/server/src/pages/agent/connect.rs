//! Giving the agent a connection that it lacks: a key, sealed and linked by the very mutation that programs use.

use axum::http::StatusCode;
use maud::{Markup, html};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::needs;
use super::page::AgentPage;
use crate::http::{Fault, RequestId};
use crate::pages::form::Form;
use crate::pages::problems::Problems;
use crate::pages::visit::Visit;

const CONNECT: &str = "mutation Connect($input: CreateApiConnectionInput!) {
  done: createApiConnection(input: $input) {
    __typename ... on ValidationFailed { fields { path message } } ... on UserError { message } } }";

/// Whether whoever looks at the page can connect the agent: a connection of one's own serves one's own agents.
pub(super) fn may(page: &AgentPage) -> bool {
    page.agent.user_id == page.user.id && page.agent.archived_at.is_none()
}

/// Stores the key as a connection of theirs, and lets the agent use it. The same form makes one connection, however often it
/// is pressed.
///
/// # Errors
/// The fault of an operation that is not expected to fail; inside, what is wrong with the key.
pub(super) async fn connect(
    visit: &Visit,
    page: &AgentPage,
    form: &mut Form,
) -> Result<Result<(), Problems>, Fault> {
    let key = form.take_secret("key");
    let service = form.text("service");
    match needs::has(page, service) {
        // Pressed twice: it is there.
        Some(true) => return Ok(Ok(())),
        Some(false) if may(page) => {}
        Some(false) | None => {
            let message = "There is nothing to be connected to here.";
            return Ok(Err(Problems::general(StatusCode::CONFLICT, message)));
        }
    }
    let once = form.text("once");
    let input = json!({
        "name": format!("{service} for {}", page.agent.name).chars().take(200).collect::<String>(),
        "service": service,
        "apiKey": key.expose_secret(),
        "agentIds": [page.agent.id.as_str()],
        "idempotencyKey": (!once.is_empty()).then(|| format!("page-{once}")),
    });
    let answer = visit.run(CONNECT, json!({ "input": input })).await?;
    Ok(Problems::answered(&answer["done"], &[]).map_or(Ok(()), Err))
}

/// The form for one service.
pub(super) fn form(visit: &Visit, page: &AgentPage, service: &str) -> Markup {
    let refused = page.refused.as_ref().filter(|(of, _)| of == service);
    let problem = refused.map(|(_, message)| message);
    let (field, told) = (format!("key-{service}"), format!("key-{service}-problem"));
    html! {
        form.connect method="post" action=(visit.path) {
            (visit.token.field())
            input type="hidden" name="service" value=(service);
            input type="hidden" name="once" value=(RequestId::random());
            div.field {
                label for=(field) { "Your key for " (service) }
                input id=(field) type="password" name="key" autocomplete="off" spellcheck="false" maxlength="4096" required
                    aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| &told)];
                @if let Some(problem) = problem { p.problem id=(told) role="alert" { (problem) } }
            }
            button.button.primary type="submit" name="as" value="connect" { "Connect" }
            p.hint { "It is sealed before it is stored, used by this agent alone until you say otherwise, and never shown again." }
        }
    }
}
