use agentry_auth::api_key::{DEFAULT_PREFIX, FreshApiKey, generate};
use agentry_db::api_key::{self, ApiKey as KeyRow, ApiKeyChanges, NewApiKey, Terms};
use agentry_db::{WriteScope, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::ApiKey;
use super::input::{self, ApiKeyRateLimitInput, ApiKeyRefillInput};
use crate::check::{Checks, id_of};
use crate::context::{audited, changes as audit_changes};
use crate::failure::{Failure, mutation_result};
use crate::{Action, ApiError, Doing, RequestContext};

/// better-auth's own.
const MAX_NAME: usize = 32;
/// How long an old key goes on beside its successor, at most: 30 days.
const MAX_OVERLAP: i32 = 30 * 24 * 3_600;
/// The most keys of one user.
const MAX_KEYS: u32 = 100;

/// What a new key is.
#[derive(Debug, Clone, InputObject)]
pub struct CreateApiKeyInput {
    /// What you call it, 1 to 32 characters.
    name: String,
    /// What it begins with: 1 to 32 of A-Z, a-z, 0-9, _ and -; `ag_` when left out.
    prefix: Option<String>,
    /// Seconds until it ends, at most 365 days; never when left out.
    expires_in: Option<i32>,
    /// What it is good for: nouns with their actions, as `{"agents": ["read", "write"]}`; `*` stands for every noun or action.
    /// Everything you may do when left out.
    permissions: Option<Value>,
    /// How often it may be used; any number of times when left out.
    rate_limit: Option<ApiKeyRateLimitInput>,
    /// How many uses it has, 0 or more; any number when left out.
    remaining: Option<i32>,
    /// When and to what `remaining` is set again; never when left out.
    refill: Option<ApiKeyRefillInput>,
}

/// What changes of a key. What is left out stays; null takes an optional value away.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateApiKeyInput {
    /// The key.
    id: ID,
    /// What you call it, 1 to 32 characters.
    name: MaybeUndefined<String>,
    /// Whether it is accepted.
    enabled: MaybeUndefined<bool>,
    /// Seconds until it ends, counted from now.
    expires_in: MaybeUndefined<i32>,
    /// What it is good for, all of it. Null grants everything you may do.
    permissions: MaybeUndefined<Value>,
    /// How often it may be used.
    rate_limit: MaybeUndefined<ApiKeyRateLimitInput>,
    /// How many uses it has left.
    remaining: MaybeUndefined<i32>,
    /// When and to what `remaining` is set again.
    refill: MaybeUndefined<ApiKeyRefillInput>,
}

/// Which key to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteApiKeyInput {
    /// The key.
    id: ID,
}

/// Which key to replace.
#[derive(Debug, Clone, InputObject)]
pub struct RotateApiKeyInput {
    /// The key.
    id: ID,
    /// For how many seconds the old key goes on beside the new one, 0 to 2,592,000 (30 days).
    #[graphql(default)]
    overlap_seconds: i32,
}

/// The key was made.
#[derive(Debug, SimpleObject)]
pub struct CreateApiKeySuccess {
    /// What is known of it from now on.
    api_key: ApiKey,
    /// The key itself. It is shown this once: keep it now.
    key: String,
}

/// The key was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateApiKeySuccess {
    /// The key as it is now.
    api_key: ApiKey,
}

/// The key is gone, and refused from now on.
#[derive(Debug, SimpleObject)]
pub struct DeleteApiKeySuccess {
    /// The id it had.
    deleted_id: ID,
}

/// The key has a successor.
#[derive(Debug, SimpleObject)]
pub struct RotateApiKeySuccess {
    /// What is known of the new key: all as the old one had it.
    api_key: ApiKey,
    /// The new key itself. It is shown this once: keep it now.
    key: String,
    /// The old key, and when it ends.
    replaced: ApiKey,
}

mutation_result! {
    /// How making a key ended.
    CreateApiKeyResult = CreateApiKeySuccess | ValidationFailed | LimitReached
}
mutation_result! {
    /// How changing a key ended.
    UpdateApiKeyResult = UpdateApiKeySuccess | ValidationFailed | NotFound
}
mutation_result! {
    /// How deleting a key ended.
    DeleteApiKeyResult = DeleteApiKeySuccess | NotFound
}
mutation_result! {
    /// How replacing a key ended.
    RotateApiKeyResult = RotateApiKeySuccess | ValidationFailed | NotFound
}

