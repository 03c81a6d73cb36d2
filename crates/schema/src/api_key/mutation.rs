use agentry_auth::api_key::generate;
use agentry_db::api_key::{
    self, ApiKey as KeyRow, ApiKeyChanges, KeyRefused, Owner, Successor, organization,
};
use agentry_db::{WriteScope, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::ApiKey;
use super::create::{CreateApiKeyInput, CreateApiKeyResult, create};
use super::input::{self, ApiKeyRateLimitInput, ApiKeyRefillInput, MAX_NAME};
use crate::check::{Checks, id_of};
use crate::context::{ADMINS_ONLY, OWNERS_ONLY, audited, changes as audit_changes};
use crate::failure::{Failure, mutation_result};
use crate::user::Role;
use crate::{Action, ApiError, Doing, RequestContext};

/// What is counted of a user's keys.
pub(super) const USERS_KEYS: &str = "live API keys of one user";
/// How long an old key goes on beside its successor, at most: 30 days.
const MAX_OVERLAP: i32 = 30 * 24 * 3_600;

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
    /// What it is good for, all of it. Null grants everything its owner may do.
    permissions: MaybeUndefined<Value>,
    /// How often it may be used.
    rate_limit: MaybeUndefined<ApiKeyRateLimitInput>,
    /// How many uses it has left.
    remaining: MaybeUndefined<i32>,
    /// When and to what `remaining` is set again.
    refill: MaybeUndefined<ApiKeyRefillInput>,
    /// As what a key of the organisation acts there, no higher than you.
    role: MaybeUndefined<Role>,
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
    /// How changing a key ended.
    UpdateApiKeyResult = UpdateApiKeySuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How deleting a key ended.
    DeleteApiKeyResult = DeleteApiKeySuccess | NotFound | Forbidden
}
mutation_result! {
    /// How replacing a key ended.
    RotateApiKeyResult = RotateApiKeySuccess | ValidationFailed | NotFound | Forbidden | LimitReached
}

/// Mutations of API keys. None of them can be called by an API key.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key: a program that sends it as `x-api-key` acts for you, or as the organisation itself. The key itself is in this
    /// answer alone.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the key is.")] input: CreateApiKeyInput,
    ) -> async_graphql::Result<CreateApiKeyResult> {
        create(RequestContext::of(context)?, input).await
    }

    /// Changes an API key, from its next use on: yours or, as an owner or admin, one of the organisation that the request acts in.
    async fn update_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key, and what changes.")] input: UpdateApiKeyInput,
    ) -> async_graphql::Result<UpdateApiKeyResult> {
        let outcome = update(RequestContext::of(context)?, input).await;
        UpdateApiKeyResult::from_outcome(outcome.map(|api_key| UpdateApiKeySuccess { api_key }))
    }

    /// Deletes an API key, from its next use on: yours or, as an owner or admin, one of the organisation that the request acts in.
    async fn delete_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: DeleteApiKeyInput,
    ) -> async_graphql::Result<DeleteApiKeyResult> {
        DeleteApiKeyResult::from_outcome(delete(RequestContext::of(context)?, input).await)
    }

    /// Makes a new key in place of one of yours or, as an owner or admin, of the organisation that the request acts in, with its
    /// name, limits and permissions; the old one ends now, or after a while.
    async fn rotate_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key to replace.")] input: RotateApiKeyInput,
    ) -> async_graphql::Result<RotateApiKeyResult> {
        RotateApiKeyResult::from_outcome(rotate(RequestContext::of(context)?, input).await)
    }
}

