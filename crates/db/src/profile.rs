//! What the acting user changes of themself: sessions, password, name and picture.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::{DbError, Scope, WriteScope, sql};

/// A live session of the acting user, without what would let anyone else become it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OwnSession {
    /// Its id; not a credential.
    pub id: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The address it began from.
    pub ip_address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
}

/// The acting user's password, as far as it is needed to change it.
#[derive(FromQueryResult)]
pub struct OwnPassword {
    /// Their address, by which attempts are counted.
    pub email: String,
    /// The hash to compare with.
    pub password: String,
}

impl fmt::Debug for OwnPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnPassword").finish_non_exhaustive()
    }
}

/// The acting user's live sessions, newest first. At most 1,000.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn sessions(scope: &Scope) -> Result<Vec<OwnSession>, DbError> {
    sql::all(
        scope,
        "SELECT id, created_at, expires_at, ip_address, user_agent FROM my_sessions()",
        [],
    )
    .await
}

/// Ends a session of the acting user. Whether there was one.
///
/// # Errors
/// As [`sessions`].
pub async fn revoke_session(scope: &WriteScope, id: &str) -> Result<bool, DbError> {
    sql::scalar(scope, "SELECT my_session_revoke($1)", [id.into()]).await
}

/// Ends every session of the acting user but this one. How many live ones there were.
///
/// # Errors
/// As [`sessions`].
pub async fn revoke_other_sessions(
    scope: &WriteScope,
    current: Option<&str>,
) -> Result<u64, DbError> {
    let values = [current.into()];
    let ended: i64 = sql::scalar(scope, "SELECT my_sessions_revoke_others($1)", values).await?;
    Ok(ended.unsigned_abs())
}

/// The acting user's password; `None` when they sign in by other means alone.
///
/// # Errors
/// As [`sessions`].
pub async fn password(scope: &Scope) -> Result<Option<OwnPassword>, DbError> {
    sql::first(scope, "SELECT email, password FROM my_password()", []).await
}

/// Puts a new hash in place of the one that was compared with. `false`: another change came first.
///
/// # Errors
/// As [`sessions`].
pub async fn change_password(scope: &WriteScope, old: &str, new: &str) -> Result<bool, DbError> {
    let values = [old.into(), new.into()];
    sql::scalar(scope, "SELECT my_password_change($1, $2)", values).await
}

/// Changes the acting user's name and picture; `None` keeps what is there.
///
/// # Errors
/// As [`sessions`].
pub async fn update(
    scope: &WriteScope,
    name: Option<&str>,
    image: Option<Option<&str>>,
) -> Result<(), DbError> {
    sql::run(
        scope,
        "SELECT my_profile_update($1, $2, $3)",
        [
            name.map(str::to_owned).into(),
            image.is_some().into(),
            image.flatten().map(str::to_owned).into(),
        ],
    )
    .await
}
