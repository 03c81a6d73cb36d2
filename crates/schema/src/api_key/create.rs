//! Making a key.

use agentry_auth::api_key::{DEFAULT_PREFIX, FreshApiKey, generate};
use agentry_db::api_key::{self, NewApiKey, Owner, Terms, organization};
use agentry_db::{WriteScope, new_id};
use async_graphql::{InputObject, SimpleObject};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::input::{self, ApiKeyRateLimitInput, ApiKeyRefillInput};
use super::mutation::{USERS_KEYS, note, refused, stored};
use super::{ApiKey, ApiKeyOwner};
use crate::check::Checks;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::user::Role;
use crate::{Action, ApiError, RequestContext};

/// What a new key is.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateApiKeyInput {
    /// What you call it, 1 to 32 characters.
    name: String,
    /// Whose it is. A key of the organisation that the request acts in takes an owner or admin.
    #[graphql(default)]
    owner: ApiKeyOwner,
    /// As what a key of the organisation acts there, no higher than you; `MEMBER` when left out.
    role: Option<Role>,
    /// What it begins with: 1 to 32 of A-Z, a-z, 0-9, _ and -; `ag_` when left out.
    prefix: Option<String>,
    /// Seconds until it ends, at most 365 days; never when left out.
    expires_in: Option<i32>,
    /// What it is good for: nouns with their actions, as `{"agents": ["read", "write"]}`; `*` stands for every noun or action.
    /// Everything its owner may do when left out.
    permissions: Option<Value>,
    /// How often it may be used; any number of times when left out.
    rate_limit: Option<ApiKeyRateLimitInput>,
    /// How many uses it has, 0 or more; any number when left out.
    remaining: Option<i32>,
    /// When and to what `remaining` is set again; never when left out.
    refill: Option<ApiKeyRefillInput>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one API key however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The key was made.
#[derive(Debug, SimpleObject)]
pub struct CreateApiKeySuccess {
    /// What is known of it from now on.
    api_key: ApiKey,
    /// The key itself. It is shown this once: keep it now. Null when an earlier call with the same idempotency key made it: nobody
    /// has the key then but who heard that answer. Replace it with `rotateApiKey` if nobody did.
    key: Option<String>,
}

mutation_result! {
    /// How making a key ended.
    CreateApiKeyResult = CreateApiKeySuccess | ValidationFailed | Forbidden | LimitReached | Conflict
}

pub(super) async fn create(
    context: &RequestContext,
    input: CreateApiKeyInput,
) -> async_graphql::Result<CreateApiKeyResult> {
    CreateApiKeyResult::from_outcome(made(context, input).await)
}

async fn made(
    context: &RequestContext,
    input: CreateApiKeyInput,
) -> Result<CreateApiKeySuccess, Failure> {
    context.may(Action::CreateApiKey { of: None })?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = &Idempotency::new(key, "createApiKey", &input, &mut checks)?;
    let owner = owner(&mut checks, input.owner, input.role);
    let name = checks.name("name", &input.name, input::MAX_NAME);
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
    let (api_key, fresh) = context
        .write(
            Action::CreateApiKey { of: owner.role() },
            |scope| async move {
                if let Some(earlier) = idempotency.claim(&scope, &new.id).await? {
                    let earlier = api_key::find(&scope, &earlier).await?;
                    let gone = || Failure::conflict("What this key made is gone by now.");
                    return Ok((earlier.ok_or_else(gone)?.into(), false));
                }
                insert(context, &scope, new, owner).await?;
                let metadata = json!({ "name": new.name, "owner": input::owner_name(owner) });
                note(&scope, &new.id, metadata).await?;
                Ok((stored(&scope, &new.id).await?, true))
            },
        )
        .await?;
    Ok(CreateApiKeySuccess {
        api_key,
        key: fresh.then(|| key.expose_secret().to_owned()),
    })
}

fn owner(checks: &mut Checks, owner: ApiKeyOwner, role: Option<Role>) -> Owner {
    match owner {
        ApiKeyOwner::Organization => Owner::Organization(role.unwrap_or(Role::Member).into()),
        ApiKeyOwner::User => {
            if role.is_some() {
                checks.refuse("role", "A key of yours has your role.");
            }
            Owner::Me
        }
    }
}

async fn insert(
    context: &RequestContext,
    scope: &WriteScope,
    new: &NewApiKey,
    owner: Owner,
) -> Result<(), Failure> {
    let limits = &context.services().limits;
    match owner {
        Owner::Me => {
            let limit = limits.api_keys_per_user;
            if !api_key::has_room(scope, limit).await? {
                return Err(Failure::limit_reached(USERS_KEYS, limit));
            }
            Ok(api_key::insert(scope, new.clone()).await?)
        }
        Owner::Organization(role) => {
            let limit = limits.api_keys_per_organization;
            let stored = organization::insert(scope, new.clone(), role, limit).await?;
            stored.map_err(|why| refused(why, limit))
        }
    }
}
