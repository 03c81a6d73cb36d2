//! Numbers that people write to on `WhatsApp`: whose templates' agents answer there, and by which secrets.

use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::ids::{TemplateId, WhatsAppNumberId};
use agentry_db::whatsapp::number::{self, Number};
use agentry_db::{Position, template};
use agentry_whatsapp::{Gateway, Graph};
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};

use crate::connection::{OrderDirection, PageArguments, SortedBy, connect, connection_type, total};
use crate::loader::Loader;
use crate::template::Template;
use crate::{ApiError, Noun, RequestContext};

mod change;
mod mutation;
mod query;
mod register;

pub use change::*;
pub use mutation::*;
pub use query::*;
pub use register::*;

/// What requests about `WhatsApp` share.
#[derive(Debug)]
pub struct WhatsApp {
    /// Meta's API, to look at numbers.
    pub graph: Graph,
    /// Gateways of publishers' own.
    pub gateway: Gateway,
    /// Whose numbers are believed.
    pub publishers: agentry_db::whatsapp::Publishers,
}

/// A number that people write to on WhatsApp. Agents that are installed of its template answer there, each person's own. Its secrets
/// are kept sealed, and are never shown again.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct WhatsAppNumber {
    /// The number's id here.
    pub id: ID,
    /// The id of its template.
    pub template_id: ID,
    /// By what Meta knows it; null for a gateway's.
    pub phone_number_id: Option<String>,
    /// The number itself (E.164).
    pub phone: String,
    /// Where what is to be sent is posted to; null for one of Meta's.
    pub gateway_url: Option<String>,
    /// Whether it can be sent by.
    pub status: WhatsAppNumberStatus,
    /// Where what is written to it is to be delivered: a path of this server.
    pub webhook_path: String,
    /// When a secret of it was last replaced; null when none ever was.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether a number can be sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum WhatsAppNumberStatus {
    /// As far as is known.
    Active,
    /// Meta refused its access token when last something was to be sent: replace it with `rotateWhatsAppNumber`. What waits is
    /// sent then.
    TokenRefused,
}

#[ComplexObject]
impl WhatsAppNumber {
    /// Its template.
    async fn template(&self, context: &Context<'_>) -> Option<async_graphql::Result<Template>> {
        let loader = match RequestContext::of(context).and_then(|of| of.loader(Noun::Templates)) {
            Ok(loader) => loader,
            Err(error) => return Some(Err(error.into())),
        };
        let key = TemplateOf(TemplateId::from(self.template_id.as_str()));
        loader
            .load_one(key)
            .await
            .map_err(ApiError::loaded)
            .transpose()
    }
}

/// Asks the loader for a template that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TemplateOf(TemplateId);

impl BatchLoader<TemplateOf> for Loader {
    type Value = Template;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[TemplateOf],
    ) -> Result<HashMap<TemplateOf, Template>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<_> = keys.iter().map(|TemplateOf(id)| id.clone()).collect();
        let found = template::find_many(&scope, &ids).await;
        let found = found.map_err(|error| Arc::new(error.into()))?;
        Ok(found
            .into_iter()
            .map(|card| (TemplateOf(card.id.clone()), card.into()))
            .collect())
    }
}

impl From<Number> for WhatsAppNumber {
    fn from(number: Number) -> Self {
        let Number {
            id,
            template_id,
            phone_number_id,
            display_phone,
            gateway_url,
            token_refused_at,
            rotated_at,
            created_at,
            updated_at,
        } = number;
        Self {
            webhook_path: format!("/webhooks/whatsapp/{id}"),
            id: ID(id.into_string()),
            template_id: ID(template_id.into_string()),
            phone_number_id,
            phone: format!("+{display_phone}"),
            gateway_url,
            status: match token_refused_at {
                None => WhatsAppNumberStatus::Active,
                Some(_) => WhatsAppNumberStatus::TokenRefused,
            },
            rotated_at,
            created_at,
            updated_at,
        }
    }
}

/// How many numbers a list has in all.
#[derive(Debug)]
pub struct WhatsAppNumberTotal;

impl WhatsAppNumberTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
        total(number::count(&scope)).await
    }
}

connection_type! {
    /// A list of numbers on WhatsApp.
    WhatsAppNumberConnection, WhatsAppNumberEdge of WhatsAppNumber, counted by WhatsAppNumberTotal
}

/// The numbers of the acting organisation, oldest first.
async fn list(
    context: &Context<'_>,
    page: PageArguments,
) -> Result<WhatsAppNumberConnection, ApiError> {
    let request = page.request(SortedBy::CreatedAt, OrderDirection::Asc.into())?;
    let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
    let found = number::list(&scope, &request).await?;
    let sorted = SortedBy::CreatedAt;
    Ok(connect(found, sorted, WhatsAppNumberTotal, |row| {
        let position = Position::Time(row.created_at);
        (position, row.id.to_string(), row.into())
    }))
}

impl BatchLoader<WhatsAppNumberId> for Loader {
    type Value = WhatsAppNumber;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[WhatsAppNumberId],
    ) -> Result<HashMap<WhatsAppNumberId, WhatsAppNumber>, Self::Error> {
        let scope = self.scope().await?;
        let found = number::find_many(&scope, keys).await;
        let found = found.map_err(|error| Arc::new(error.into()))?;
        Ok(found
            .into_iter()
            .map(|row| (row.id.clone(), row.into()))
            .collect())
    }
}
