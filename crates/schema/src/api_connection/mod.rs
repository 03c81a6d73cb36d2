//! API connections: a provider's key, sealed, and what it is for.

use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::api_connection::{self, ApiConnectionFilter};
use agentry_db::entity::SealedColumn;
use agentry_db::entity::api_connection::View;
use agentry_db::ids::{AgentId, ApiConnectionId};
use agentry_db::sealed::api_key_place;
use agentry_db::{Position, agent_api_connection};
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::check::filter_text;
use crate::connection::{OrderDirection, PageArguments, SortedBy, connect, connection_type, total};
use crate::loader::Loader;
use crate::visibility::Visibility;
use crate::{ApiError, Noun, RequestContext};

mod create;
mod input;
mod link;
mod mutation;
mod query;
mod test;
mod told;

pub use create::*;
pub use link::*;
pub use mutation::*;
pub use query::*;
pub use test::*;

/// A connection to a provider: its key, which is kept sealed and is never shown again, and what it is for.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex, name = "ConnectedApi")]
pub struct ApiConnection {
    /// The connection's id.
    pub id: ID,
    /// The id of the user it belongs to.
    pub owner_id: ID,
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// What it connects to: `openai`, `anthropic`, `github`, …
    pub service: String,
    /// The key's last four characters; null for keys of fewer than 16.
    pub key_hint: Option<String>,
    /// Where the service is reached; null for its usual place.
    pub base_url: Option<String>,
    /// Your own notes: a JSON object.
    pub metadata: Value,
    /// Who in the organisation may see and use it.
    pub visibility: Visibility,
    /// When the key was last used for a call; null when it never was.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the key was last replaced; null when it never was.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether a connection can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ApiConnectionStatus {
    /// Its key opens.
    Ready,
    /// Its key does not open under any key of the server: replace it with `rotateApiConnectionKey`.
    NeedsAttention,
}

#[ComplexObject]
impl ApiConnection {
    /// Whether it can be used. Found out only when selected.
    async fn status(&self, context: &Context<'_>) -> async_graphql::Result<ApiConnectionStatus> {
        let context = RequestContext::of(context)?;
        let id = ApiConnectionId::from(self.id.as_str());
        let sealed = context
            .loader(Noun::Connections)?
            .load_one(KeyOf(id.clone()))
            .await;
        let sealed = sealed.map_err(ApiError::loaded)?;
        let place = api_key_place(context.tenant()?.organization(), &id);
        let keys = &context.services().keys;
        Ok(
            match sealed.map(|sealed| keys.open(sealed.sealed(), &place)) {
                Some(Ok(_)) => ApiConnectionStatus::Ready,
                Some(Err(_)) | None => ApiConnectionStatus::NeedsAttention,
            },
        )
    }
}

impl From<View> for ApiConnection {
    fn from(view: View) -> Self {
        let View {
            organization_id: _,
            id,
            user_id,
            name,
            service,
            key_hint,
            base_url,
            metadata,
            visibility,
            last_used_at,
            rotated_at,
            created_at,
            updated_at,
        } = view;
        Self {
            id: ID(id.into_string()),
            owner_id: ID(user_id.into_string()),
            name,
            service,
            key_hint,
            base_url,
            metadata,
            visibility: visibility.into(),
            last_used_at,
            rotated_at,
            created_at,
            updated_at,
        }
    }
}

/// Which connections to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct ApiConnectionFilterInput {
    /// Part of the name, upper or lower case; at most 200 characters.
    search: Option<String>,
    /// Exactly this service.
    service: Option<String>,
    /// Exactly this visibility.
    visibility: Option<Visibility>,
    /// Only those whose owner is no member of the organisation any more (`true`), or only those whose owner is (`false`).
    owner_left: Option<bool>,
}

/// The order of a list of connections.
#[derive(Debug, InputObject)]
pub struct ApiConnectionOrder {
    /// What to sort by.
    field: ApiConnectionOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// What connections can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::api_connection::ApiConnectionSort")]
pub enum ApiConnectionOrderField {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// Their name.
    Name,
}

/// How many connections a list has in all.
#[derive(Debug)]
pub struct ApiConnectionTotal(ApiConnectionFilter);

impl ApiConnectionTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Connections).await?;
        total(api_connection::count(&scope, &self.0)).await
    }
}

