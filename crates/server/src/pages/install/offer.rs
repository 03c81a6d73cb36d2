//! What a page offers.

use agentry_db::template::{Card, Part};
use agentry_schema::template::{Template, TemplateStatus, card, parts};
use serde_json::Value;

use crate::front::fault;
use crate::http::Fault;
use crate::pages::visit::Visit;

/// The most of each kind that is told by name.
pub(super) const MOST: usize = 12;

/// A template that anyone may install.
pub(super) struct Offer {
    /// What everyone may know of it.
    pub(super) template: Template,
    /// What it brings, by name: the first of each kind.
    pub(super) parts: Vec<Part>,
    card: Card,
}

impl Offer {
    /// The published or unlisted template of this slug. Its publisher is shown no more than everyone: there is one page, or none.
    ///
    /// # Errors
    /// The fault of a database that does not answer.
    pub(super) async fn find(visit: &Visit, slug: &str) -> Result<Option<Self>, Fault> {
        let found = card(&visit.context, slug).await;
        let Some(card) = found.map_err(|error| fault(&error))? else {
            return Ok(None);
        };
        let template = Template::from(card.clone());
        let open = matches!(
            template.status,
            TemplateStatus::Published | TemplateStatus::Unlisted
        );
        if !open || template.version.is_none() {
            return Ok(None);
        }
        let most = i32::try_from(MOST).unwrap_or(i32::MAX);
        let parts = parts(&visit.context, &card, most).await;
        Ok(Some(Self {
            template,
            parts: parts.map_err(|error| fault(&error))?,
            card,
        }))
    }

    /// Whether it takes anybody's consent.
    pub(super) fn asks(&self) -> bool {
        let wants = &self.template.capabilities;
        ![&wants.services, &wants.tools, &wants.domains]
            .iter()
            .all(|list| list.is_empty())
    }

    /// What it asks for, as a card has it.
    pub(super) fn capabilities(&self) -> Option<Value> {
        self.card.capabilities.clone()
    }

    /// What it asks for, in few characters: another text for anything else it might ask for.
    pub(super) fn fingerprint(&self) -> String {
        let all = self.card.capabilities.as_ref().map(Value::to_string);
        let mut digest = agentry_crypto::sha256(&all.unwrap_or_default());
        digest.truncate(32);
        digest
    }

    pub(super) fn is_unlisted(&self) -> bool {
        self.template.status == TemplateStatus::Unlisted
    }

    /// Whose it is.
    pub(super) const fn card(&self) -> &Card {
        &self.card
    }
}