/// Mutations of API keys. None of them can be called by an API key.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key of yours: a program that sends it as `x-api-key` acts for you. The key itself is in this answer alone.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the key is.")] input: CreateApiKeyInput,
    ) -> async_graphql::Result<CreateApiKeyResult> {
        CreateApiKeyResult::from_outcome(create(RequestContext::of(context)?, input).await)
    }

    /// Changes an API key of yours, from its next use on.
    async fn update_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key, and what changes.")] input: UpdateApiKeyInput,
    ) -> async_graphql::Result<UpdateApiKeyResult> {
        let outcome = update(RequestContext::of(context)?, input).await;
        UpdateApiKeyResult::from_outcome(outcome.map(|api_key| UpdateApiKeySuccess { api_key }))
    }

    /// Deletes an API key of yours.
    async fn delete_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: DeleteApiKeyInput,
    ) -> async_graphql::Result<DeleteApiKeyResult> {
        DeleteApiKeyResult::from_outcome(delete(RequestContext::of(context)?, input).await)
    }

    /// Makes a new key in place of one of yours, with its name, limits and permissions; the old one ends now, or after a while.
    async fn rotate_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key to replace.")] input: RotateApiKeyInput,
    ) -> async_graphql::Result<RotateApiKeyResult> {
        RotateApiKeyResult::from_outcome(rotate(RequestContext::of(context)?, input).await)
    }
}

async fn create(
    context: &RequestContext,
    input: CreateApiKeyInput,
) -> Result<CreateApiKeySuccess, Failure> {
    let mut checks = Checks::default();
    let name = checks.name("name", &input.name, MAX_NAME);
    let prefix = input.prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
    input::prefix(&mut checks, &prefix);
    let expires_at = input
        .expires_in
        .map(|life| input::expiry(&mut checks, life));
    let terms = Terms {
        rate_limit: input
            .rate_limit
            .map(|limit| input::rate_limit(&mut checks, limit)),
        remaining: input
            .remaining
            .map(|count| input::remaining(&mut checks, count)),
        refill: input
            .refill
            .map(|refill| input::refill(&mut checks, refill)),
        permissions: input
            .permissions
            .map(|value| input::permissions(&mut checks, &value)),
    };
    input::terms(&mut checks, &terms);
    checks.finish()?;
    let FreshApiKey { key, start, hash } = generate(&prefix).map_err(ApiError::internal)?;
    let new = &NewApiKey {
        id: new_id(),
        name,
        start,
        prefix,
        hash,
        expires_at,
        terms,
    };
    let api_key = context
        .write(Action::CreateApiKey, |scope| async move {
            if api_key::count(&scope).await? >= i64::from(MAX_KEYS) {
                return Err(Failure::limit_reached("API keys of one user", MAX_KEYS));
            }
            api_key::insert(&scope, new.clone()).await?;
            note(&scope, &new.id, json!({ "name": new.name })).await?;
            stored(&scope, &new.id).await
        })
        .await?;
    Ok(CreateApiKeySuccess {
        api_key,
        key: key.expose_secret().to_owned(),
    })
}

async fn update(context: &RequestContext, input: UpdateApiKeyInput) -> Result<ApiKey, Failure> {
    let mut checks = Checks::default();
    let changes = &ApiKeyChanges {
        name: checks
            .required("name", input.name)
            .map(|name| checks.name("name", &name, MAX_NAME)),
        enabled: checks.required("enabled", input.enabled),
        expires_at: changed(input.expires_in, |life| input::expiry(&mut checks, life)),
        rate_limit: changed(input.rate_limit, |limit| {
            input::rate_limit(&mut checks, limit)
        }),
        remaining: changed(input.remaining, |count| {
            input::remaining(&mut checks, count)
        }),
        refill: changed(input.refill, |refill| input::refill(&mut checks, refill)),
        permissions: changed(input.permissions, |value| {
            input::permissions(&mut checks, &value)
        }),
    };
    checks.finish()?;
    let id: &String = &id_of(input.id);
    context
        .write(Action::UpdateApiKey, |scope| async move {
            let before = api_key::find(&scope, id).await?;
            let changed = api_key::update(&scope, id, changes.clone()).await?;
            let (Some(before), Some(row)) = (before, changed) else {
                return Err(Failure::not_found("API key"));
            };
            let metadata = audit_changes(&told(&before), &told(&row));
            note(&scope, id, metadata).await?;
            Ok(row.into())
        })
        .await
}

