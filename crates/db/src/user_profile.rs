//! What people say of themselves beside their name and picture.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use serde_json::Value;

use crate::ids::UserId;
use crate::{DbError, Scope, WriteScope, sql};

/// The acting user's profile.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct UserProfile {
    /// What they say of themself.
    pub bio: Option<String>,
    /// What their programs keep for them: a JSON object.
    pub preferences: Value,
    /// Where their picture is.
    pub avatar_url: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The part of a colleague's profile that is for others.
#[derive(Debug, Clone, FromQueryResult)]
pub struct PublicProfile {
    /// Whose it is.
    pub user_id: UserId,
    /// What they say of themself.
    pub bio: Option<String>,
    /// Where their picture is.
    pub avatar_url: Option<String>,
}

/// What changes of a profile; the outer `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileChanges {
    /// As of [`UserProfile`].
    pub bio: Option<Option<String>>,
    /// As of [`UserProfile`]; all of it.
    pub preferences: Option<Value>,
    /// As of [`UserProfile`].
    pub avatar_url: Option<Option<String>>,
}

/// The acting user's profile; `None` when they never wrote any.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope) -> Result<Option<UserProfile>, DbError> {
    let statement =
        "SELECT bio, preferences, avatar_url, updated_at FROM user_profiles WHERE user_id = $1";
    sql::first(scope, statement, [scope.tenant().user().as_str().into()]).await
}

/// Changes the acting user's profile, or begins it.
///
/// # Errors
/// As [`find`].
pub async fn update(scope: &WriteScope, changes: &ProfileChanges) -> Result<(), DbError> {
    let ProfileChanges {
        bio,
        preferences,
        avatar_url,
    } = changes.clone();
    sql::run(
        scope,
        "INSERT INTO user_profiles AS p (user_id, bio, preferences, avatar_url)
         VALUES ($1, $3, coalesce($4, '{}'::jsonb), $6)
         ON CONFLICT (user_id) DO UPDATE SET
           bio = CASE WHEN $2 THEN $3 ELSE p.bio END,
           preferences = coalesce($4, p.preferences),
           avatar_url = CASE WHEN $5 THEN $6 ELSE p.avatar_url END",
        [
            scope.tenant().user().as_str().into(),
            bio.is_some().into(),
            bio.flatten().into(),
            preferences.into(),
            avatar_url.is_some().into(),
            avatar_url.flatten().into(),
        ],
    )
    .await
}

/// The public part of the profiles of these people, of those that share an organisation with the acting user, in no order.
///
/// # Errors
/// As [`find`].
pub async fn of_colleagues(scope: &Scope, users: &[UserId]) -> Result<Vec<PublicProfile>, DbError> {
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    let statement = "SELECT user_id, bio, avatar_url FROM colleague_profiles($1)";
    sql::all(scope, statement, [users.into()]).await
}
