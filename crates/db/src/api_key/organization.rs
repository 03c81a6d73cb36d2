//! Keys of the acting organisation, as which it acts in a role: behind functions, for its owners and admins.

use serde_json::json;

use super::{
    ApiKey, ApiKeyChanges, KeyRefused, NO_LIMIT, NewApiKey, OF_ORGANIZATION, Successor, Terms,
};
use crate::{DbError, Role, Scope, WriteScope, sql};

/// Every key of the acting organisation, newest first, at most a thousand; none for who is no owner or admin there.
///
/// # Errors
/// As [`super::list`].
pub async fn list(scope: &Scope) -> Result<Vec<ApiKey>, DbError> {
    sql::all(scope, format!("SELECT {OF_ORGANIZATION}"), []).await
}

/// Stores a key of the acting organisation, of which there may be `limit` that have not ended.
///
/// # Errors
/// As [`super::list`].
pub async fn insert(
    scope: &WriteScope,
    key: NewApiKey,
    role: Role,
    limit: u32,
) -> Result<Result<(), KeyRefused>, DbError> {
    let NewApiKey {
        id,
        name,
        start,
        prefix,
        hash,
        expires_at,
        terms,
    } = key;
    let Terms {
        rate_limit,
        remaining,
        refill,
        permissions,
    } = terms;
    let (max, window) = rate_limit.unwrap_or(NO_LIMIT);
    let row = json!({
        "id": id, "name": name, "start": start, "prefix": prefix, "key": hash, "expiresAt": expires_at,
        "rateLimitEnabled": rate_limit.is_some(), "rateLimitMax": max, "rateLimitTimeWindow": window,
        "remaining": remaining, "refillInterval": refill.map(|(interval, _)| interval),
        "refillAmount": refill.map(|(_, amount)| amount), "permissions": permissions,
    });
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let values = [row.into(), role.as_str().into(), limit.into()];
    ruled(scope, "SELECT org_api_key_create($1, $2, $3)", values).await
}

/// As [`super::replace`], for a key of the acting organisation, which may have `limit` that have not ended.
///
/// # Errors
/// As [`super::list`].
pub async fn replace(
    scope: &WriteScope,
    old: &str,
    new: Successor<'_>,
    limit: u32,
) -> Result<Result<(), KeyRefused>, DbError> {
    let values = [
        old.into(),
        new.id.into(),
        new.start.into(),
        new.hash.into(),
        f64::from(new.overlap).into(),
        i32::try_from(limit).unwrap_or(i32::MAX).into(),
    ];
    let rotate = "SELECT org_api_key_rotate($1, $2, $3, $4, $5, $6)";
    ruled(scope, rotate, values).await
}

/// Changes a key of the acting organisation.
///
/// # Errors
/// As [`super::list`].
pub async fn update(
    scope: &WriteScope,
    id: &str,
    changes: ApiKeyChanges,
) -> Result<Result<(), KeyRefused>, DbError> {
    let ApiKeyChanges {
        name,
        enabled,
        expires_at,
        rate_limit,
        remaining,
        refill,
        permissions,
        role,
    } = changes;
    let mut row = serde_json::Map::new();
    let mut set = |column: &str, value: serde_json::Value| row.insert(column.to_owned(), value);
    if let Some(name) = name {
        set("name", json!(name));
    }
    if let Some(enabled) = enabled {
        set("enabled", json!(enabled));
    }
    if let Some(expires_at) = expires_at {
        set("expiresAt", json!(expires_at));
    }
    if let Some(limit) = rate_limit {
        set("rateLimitEnabled", json!(limit.is_some()));
        if let Some((max, window)) = limit {
            set("rateLimitMax", json!(max));
            set("rateLimitTimeWindow", json!(window));
        }
    }
    if let Some(remaining) = remaining {
        set("remaining", json!(remaining));
    }
    if let Some(refill) = refill {
        set(
            "refillInterval",
            json!(refill.map(|(interval, _)| interval)),
        );
        set("refillAmount", json!(refill.map(|(_, amount)| amount)));
    }
    if let Some(permissions) = permissions {
        set("permissions", json!(permissions));
    }
    let values = [
        id.into(),
        serde_json::Value::Object(row).into(),
        role.map(|role| role.as_str().to_owned()).into(),
    ];
    ruled(scope, "SELECT org_api_key_update($1, $2, $3)", values).await
}

/// Deletes a key of the acting organisation.
///
/// # Errors
/// As [`super::list`].
pub async fn delete(scope: &WriteScope, id: &str) -> Result<Result<(), KeyRefused>, DbError> {
    ruled(scope, "SELECT org_api_key_delete($1)", [id.into()]).await
}

async fn ruled(
    scope: &WriteScope,
    statement: &'static str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Result<(), KeyRefused>, DbError> {
    let word: String = sql::scalar(scope, statement, values).await?;
    Ok(Err(match word.as_str() {
        "ok" => return Ok(Ok(())),
        "gone" => KeyRefused::Gone,
        "admins_only" => KeyRefused::AdminsOnly,
        "owners_only" => KeyRefused::OwnersOnly,
        "no_such_key" => KeyRefused::Missing,
        "keys_full" => KeyRefused::Full,
        other => {
            return Err(DbError::Unexpected(format!(
                "a function answered {other:?}"
            )));
        }
    }))
}
