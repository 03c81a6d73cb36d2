//! API keys: rows of better-auth's `apikey`. Its policy shows each user their own; those of the acting organisation are behind
//! functions, for its owners and admins. The hash goes in and is never read.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use crate::sql;
use crate::{DbError, Role, Scope, WriteScope};

pub mod organization;

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The acting user's.
    Me,
    /// The acting organisation's, as which it acts in this role.
    Organization(Role),
}

/// Why nothing happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefused {
    /// There is no such key.
    Missing,
    /// The acting user is no member of the organisation (any more).
    Gone,
    /// It takes an owner or admin.
    AdminsOnly,
    /// It takes an owner.
    OwnersOnly,
    /// There are as many as there may be.
    Full,
}

/// An API key, as its owner may see it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ApiKey {
    /// What a key of an organisation is there; `None` for a user's.
    pub organization_role: Option<String>,
    /// Its id; not a credential.
    pub id: String,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Its first characters, to know it by.
    pub start: Option<String>,
    /// What it begins with by choice.
    pub prefix: Option<String>,
    /// Whether it is accepted.
    pub enabled: bool,
    /// Whether the two below apply.
    pub rate_limit_enabled: bool,
    /// Within how many milliseconds of the last accepted call.
    pub rate_limit_time_window: Option<i32>,
    /// How many calls.
    pub rate_limit_max: Option<i32>,
    /// How many uses are left; `None` for any number.
    pub remaining: Option<i32>,
    /// Milliseconds between refills.
    pub refill_interval: Option<i32>,
    /// What `remaining` becomes at a refill.
    pub refill_amount: Option<i32>,
    /// When a call with it was last accepted.
    pub last_request: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// JSON: noun to actions. `None`, and the text `null`, stand for everything.
    pub permissions: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed, uses included.
    pub updated_at: DateTime<Utc>,
}

impl ApiKey {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.role().map_or(Owner::Me, Owner::Organization)
    }

    /// What a key of an organisation is there; `None` for a user's.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.organization_role.as_deref().map(Role::from_word)
    }
}

impl Owner {
    /// What a key of an organisation is there; `None` for a user's.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Me => None,
            Self::Organization(role) => Some(role),
        }
    }
}

/// How a key is limited, and what it is for.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Calls in milliseconds.
    pub rate_limit: Option<(i32, i32)>,
    /// Uses in all, or until the next refill.
    pub remaining: Option<i32>,
    /// Milliseconds, and what `remaining` then becomes.
    pub refill: Option<(i32, i32)>,
    /// As of [`ApiKey`].
    pub permissions: Option<String>,
}

/// A key to be stored.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: String,
    /// As of [`ApiKey`].
    pub name: String,
    /// As of [`ApiKey`].
    pub start: String,
    /// As of [`ApiKey`].
    pub prefix: String,
    /// The key's hash.
    pub hash: String,
    /// As of [`ApiKey`].
    pub expires_at: Option<DateTime<Utc>>,
    /// As it says.
    pub terms: Terms,
}

/// What changes of a key; the outer `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyChanges {
    /// As of [`ApiKey`].
    pub name: Option<String>,
    /// As of [`ApiKey`].
    pub enabled: Option<bool>,
    /// As of [`ApiKey`].
    pub expires_at: Option<Option<DateTime<Utc>>>,
    /// As of [`Terms`].
    pub rate_limit: Option<Option<(i32, i32)>>,
    /// As of [`Terms`].
    pub remaining: Option<Option<i32>>,
    /// As of [`Terms`].
    pub refill: Option<Option<(i32, i32)>>,
    /// As of [`Terms`].
    pub permissions: Option<Option<String>>,
    /// What a key of an organisation is there.
    pub role: Option<Role>,
}

/// better-auth's own tables, from some versions on, hold NULL where a flag was never set: that is no `false`.
const COLUMNS: &str = r#""id", "name", "start", "prefix", coalesce("enabled", true) AS enabled,
  coalesce("rateLimitEnabled", true) AS rate_limit_enabled, "rateLimitTimeWindow" AS rate_limit_time_window,
  "rateLimitMax" AS rate_limit_max, "remaining", "refillInterval" AS refill_interval, "refillAmount" AS refill_amount,
  "lastRequest" AS last_request, "expiresAt" AS expires_at, "permissions", "createdAt" AS created_at, "updatedAt" AS updated_at,
  NULL::text AS organization_role"#;