async fn update(context: &RequestContext, input: UpdateApiKeyInput) -> Result<ApiKey, Failure> {
    context.may(Action::UpdateApiKey { of: None, to: None })?;
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
        role: checks.required("role", input.role).map(Into::into),
    };
    checks.finish()?;
    let id: &String = &id_of(input.id);
    let to = changes.role;
    context
        .write(Action::UpdateApiKey { of: None, to }, |scope| async move {
            let before = api_key::find(&scope, id).await?.ok_or_else(missing)?;
            let scope = scope.turn_to(Action::UpdateApiKey {
                of: before.role(),
                to,
            })?;
            match before.owner() {
                Owner::Me if changes.role.is_some() => {
                    return Err(Checks::refused("role", "A key of yours has your role."));
                }
                Owner::Me => {
                    api_key::update(&scope, id, changes.clone()).await?;
                }
                Owner::Organization(_) => {
                    let changed = organization::update(&scope, id, changes.clone());
                    changed.await?.map_err(|why| refused(why, 0))?;
                }
            }
            let row = api_key::find(&scope, id).await?.ok_or_else(missing)?;
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
        .write(Action::DeleteApiKey { of: None }, |scope| async move {
            let before = api_key::find(&scope, id).await?.ok_or_else(missing)?;
            let scope = scope.turn_to(Action::DeleteApiKey { of: before.role() })?;
            match before.owner() {
                Owner::Me => {
                    if !api_key::delete(&scope, id).await? {
                        return Err(missing());
                    }
                }
                Owner::Organization(_) => {
                    let gone = organization::delete(&scope, id).await?;
                    gone.map_err(|why| refused(why, 0))?;
                }
            }
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
    context.may(Action::RotateApiKey { of: None })?;
    let overlap = input.overlap_seconds;
    if !(0..=MAX_OVERLAP).contains(&overlap) {
        return Err(Checks::refused(
            "overlapSeconds",
            format!("It must be 0 to {MAX_OVERLAP} seconds."),
        ));
    }
    let old: &String = &id_of(input.id);
    let (key, api_key, replaced) = context
        .write(Action::RotateApiKey { of: None }, |scope| async move {
            let before = api_key::find(&scope, old).await?.ok_or_else(missing)?;
            let scope = scope.turn_to(Action::RotateApiKey { of: before.role() })?;
            let owner = before.owner();
            let prefix = before.prefix.unwrap_or_default();
            let fresh = generate(&prefix).map_err(ApiError::internal)?;
            let id: String = new_id();
            let successor = Successor {
                id: &id,
                start: &fresh.start,
                hash: &fresh.hash,
                overlap,
            };
            replace(context, &scope, old, owner, successor).await?;
            let metadata = json!({ "successorId": id, "overlapSeconds": overlap, "owner": input::owner_name(owner) });
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

/// Old keys and their successors together may be twice as many as there may be of keys.
async fn replace(
    context: &RequestContext,
    scope: &WriteScope,
    old: &str,
    owner: Owner,
    new: Successor<'_>,
) -> Result<(), Failure> {
    let limits = &context.services().limits;
    match owner {
        Owner::Me => {
            let limit = limits.api_keys_per_user.saturating_mul(2);
            if !api_key::has_room(scope, limit).await? {
                return Err(Failure::limit_reached(USERS_KEYS, limit));
            }
            let made = api_key::replace(scope, old, new).await?;
            made.then_some(()).ok_or_else(missing)
        }
        Owner::Organization(_) => {
            let limit = limits.api_keys_per_organization.saturating_mul(2);
            let made = organization::replace(scope, old, new, limit).await?;
            made.map_err(|why| refused(why, limit))
        }
    }
}

fn missing() -> Failure {
    Failure::not_found("API key")
}

/// What the database's refusal is to a caller; `limit` is how many keys there may be.
pub(super) fn refused(why: KeyRefused, limit: u32) -> Failure {
    match why {
        KeyRefused::Missing => missing(),
        KeyRefused::Gone => Failure::forbidden("You are not a member of this organisation."),
        KeyRefused::AdminsOnly => Failure::forbidden(ADMINS_ONLY),
        KeyRefused::OwnersOnly => Failure::forbidden(OWNERS_ONLY),
        KeyRefused::Full => Failure::limit_reached("live API keys of one organisation", limit),
    }
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

pub(super) async fn stored(scope: &WriteScope, id: &str) -> Result<ApiKey, Failure> {
    let row = api_key::find(scope, id).await?;
    Ok(row.ok_or_else(|| Failure::not_found("API key"))?.into())
}

pub(super) async fn note(scope: &Doing, id: &str, metadata: Value) -> Result<(), Failure> {
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
        "organizationRole": key.organization_role,
        "expiresAt": key.expires_at,
        "rateLimit": pair(key.rate_limit_enabled, key.rate_limit_max, key.rate_limit_time_window),
        "remaining": key.remaining,
        "refill": pair(true, key.refill_amount, key.refill_interval),
        "permissions": permissions.and_then(|text| serde_json::from_str::<Value>(text).ok()),
    })
}
