//! A later version of what the agent was installed from, and taking it by the very mutation that programs use.

use agentry_db::Role;
use agentry_schema::template::TemplateInstall;
use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::page::AgentPage;
use crate::http::Fault;
use crate::pages::form::Form;
use crate::pages::problems::Problems;
use crate::pages::visit::Visit;

const UPGRADE: &str = "mutation Upgrade($input: UpgradeTemplateInput!) {
  done: upgradeTemplate(input: $input) { ... on UserError { message } } }";

pub(super) fn section(visit: &Visit, page: &AgentPage) -> Markup {
    let upgrade = page
        .install
        .as_ref()
        .and_then(|install| install.upgrade_available.as_ref());
    let Some(upgrade) = upgrade.filter(|_| page.agent.archived_at.is_none()) else {
        return html! {};
    };
    let more = &upgrade.diff;
    html! {
        section.card.note aria-labelledby="upgrade" {
            h2 #upgrade { "Version " (upgrade.version) " is out" }
            @if let Some(problem) = &page.not_upgraded { p.problem role="alert" { (problem) } }
            @if upgrade.requires_consent {
                p { "It waits for you to agree, for it will be able to:" }
                ul {
                    @for service in &more.services { li { "use your connection to " strong { (service) } } }
                    @for tool in &more.tools { li { "call the tool " strong { (tool) } } }
                    @for domain in &more.domains { li { "speak to " strong { (domain) } } }
                }
            } @else {
                p { "This agent stays at the version it was set to." }
            }
            @if may(page) {
                form method="post" action=(visit.path) {
                    (visit.token.field())
                    input type="hidden" name="version" value=(upgrade.version);
                    button.button.primary type="submit" name="as" value="upgrade" {
                        @if upgrade.requires_consent { "Agree and update" } @else { "Update and follow the newest" }
                    }
                }
            } @else {
                p.hint { "Its owner, and the organisation's owners and admins, can take it on this page." }
            }
        }
    }
}

/// Moves the agent to the version that was shown, and lets it follow what comes after and asks for no more. Agreeing holds for
/// that one version, which never changes: one that was published meanwhile is not agreed to.
///
/// # Errors
/// The fault of an operation that is not expected to fail; inside, why it stays as it is.
pub(super) async fn upgrade(
    visit: &Visit,
    page: &AgentPage,
    form: &Form,
) -> Result<Result<(), Problems>, Fault> {
    let Some(install) = page.install.as_ref() else {
        return Ok(Err(nothing()));
    };
    let Ok(version) = form.text("version").parse::<i32>() else {
        return Ok(Err(nothing()));
    };
    // Pressed twice: it is there already.
    if install.upgrade_available.is_none() {
        return Ok(Ok(()));
    }
    let taken = run(visit, install, Some(version)).await?;
    if let Some(message) = taken["done"]["message"].as_str() {
        return Ok(Err(Problems::general(StatusCode::CONFLICT, message)));
    }
    // Should the newest ask for still more by now, it waits, and the page says so.
    run(visit, install, None).await?;
    Ok(Ok(()))
}

async fn run(
    visit: &Visit,
    install: &TemplateInstall,
    version: Option<i32>,
) -> Result<Value, Fault> {
    let input = json!({
        "installId": install.id.as_str(),
        "toVersion": version,
        "acceptCapabilities": version.is_some(),
    });
    visit.run(UPGRADE, json!({ "input": input })).await
}

fn may(page: &AgentPage) -> bool {
    page.agent.user_id == page.user.id
        || matches!(page.organization.role, Role::Owner | Role::Admin)
}

fn nothing() -> Problems {
    Problems::general(StatusCode::CONFLICT, "There is nothing to update here.")
}