/// The same of the acting organisation's keys, for its owners and admins; and for one of these keys, of itself.
const OF_ORGANIZATION: &str = "id, name, start, prefix, enabled, rate_limit_enabled, rate_limit_time_window, rate_limit_max, remaining,
  refill_interval, refill_amount, last_request, expires_at, permissions, created_at, updated_at, organization_role FROM org_api_keys()";

/// What the columns, NOT NULL in Agentuity's tables, hold where there is no limit: its defaults.
const NO_LIMIT: (i32, i32) = (10, 86_400_000);

/// The most keys a list shows.
const MOST: u32 = 1_000;

/// Every key of the acting user, newest first; the newest thousand where there are more.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn list(scope: &Scope) -> Result<Vec<ApiKey>, DbError> {
    let statement = format!(
        r#"SELECT {COLUMNS} FROM "apikey" WHERE "userId" = $1 ORDER BY "createdAt" DESC, "id" DESC LIMIT {MOST}"#
    );
    sql::all(scope, statement, [me(scope).into()]).await
}

/// One key of the acting user, or of the acting organisation to whom it is shown.
///
/// # Errors
/// As [`list`].
pub async fn find(scope: &Scope, id: &str) -> Result<Option<ApiKey>, DbError> {
    let statement = format!(
        r#"SELECT {COLUMNS} FROM "apikey" WHERE "id" = $1 AND "userId" = $2 UNION ALL SELECT {OF_ORGANIZATION} WHERE id = $1"#
    );
    sql::first(scope, statement, [id.into(), me(scope).into()]).await
}

/// Whether the acting user may have one more key beside `limit` that have not ended. Holds the answer until the transaction ends: a second
/// caller waits. Keys that ended a month ago go.
///
/// # Errors
/// As [`list`].
pub async fn has_room(scope: &WriteScope, limit: u32) -> Result<bool, DbError> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('api_keys:' || $1, 0))";
    sql::run(scope, lock, [me(scope).into()]).await?;
    let stale =
        r#"DELETE FROM "apikey" WHERE "userId" = $1 AND "expiresAt" < now() - interval '30 days'"#;
    sql::run(scope, stale, [me(scope).into()]).await?;
    let statement = r#"SELECT count(*) FROM "apikey" WHERE "userId" = $1 AND coalesce("expiresAt" > now(), true)"#;
    let count: i64 = sql::scalar(scope, statement, [me(scope).into()]).await?;
    Ok(count < i64::from(limit))
}

/// Stores a key of the acting user, in both owner columns, with every column that some version of better-auth expects.
///
/// # Errors
/// As [`list`].
pub async fn insert(scope: &WriteScope, key: NewApiKey) -> Result<(), DbError> {
    let NewApiKey {
        id,
        name,
        start,
        prefix,
        hash,
        expires_at,
        terms,
    } = key;
    let limited = terms.rate_limit.is_some();
    let (max, window) = terms.rate_limit.unwrap_or(NO_LIMIT);
    let statement = sql::statement(
        r#"INSERT INTO "apikey" ("id", "configId", "name", "start", "prefix", "key", "userId", "referenceId", "refillInterval",
             "refillAmount", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining",
             "expiresAt", "createdAt", "updatedAt", "permissions")
           VALUES ($1, 'default', $2, $3, $4, $5, $6, $6, $7, $8, true, $9, $10, $11, 0, $12,
             date_trunc('milliseconds', $13::timestamptz), now_ms(), now_ms(), $14)"#,
        [
            id.into(),
            name.into(),
            start.into(),
            prefix.into(),
            hash.into(),
            me(scope).into(),
            terms.refill.map(|(interval, _)| interval).into(),
            terms.refill.map(|(_, amount)| amount).into(),
            limited.into(),
            window.into(),
            max.into(),
            terms.remaining.into(),
            expires_at.into(),
            terms.permissions.into(),
        ],
    );
    scope.execute_raw(statement).await?;
    Ok(())
}

/// What takes a key's place.
#[derive(Debug, Clone, Copy)]
pub struct Successor<'a> {
    /// As of [`ApiKey`].
    pub id: &'a str,
    /// As of [`ApiKey`].
    pub start: &'a str,
    /// The key's hash.
    pub hash: &'a str,
    /// For how many seconds the old key goes on, at most.
    pub overlap: i32,
}

