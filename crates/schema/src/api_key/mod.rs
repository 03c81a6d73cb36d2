//! API keys: for programs that act for a person, or as an organisation.

use agentry_db::api_key::{self, ApiKey as Row, Owner, organization};
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::user::Role;
use crate::{Action, ApiError, Noun, RequestContext};

mod create;
mod input;
mod mutation;

pub use create::*;
pub use input::{ApiKeyRateLimitInput, ApiKeyRefillInput};
pub use mutation::*;

/// Whose an API key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum, Serialize)]
pub enum ApiKeyOwner {
    /// A user's: it acts for them, wherever they are a member, and never as more than they are there.
    #[default]
    User,
    /// The organisation's: it acts as the organisation itself, there alone, whoever made it and whether or not they are still a
    /// member.
    Organization,
}

/// A key by which a program acts for you, wherever you are a member, or as an organisation. The key itself is shown once, when it
/// is made.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiKey {
    /// The key's id; not the key.
    pub id: ID,
    /// Whose it is.
    pub owner: ApiKeyOwner,
    /// As what a key of an organisation acts there; null for a user's, which has its user's role.
    pub role: Option<Role>,
    /// What you call it.
    pub name: Option<String>,
    /// Its first characters, to know it by.
    pub start: Option<String>,
    /// What it begins with by your choice.
    pub prefix: Option<String>,
    /// Whether it is accepted.
    pub enabled: bool,
    /// How often it may be used; null for any number of times.
    pub rate_limit: Option<ApiKeyRateLimit>,
    /// How many uses are left; null for any number.
    pub remaining: Option<i32>,
    /// When and to what `remaining` is set again; null for never.
    pub refill: Option<ApiKeyRefill>,
    /// What it is good for: nouns with their actions, as `{"agents": ["read", "write"]}`. Null for everything its owner may do.
    pub permissions: Option<Value>,
    /// When it was last accepted.
    pub last_request: Option<DateTime<Utc>>,
    /// When it ends; null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed or was used.
    pub updated_at: DateTime<Utc>,
}

/// How often a key may be used. The window runs from the last accepted use: a key that is never left alone for so long is not
/// set back.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct ApiKeyRateLimit {
    /// So many times.
    pub max: i32,
    /// In so many seconds.
    pub window_seconds: i32,
}

/// How a key's remaining uses are set again.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct ApiKeyRefill {
    /// To so many.
    pub amount: i32,
    /// Every so many seconds.
    pub interval_seconds: i32,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        let (owner, role) = match row.owner() {
            Owner::Me => (ApiKeyOwner::User, None),
            Owner::Organization(role) => (ApiKeyOwner::Organization, Some(role.into())),
        };
        let Row {
            organization_role: _,
            id,
            name,
            start,
            prefix,
            enabled,
            rate_limit_enabled,
            rate_limit_time_window,
            rate_limit_max,
            remaining,
            refill_interval,
            refill_amount,
            last_request,
            expires_at,
            permissions,
            created_at,
            updated_at,
        } = row;
        // Another program may have stored a part of a second: rounded up, it promises no more than is kept.
        let seconds = |ms: i32| i32::try_from((i64::from(ms) + 999) / 1_000).unwrap_or(i32::MAX);
        let rate_limit = rate_limit_max
            .zip(rate_limit_time_window)
            .filter(|_| rate_limit_enabled);
        let refill = refill_amount
            .zip(refill_interval)
            .filter(|(amount, interval)| *amount > 0 && *interval > 0);
        Self {
            id: ID(id),
            owner,
            role,
            name,
            start,
            prefix,
            enabled,
            rate_limit: rate_limit.map(|(max, window)| ApiKeyRateLimit {
                max,
                window_seconds: seconds(window),
            }),
            remaining,
            refill: refill.map(|(amount, interval)| ApiKeyRefill {
                amount,
                interval_seconds: seconds(interval),
            }),
            // What is no JSON grants nothing, and shows so.
            permissions: permissions
                .map(|text| {
                    serde_json::from_str(&text)
                        .unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
                })
                .filter(|value: &Value| !value.is_null()),
            last_request,
            expires_at,
            created_at,
            updated_at,
        }
    }
}

/// Queries about API keys.
#[derive(Debug, Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// Your API keys or, for an owner or admin, those of the organisation that the request acts in: newest first, at most 1,000. An
    /// API key may not ask.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn api_keys(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose.", default)] owner: ApiKeyOwner,
    ) -> async_graphql::Result<Vec<ApiKey>> {
        let context = RequestContext::of(context)?;
        let scope = context.read(Noun::Account).await?;
        let keys = match owner {
            ApiKeyOwner::User => api_key::list(&scope).await,
            ApiKeyOwner::Organization => {
                let member = Some(agentry_db::Role::Member);
                // Whoever may make them may see them.
                let may = context.may(Action::CreateApiKey { of: member });
                may.map_err(Failure::into_error)?;
                organization::list(&scope).await
            }
        };
        let keys = keys.map_err(ApiError::from)?;
        Ok(keys.into_iter().map(ApiKey::from).collect())
    }
}

/// The key that a request came with.
pub(crate) async fn of_caller(context: &Context<'_>) -> Result<Option<ApiKey>, ApiError> {
    let context = RequestContext::of(context)?;
    let Some(id) = context.actor()?.api_key_id() else {
        return Ok(None);
    };
    let found = api_key::find(&context.read_own().await?, id).await?;
    Ok(found.map(ApiKey::from))
}
