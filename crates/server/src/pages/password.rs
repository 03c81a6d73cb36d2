//! `/forgot-password` and `/reset-password`: a new password by the link of a message, with the very mutations that programs use.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::form::Form;
use super::layout::{self, Head};
use super::problems::Problems;
use super::visit::Visit;
use super::{answer, entry, fault};
use crate::http::Fault;

/// Where somebody asks for a message.
pub(super) const FORGOT: &str = "/forgot-password";
/// Where its link leads.
pub(super) const RESET: &str = "/reset-password";

/// The query of the page that says that a message is on its way.
const SENT: &str = "sent";

const ASK: &str = "mutation Forgot($input: RequestPasswordResetInput!) {
  done: requestPasswordReset(input: $input) { __typename
    ... on ValidationFailed { fields { path message } } ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

const CHOOSE: &str = "mutation Choose($input: ResetPasswordInput!) {
  done: resetPassword(input: $input) { __typename
    ... on ValidationFailed { fields { path message } } ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

/// The link to it, where messages are sent at all.
pub(super) fn link(visit: &Visit) -> Markup {
    html! {
        @if sends(visit) { p.forgot { a.quiet href=(FORGOT) { "Forgot your password?" } } }
    }
}

fn sends(visit: &Visit) -> bool {
    visit.context.services().mail.mailer.is_on()
}

/// The form that asks for a message, or the word that it was.
pub(super) fn show_forgot(visit: &Visit, query: Option<&str>) -> Response {
    if !sends(visit) {
        return fault::missing();
    }
    if query == Some(SENT) {
        let text = html! {
            p { "If an account has this address, a message is on its way to it. Its link is good once, for an hour." }
            p.hint { "Nothing there? Look among the spam, or " a href=(FORGOT) { "ask again" } "." }
        };
        return page("Look into your mail", &text);
    }
    forgot(visit, "", None)
}

/// Asks for a message.
pub(super) async fn press_forgot(visit: &Visit, form: &Form) -> Result<Response, Fault> {
    let email = form.text("email");
    let answer = visit
        .run(ASK, json!({ "input": { "email": email } }))
        .await?;
    Ok(match Problems::answered(&answer["done"], &[]) {
        None => answer::see_other(&format!("{FORGOT}?{SENT}")),
        Some(problems) => problems.dress(forgot(visit, email, Some(&problems))),
    })
}

/// The form for a new password.
pub(super) fn show_reset(visit: &Visit, query: Option<&str>) -> Response {
    let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let token = query
        .filter(|(name, _)| name == "token")
        .map(|(_, text)| text);
    match token.last() {
        Some(token) if !token.is_empty() => reset(visit, &token, None),
        Some(_) | None => fault::missing(),
    }
}

/// Sets it.
pub(super) async fn press_reset(visit: &Visit, mut form: Form) -> Result<Response, Fault> {
    let password = form.take_secret("password");
    let token = form.take_secret("token");
    let input = json!({ "token": token.expose_secret(), "newPassword": password.expose_secret() });
    let answer = visit.run(CHOOSE, json!({ "input": input })).await?;
    let done = Problems::answered(&answer["done"], &[("newPassword", "password")]);
    if let Some(problems) = done {
        let page = reset(visit, token.expose_secret(), Some(&problems));
        return Ok(problems.dress(page));
    }
    let text = html! {
        p { "Everything that was signed in to your account is signed out. Sign in with the new password where you meant to." }
    };
    Ok(page("Your password is changed", &text))
}

fn forgot(visit: &Visit, email: &str, problems: Option<&Problems>) -> Response {
    let form = html! {
        @if let Some(problems) = problems { (problems.summary(&["email"])) }
        p { "You get a message with a link, by which you choose another." }
        form method="post" action=(FORGOT) {
            (visit.token.field())
            (entry::email_field(email, problems))
            button.button.primary type="submit" { "Send it" }
        }
    };
    page("Forgot your password?", &form)
}

fn reset(visit: &Visit, token: &str, problems: Option<&Problems>) -> Response {
    let form = html! {
        @if let Some(problems) = problems {
            (problems.summary(&["password"]))
            @if problems.about("password").is_none() { p { a href=(FORGOT) { "Ask for another message" } } }
        }
        form method="post" action=(RESET) {
            (visit.token.field())
            input type="hidden" name="token" value=(token) autocomplete="off";
            (entry::password_field(true, problems))
            button.button.primary type="submit" { "Change it" }
        }
    };
    page("Choose a new password", &form)
}

fn page(title: &str, text: &Markup) -> Response {
    let head = Head {
        title,
        noindex: true,
        ..Head::default()
    };
    let main = html! { div.card.narrow { h1 { (title) } (text) } };
    answer::unlisted(answer::page(
        StatusCode::OK,
        layout::page(&head, None, &main),
    ))
}