/// Stores a key with the terms, the end and what is left of another, and lets that other go on for a while.
/// Whether there was that other.
///
/// # Errors
/// As [`list`].
pub async fn replace(scope: &WriteScope, old: &str, new: Successor<'_>) -> Result<bool, DbError> {
    let Successor {
        id,
        start,
        hash,
        overlap,
    } = new;
    let copied = sql::statement(
        r#"INSERT INTO "apikey" ("id", "configId", "name", "start", "prefix", "key", "userId", "referenceId", "refillInterval",
             "refillAmount", "lastRefillAt", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount",
             "remaining", "expiresAt", "createdAt", "updatedAt", "permissions", "metadata")
           SELECT $1, coalesce("configId", 'default'), "name", $2, "prefix", $3, "userId", "referenceId", "refillInterval",
             "refillAmount", "lastRefillAt", coalesce("enabled", true), coalesce("rateLimitEnabled", true), "rateLimitTimeWindow",
             "rateLimitMax", 0, "remaining", "expiresAt", now_ms(), now_ms(), "permissions", "metadata"
           FROM "apikey" WHERE "id" = $4 AND "userId" = $5"#,
        [
            id.into(),
            start.into(),
            hash.into(),
            old.into(),
            me(scope).into(),
        ],
    );
    if scope.execute_raw(copied).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let ended = sql::statement(
        r#"UPDATE "apikey" SET "expiresAt" = least("expiresAt", now_ms() + make_interval(secs => $1)), "updatedAt" = now_ms()
           WHERE "id" = $2 AND "userId" = $3"#,
        [f64::from(overlap).into(), old.into(), me(scope).into()],
    );
    scope.execute_raw(ended).await?;
    Ok(true)
}

/// Changes a key of the acting user; it has no role to change. The key as it is now, if it is theirs.
///
/// # Errors
/// As [`list`].
pub async fn update(
    scope: &WriteScope,
    id: &str,
    changes: ApiKeyChanges,
) -> Result<Option<ApiKey>, DbError> {
    let ApiKeyChanges {
        name,
        enabled,
        expires_at,
        rate_limit,
        remaining,
        refill,
        permissions,
        role: _,
    } = changes;
    let limit = rate_limit.flatten();
    let refills = refill.flatten();
    let statement = format!(
        r#"UPDATE "apikey" SET "name" = coalesce($3, "name"), "enabled" = coalesce($4, "enabled"),
             "expiresAt" = CASE WHEN $5 THEN date_trunc('milliseconds', $6::timestamptz) ELSE "expiresAt" END,
             "rateLimitEnabled" = CASE WHEN $7 THEN $8 ELSE "rateLimitEnabled" END,
             "rateLimitMax" = coalesce($9, "rateLimitMax"), "rateLimitTimeWindow" = coalesce($10, "rateLimitTimeWindow"),
             "remaining" = CASE WHEN $11 THEN $12 ELSE "remaining" END,
             "refillInterval" = CASE WHEN $13 THEN $14 ELSE "refillInterval" END,
             "refillAmount" = CASE WHEN $13 THEN $15 ELSE "refillAmount" END,
             "permissions" = CASE WHEN $16 THEN $17 ELSE "permissions" END, "updatedAt" = now_ms()
           WHERE "id" = $1 AND "userId" = $2 RETURNING {COLUMNS}"#
    );
    let values = [
        id.into(),
        me(scope).into(),
        name.into(),
        enabled.into(),
        expires_at.is_some().into(),
        expires_at.flatten().into(),
        rate_limit.is_some().into(),
        limit.is_some().into(),
        limit.map(|(max, _)| max).into(),
        limit.map(|(_, window)| window).into(),
        remaining.is_some().into(),
        remaining.flatten().into(),
        refill.is_some().into(),
        refills.map(|(interval, _)| interval).into(),
        refills.map(|(_, amount)| amount).into(),
        permissions.is_some().into(),
        permissions.flatten().into(),
    ];
    sql::first(scope, statement, values).await
}

/// Deletes a key of the acting user. Whether there was one.
///
/// # Errors
/// As [`list`].
pub async fn delete(scope: &WriteScope, id: &str) -> Result<bool, DbError> {
    let statement = r#"DELETE FROM "apikey" WHERE "id" = $1 AND "userId" = $2"#;
    let gone = scope
        .execute_raw(sql::statement(statement, [id.into(), me(scope).into()]))
        .await?;
    Ok(gone.rows_affected() > 0)
}

fn me(scope: &Scope) -> &str {
    scope.tenant().user().as_str()
}
