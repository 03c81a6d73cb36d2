//! Linking a number on WhatsApp to write to the agent from, by the very mutations that programs use: the rules, limits and traces are
//! theirs.

mod section;

use agentry_db::entity::Visibility;
use agentry_db::organization::User;
use agentry_schema::template::{InstalledAgent, TemplateStatus};
use agentry_schema::whatsapp::{WhatsAppLink, WhatsAppLinkStatus};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::page::AgentPage;
use crate::front::fault;
use crate::http::Fault;
use crate::pages::form::Form;
use crate::pages::problems::Problems;
use crate::pages::visit::Visit;
pub(super) use section::section;

/// Where the section is on the page.
pub(in crate::pages) const PLACE: &str = "#whatsapp";

/// The field of the number.
const FIELD: &str = "phone";

/// The most of a text that is no number that is shown again, in characters: no number is as long.
const MOST: usize = 100;

const WITHDRAWN: &str = "Its template is withdrawn, and numbers are not linked by it any more. Those that are linked stay.";

const LINK: &str = "mutation LinkNumber($input: LinkWhatsAppInput!) {
  done: linkWhatsApp(input: $input) { __typename
    ... on LinkWhatsAppSuccess { link { phone verification { code text waMeUrl expiresAt } } }
    ... on WhatsAppRefused { code retryAfter } ... on ValidationFailed { fields { path message } }
    ... on UserError { message } } }";

const UNLINK: &str = "mutation UnlinkNumber($input: UnlinkWhatsAppInput!) {
  done: unlinkWhatsApp(input: $input) { __typename ... on WhatsAppRefused { code retryAfter }
    ... on ValidationFailed { fields { path message } } ... on UserError { message } } }";

/// The agent's bot, and whoever looks, as senders to it.
pub(super) struct WhatsApp {
    /// The bot's number: digits with the country's code.
    bot: String,
    /// Its template's, by which codes for this bot alone are asked for; `None` once it is withdrawn: another code would be good at any
    /// bot, and this number is whatever the publisher says.
    slug: Option<String>,
    /// Theirs, newest first.
    links: Vec<WhatsAppLink>,
    /// The code that they have just asked for.
    issued: Option<Issued>,
    /// The number as they typed it, and why it is not linked.
    refused: Option<(String, Problems)>,
}

/// A code, which is shown this once. No `Debug`: it is a secret.
pub(super) struct Issued {
    phone: String,
    code: String,
    text: String,
    wa_me: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

/// What became of a press.
pub(super) enum Pressed {
    /// It was done, and the page shows it.
    Done,
    /// There is a code to be shown.
    Issued(Issued),
    /// It was not done.
    Refused(Problems),
}

impl WhatsApp {
    /// `None`: there is no bot, or what is written to it from a number of theirs goes to another agent.
    ///
    /// # Errors
    /// The fault of a database that does not answer.
    pub(super) async fn find(
        visit: &Visit,
        user: &User,
        found: &InstalledAgent,
    ) -> Result<Option<Self>, Fault> {
        let agent = &found.agent;
        let is_theirs = agent.user_id == user.id || agent.visibility == Visibility::Organization;
        let install = found.install.as_ref();
        let install = install
            .filter(|_| is_theirs && agent.archived_at.is_none())
            .filter(|install| install.uninstalled_at.is_none());
        let Some(template) = install.map(|install| &install.template) else {
            return Ok(None);
        };
        let Some(bot) = template.bot_phone.clone() else {
            return Ok(None);
        };
        let open = matches!(
            template.status,
            TemplateStatus::Published | TemplateStatus::Unlisted
        );
        let links = WhatsAppLink::list(&visit.context).await;
        Ok(Some(Self {
            bot,
            slug: open.then(|| template.slug.clone()),
            links: links.map_err(|error| fault(&error))?,
            issued: None,
            refused: None,
        }))
    }

    /// Shows a code that was made.
    pub(super) fn issue(&mut self, issued: Issued) {
        self.issued = Some(issued);
    }

    /// Shows why what the form asks for was not done, and what was typed.
    pub(super) fn refuse(&mut self, form: &Form, problems: Problems) {
        let typed = form.text(FIELD).chars().take(MOST).collect();
        self.refused = Some((typed, problems));
    }

    fn verified(&self) -> impl Iterator<Item = &WhatsAppLink> {
        let links = self.links.iter();
        links.filter(|link| link.status == WhatsAppLinkStatus::Verified)
    }

    /// What they say to be theirs, and have not shown to be.
    fn unverified(&self) -> Option<&str> {
        let mut links = self.links.iter();
        let link = links.find(|link| link.status == WhatsAppLinkStatus::Unverified)?;
        link.phone.as_deref()
    }
}

/// Does what the button says.
///
/// # Errors
/// The fault of an operation that is not expected to fail.
pub(super) async fn press(visit: &Visit, page: &AgentPage, form: &Form) -> Result<Pressed, Fault> {
    let Some(whatsapp) = &page.whatsapp else {
        let message = "There is no bot on WhatsApp to write to here.";
        let problems = Problems::general(StatusCode::CONFLICT, message);
        return Ok(Pressed::Refused(problems));
    };
    if form.text("as") == "unlink-whatsapp" {
        unlink(visit, form).await
    } else {
        link(visit, whatsapp, form).await
    }
}

async fn link(visit: &Visit, whatsapp: &WhatsApp, form: &Form) -> Result<Pressed, Fault> {
    let Some(slug) = &whatsapp.slug else {
        let problems = Problems::general(StatusCode::CONFLICT, WITHDRAWN);
        return Ok(Pressed::Refused(problems));
    };
    let input = json!({ "phone": form.text(FIELD), "templateSlug": slug });
    let answer = visit.run(LINK, json!({ "input": input })).await?;
    let done = &answer["done"];
    if let Some(problems) = refusal(done) {
        return Ok(Pressed::Refused(problems));
    }
    let (link, shown) = (&done["link"], &done["link"]["verification"]);
    // It is linked: they have shown it before.
    if shown.is_null() {
        return Ok(Pressed::Done);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Pressed::Issued(Issued {
        phone: text(&link["phone"]),
        code: text(&shown["code"]),
        text: text(&shown["text"]),
        wa_me: shown["waMeUrl"].as_str().map(str::to_owned),
        expires_at: text(&shown["expiresAt"]).parse().ok(),
    }))
}

async fn unlink(visit: &Visit, form: &Form) -> Result<Pressed, Fault> {
    let (phone, scoped) = (form.text(FIELD), form.text("scoped"));
    // Naming neither would be naming all.
    let input = if scoped.is_empty() {
        json!({ "phone": phone })
    } else {
        json!({ "businessScopedId": scoped })
    };
    let answer = visit.run(UNLINK, json!({ "input": input })).await?;
    Ok(refusal(&answer["done"]).map_or(Pressed::Done, Pressed::Refused))
}

/// Why it was not done, as the mutation says it.
fn refusal(done: &Value) -> Option<Problems> {
    let message = done["message"].as_str()?;
    let status = match done["code"].as_str() {
        Some("RATE_LIMITED") => {
            let seconds = done["retryAfter"].as_u64().unwrap_or_default();
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            return Some(Problems::too_often(seconds));
        }
        Some("INVALID_PHONE") => StatusCode::UNPROCESSABLE_ENTITY,
        Some(_) => StatusCode::CONFLICT,
        None => return Problems::answered(done, &[]),
    };
    Some(Problems::general(status, message))
}

/// Opens WhatsApp, to write to this number.
fn wa_me(bot: &str) -> String {
    format!("https://wa.me/{bot}")
}
