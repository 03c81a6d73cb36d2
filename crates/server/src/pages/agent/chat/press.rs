//! The buttons: say something, stop the reply, try again. Each is the very mutation that programs use, and whatever its outcome
//! says is shown.

use agentry_db::entity::run::Model as Run;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Wanted, address};
use crate::http::{Fault, RequestId};
use crate::pages::agent::page::AgentPage;
use crate::pages::form::Form;
use crate::pages::problems::Problems;
use crate::pages::visit::Visit;

const SAY: &str = "mutation Say($input: SendMessageInput!) {
  done: sendMessage(input: $input) { __typename
    ... on SendMessageSuccess { conversation { id } }
    ... on ValidationFailed { fields { path message } } ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

const AGAIN: &str = "mutation Again($input: RegenerateMessageInput!) {
  done: regenerateMessage(input: $input) { __typename
    ... on RegenerateMessageSuccess { conversation { id } }
    ... on ValidationFailed { fields { path message } } ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

const STOP: &str = "mutation Stop($input: CancelRunInput!) {
  done: cancelRun(input: $input) { __typename
    ... on CancelRunSuccess { run { conversationId } } ... on UserError { message } } }";

/// What became of it.
pub(in crate::pages::agent) enum Pressed {
    /// It was done; this is where it is to be seen.
    Done(String),
    /// It was not.
    Refused(Problems),
}

/// Does what the button says.
///
/// # Errors
/// The fault of an operation that is not expected to fail.
pub(in crate::pages::agent) async fn press(
    visit: &Visit,
    page: &AgentPage,
    form: &Form,
) -> Result<Pressed, Fault> {
    let (document, input) = match form.text("as") {
        "stop" => (STOP, json!({ "runId": form.text("run") })),
        "again" => (
            AGAIN,
            json!({ "messageId": form.text("message"), "idempotencyKey": once(form) }),
        ),
        _ => (SAY, message(page, form)),
    };
    let answer = visit.run(document, json!({ "input": input })).await?;
    let done = &answer["done"];
    if let Some(problems) = Problems::answered(done, &[("content", super::FIELD)]) {
        return Ok(Pressed::Refused(problems));
    }
    let conversation = done["conversation"]["id"].as_str();
    let conversation = conversation.or_else(|| done["run"]["conversationId"].as_str());
    Ok(Pressed::Done(address(
        visit,
        conversation.unwrap_or_default(),
    )))
}

fn message(page: &AgentPage, form: &Form) -> Value {
    let conversation = match Wanted::read(form.text("conversation")) {
        Wanted::Conversation(id) => Some(id.into_string()),
        Wanted::Latest | Wanted::New => None,
    };
    json!({
        "agentId": page.agent.id.as_str(),
        "conversationId": conversation,
        "content": text(form),
        "idempotencyKey": once(form),
    })
}

/// What was typed, with the line breaks that were typed: forms send others.
pub(in crate::pages::agent) fn text(form: &Form) -> String {
    form.text(super::FIELD).replace("\r\n", "\n")
}

/// The same form does it once, however often it is pressed.
fn once(form: &Form) -> Option<String> {
    let once = form.text("once");
    (!once.is_empty()).then(|| format!("page-{once}"))
}

/// The button that ends a run.
pub(super) fn stop(visit: &Visit, run: &Run) -> Markup {
    html! {
        form.stop method="post" action=(visit.path) {
            (visit.token.field())
            input type="hidden" name="run" value=(run.id);
            input type="hidden" name="conversation" value=(run.conversation_id);
            button.button type="submit" name="as" value="stop" { "Stop" }
        }
    }
}

/// The button that asks for a reply anew.
pub(super) fn again(visit: &Visit, run: &Run) -> Markup {
    html! {
        form.again method="post" action=(visit.path) {
            (visit.token.field())
            input type="hidden" name="message" value=(run.message_id);
            input type="hidden" name="conversation" value=(run.conversation_id);
            input type="hidden" name="once" value=(RequestId::random()) autocomplete="off";
            button.button type="submit" name="as" value="again" { "Try again" }
        }
    }
}
