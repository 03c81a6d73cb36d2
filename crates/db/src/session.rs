//! Sessions: from a token to who is acting. These look-ups have no tenant yet; they make one possible.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use crate::ids::{OrganizationId, UserId};
use crate::{Db, DbError, Lease, Role, WriteScope, sql};

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id; not a credential.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// The organisation acted in and the role there; `None` when the user is not a member of the one asked for, or, when none
    /// was asked for, has no personal one.
    pub membership: Option<(OrganizationId, Role)>,
    /// Whose session it is: told only when no organisation was asked for and there is none to act in, so that a personal one
    /// can be made.
    pub person: Option<Person>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// What a personal organisation is named after.
#[derive(Clone)]
pub struct Person {
    /// Their name; another program may have stored an empty one.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// A session to be stored.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: &'a str,
    /// What is stored of its token.
    pub token: &'a str,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub ip_address: Option<&'a str>,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

impl fmt::Debug for NewSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession")
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The live session whose stored token this is, with the membership read in the same look-up: in the organisation asked for, else in the
/// session's active one, else in the personal one. With it comes the connection it was read on.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(
    db: &Db,
    token: &str,
    organization: Option<&str>,
) -> Result<Option<(Session, Lease)>, DbError> {
    let look_up = |pool: PgPool| async move {
        let mut connection = pool.acquire().await?;
        let row = sqlx::query("SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2)")
            .bind(token)
            .bind(organization)
            .fetch_optional(&mut *connection)
            .await?;
        Ok((row, Lease(connection)))
    };
    let (row, lease) = db.begin_anew(look_up).await?;
    let session = row.as_ref().map(read).transpose()?;
    Ok(session.map(|session| (session, lease)))
}

/// Gives a session that is due for it another week, on the connection it was found on: until when, if it was due. The
/// statement asks once more, so that of many requests at once one extends.
///
/// # Errors
/// As [`find`].
pub async fn extend(lease: Lease, token: &str) -> Result<(Option<DateTime<Utc>>, Lease), DbError> {
    let Lease(mut connection) = lease;
    let until = sqlx::query_scalar("SELECT auth_extend_session($1)")
        .bind(token)
        .fetch_one(&mut *connection)
        .await?;
    Ok((until, Lease(connection)))
}

/// Stores this hash of a token in place of the token, where there is one.
///
/// # Errors
/// As [`find`].
pub async fn hash(db: &Db, token: &str, hash: &str) -> Result<(), DbError> {
    sqlx::query("SELECT auth_hash_session($1, $2)")
        .bind(token)
        .bind(hash)
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Stores a session of the acting user.
///
/// # Errors
/// As [`find`].
pub async fn insert(scope: &WriteScope, session: &NewSession<'_>) -> Result<(), DbError> {
    sql::run(
        scope,
        "SELECT auth_create_session($1, $2, $3, $4, $5, $6)",
        [
            session.id.into(),
            scope.tenant().user().as_str().into(),
            session.token.into(),
            session.expires_at.into(),
            session.ip_address.into(),
            session.user_agent.into(),
        ],
    )
    .await
}

/// Ends the session of a token. Whether there was one.
///
/// # Errors
/// As [`find`].
pub async fn delete(scope: &WriteScope, token: &str) -> Result<bool, DbError> {
    sql::scalar(scope, "SELECT auth_delete_session($1)", [token.into()]).await
}

fn read(row: &PgRow) -> Result<Session, sqlx::Error> {
    let organization: Option<String> = row.try_get("organization_id")?;
    let role: Option<String> = row.try_get("role")?;
    let name: Option<String> = row.try_get("name")?;
    let email: Option<String> = row.try_get("email")?;
    Ok(Session {
        id: row.try_get("session_id")?,
        user: UserId::from(row.try_get::<String, _>("user_id")?),
        membership: organization
            .zip(role)
            .map(|(id, role)| (id.into(), Role::from_word(&role))),
        person: name.zip(email).map(|(name, email)| Person { name, email }),
        expires_at: row.try_get("expires_at")?,
    })
}