connection_type! {
    /// A list of API connections.
    ConnectedApiConnection, ConnectedApiEdge of ApiConnection, counted by ApiConnectionTotal
}

/// The API connections that the caller may see, as a Relay connection.
pub(crate) async fn list(
    context: &Context<'_>,
    page: PageArguments,
    filter: Option<ApiConnectionFilterInput>,
    order: Option<ApiConnectionOrder>,
) -> Result<ConnectedApiConnection, ApiError> {
    let order = order.unwrap_or(ApiConnectionOrder {
        field: ApiConnectionOrderField::CreatedAt,
        direction: OrderDirection::Asc,
    });
    let filter = filter.unwrap_or_default().checked()?;
    let sorted = match order.field {
        ApiConnectionOrderField::CreatedAt => SortedBy::CreatedAt,
        ApiConnectionOrderField::UpdatedAt => SortedBy::UpdatedAt,
        ApiConnectionOrderField::Name => SortedBy::Name,
    };
    let request = page.request(sorted, order.direction.into())?;
    let scope = RequestContext::of(context)?.read(Noun::Connections).await?;
    let found = api_connection::list(&scope, &filter, order.field.into(), &request).await?;
    Ok(connect(found, sorted, ApiConnectionTotal(filter), |view| {
        let position = match order.field {
            ApiConnectionOrderField::CreatedAt => Position::Time(view.created_at),
            ApiConnectionOrderField::UpdatedAt => Position::Time(view.updated_at),
            ApiConnectionOrderField::Name => Position::Text(view.name.clone()),
        };
        (position, view.id.to_string(), view.into())
    }))
}

impl ApiConnectionFilterInput {
    fn checked(self) -> Result<ApiConnectionFilter, ApiError> {
        let Self {
            search,
            service,
            visibility,
            owner_left,
        } = self;
        filter_text("search", search.as_deref())?;
        filter_text("service", service.as_deref())?;
        Ok(ApiConnectionFilter {
            search: search.filter(|text| !text.is_empty()),
            service,
            visibility: visibility.map(Into::into),
            owner_left,
        })
    }
}

/// Asks the loader for the sealed key of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KeyOf(ApiConnectionId);

impl BatchLoader<KeyOf> for Loader {
    type Value = SealedColumn;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[KeyOf]) -> Result<HashMap<KeyOf, SealedColumn>, Self::Error> {
        let scope = self.scope().await?;
        let ids: Vec<_> = keys.iter().map(|KeyOf(id)| id.clone()).collect();
        let sealed = api_connection::sealed(&scope, &ids).await;
        let sealed = sealed.map_err(|error| Arc::new(error.into()))?;
        Ok(sealed
            .into_iter()
            .map(|row| (KeyOf(row.id), row.api_key))
            .collect())
    }
}

impl BatchLoader<ApiConnectionId> for Loader {
    type Value = ApiConnection;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ApiConnectionId],
    ) -> Result<HashMap<ApiConnectionId, ApiConnection>, Self::Error> {
        let scope = self.scope().await?;
        let found = api_connection::find_many(&scope, keys).await;
        let found = found.map_err(|error| Arc::new(error.into()))?;
        Ok(found
            .into_iter()
            .map(|view| (view.id.clone(), view.into()))
            .collect())
    }
}

/// Asks the loader for the connections of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionsOf(pub(crate) AgentId);

impl BatchLoader<ConnectionsOf> for Loader {
    type Value = Vec<ApiConnection>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ConnectionsOf],
    ) -> Result<HashMap<ConnectionsOf, Vec<ApiConnection>>, Self::Error> {
        let scope = self.scope().await?;
        let agents: Vec<_> = keys.iter().map(|ConnectionsOf(id)| id.clone()).collect();
        let linked = agent_api_connection::list_of_agents(&scope, &agents).await;
        let mut of_agent: HashMap<_, Vec<_>> = HashMap::new();
        for (agent, view) in linked.map_err(|error| Arc::new(error.into()))? {
            of_agent
                .entry(ConnectionsOf(agent))
                .or_default()
                .push(view.into());
        }
        Ok(of_agent)
    }
}