async fn delete(
    context: &RequestContext,
    input: DeleteApiKeyInput,
) -> Result<DeleteApiKeySuccess, Failure> {
    let id: &String = &id_of(input.id);
    context
        .write(Action::DeleteApiKey, |scope| async move {
            let before = api_key::find(&scope, id).await?;
            let deleted = api_key::delete(&scope, id).await?;
            let Some(before) = before.filter(|_| deleted) else {
                return Err(Failure::not_found("API key"));
            };
            let metadata = audit_changes(&told(&before), &json!({}));
            note(&scope, id, metadata).await
        })
        .await?;
    Ok(DeleteApiKeySuccess {
        deleted_id: ID(id.clone()),
    })
}

async fn rotate(
    context: &RequestContext,
    input: RotateApiKeyInput,
) -> Result<RotateApiKeySuccess, Failure> {
    let mut checks = Checks::default();
    let overlap = input.overlap_seconds;
    if !(0..=MAX_OVERLAP).contains(&overlap) {
        checks.refuse(
            "overlapSeconds",
            format!("It must be 0 to {MAX_OVERLAP} seconds."),
        );
    }
    checks.finish()?;
    let old: &String = &id_of(input.id);
    let (key, api_key, replaced) = context
        .write(Action::RotateApiKey, |scope| async move {
            let missing = || Failure::not_found("API key");
            let before = api_key::find(&scope, old).await?.ok_or_else(missing)?;
            let prefix = before.prefix.unwrap_or_default();
            let fresh = generate(&prefix).map_err(ApiError::internal)?;
            let id: String = new_id();
            let made =
                api_key::replace(&scope, old, &id, &fresh.start, &fresh.hash, overlap).await?;
            if !made {
                return Err(missing());
            }
            let metadata = json!({ "successorId": id, "overlapSeconds": overlap });
            note(&scope, old, metadata).await?;
            Ok((
                fresh.key,
                stored(&scope, &id).await?,
                stored(&scope, old).await?,
            ))
        })
        .await?;
    Ok(RotateApiKeySuccess {
        api_key,
        key: key.expose_secret().to_owned(),
        replaced,
    })
}

/// What an update says of a value that may be taken away.
#[expect(clippy::option_option, reason = "left alone, taken away, or set")]
fn changed<T, U>(value: MaybeUndefined<T>, check: impl FnOnce(T) -> U) -> Option<Option<U>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(check(value))),
    }
}

async fn stored(scope: &WriteScope, id: &str) -> Result<ApiKey, Failure> {
    let row = api_key::find(scope, id).await?;
    Ok(row.ok_or_else(|| Failure::not_found("API key"))?.into())
}

async fn note(scope: &Doing, id: &str, metadata: Value) -> Result<(), Failure> {
    audited(scope, "ApiKey", id, metadata).await
}

/// What the audit trail tells of a key: what it is good for, and nothing that opens it. Counts that every use changes are left out.
fn told(key: &KeyRow) -> Value {
    let pair = |limited: bool, one: Option<i32>, other: Option<i32>| {
        one.zip(other)
            .filter(|_| limited)
            .map(|(one, other)| json!([one, other]))
    };
    let permissions = key.permissions.as_deref();
    json!({
        "name": key.name,
        "enabled": key.enabled,
        "expiresAt": key.expires_at,
        "rateLimit": pair(key.rate_limit_enabled, key.rate_limit_max, key.rate_limit_time_window),
        "remaining": key.remaining,
        "refill": pair(true, key.refill_amount, key.refill_interval),
        "permissions": permissions.and_then(|text| serde_json::from_str::<Value>(text).ok()),
    })
}
