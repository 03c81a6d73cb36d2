//! What the links of messages do: open and use a reset of a password, verify an address, change it. Resets are rows that
//! better-auth reads too; addresses are verified by signed tokens, which have no row.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::ids::UserId;
use crate::session::Person;
use crate::{Db, DbError, WriteScope, new_id, sql};

/// The identifier of a reset's row is this and its token.
const RESET: &str = "reset-password:";

/// Somebody with an account.
pub struct Addressee {
    /// Who.
    pub user: UserId,
    /// Their name and address, as stored.
    pub person: Person,
    /// Whether they have shown that the address is theirs.
    pub verified: bool,
}

/// How changing an address ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// It is changed, and counts as verified.
    Done,
    /// The user has another address by now.
    Gone,
    /// Somebody has the new one.
    Taken,
    /// The password was changed since it was asked for.
    Outdated,
}

impl fmt::Debug for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressee")
            .field("user", &self.user)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// Whose this normalised address is.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find_person(db: &Db, email: &str) -> Result<Option<Addressee>, DbError> {
    let row = sqlx::query("SELECT user_id, name, email, verified FROM auth_find_person($1)")
        .bind(email)
        .fetch_optional(&db.pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (user, person) = subject(&row)?;
    Ok(Some(Addressee {
        user,
        person,
        verified: row.try_get("verified")?,
    }))
}

/// Whether the user has shown that their address is theirs.
///
/// # Errors
/// As [`find_person`].
pub async fn is_verified(db: &Db, user: &UserId) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar("SELECT auth_is_verified($1)")
        .bind(user.as_str())
        .fetch_one(&db.pool)
        .await?)
}

/// Opens a reset for the account of a normalised address. `false`: there is no such account.
///
/// # Errors
/// As [`find_person`].
pub async fn begin_reset(
    db: &Db,
    email: &str,
    token: &str,
    expires_at: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(
        sqlx::query_scalar("SELECT auth_begin_reset($1, $2, $3, $4)")
            .bind(email)
            .bind(new_id::<String>())
            .bind(format!("{RESET}{token}"))
            .bind(expires_at)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// Whose open reset this token is of.
///
/// # Errors
/// As [`find_person`].
pub async fn find_reset(db: &Db, token: &str) -> Result<Option<(UserId, Person)>, DbError> {
    let row = sqlx::query("SELECT user_id, name, email FROM auth_reset_subject($1)")
        .bind(format!("{RESET}{token}"))
        .fetch_optional(&db.pool)
        .await?;
    Ok(row.as_ref().map(subject).transpose()?)
}

/// Uses up the acting user's reset for this new hash, which ends all their sessions: how many live ones there were. `None`: it is
/// open no more, and nothing is changed.
///
/// # Errors
/// As [`find_person`].
pub async fn finish_reset(
    scope: &WriteScope,
    token: &str,
    password_hash: &str,
) -> Result<Option<u64>, DbError> {
    let values = [
        format!("{RESET}{token}").into(),
        new_id::<String>().into(),
        password_hash.into(),
    ];
    let ended: Option<i64> =
        sql::scalar(scope, "SELECT my_password_reset($1, $2, $3)", values).await?;
    Ok(ended.map(i64::unsigned_abs))
}

/// Notes that the acting user has shown this address to be theirs. `false`: it is theirs no more.
///
/// # Errors
/// As [`find_person`].
pub async fn verify(scope: &WriteScope, email: &str) -> Result<bool, DbError> {
    sql::scalar(scope, "SELECT my_email_verify($1)", [email.into()]).await
}

/// Gives the acting user another address, which they have shown to be theirs; they asked for it at `asked_at`.
///
/// # Errors
/// As [`find_person`].
pub async fn change_email(
    scope: &WriteScope,
    from: &str,
    to: &str,
    asked_at: DateTime<Utc>,
) -> Result<EmailChange, DbError> {
    let values = [from.into(), to.into(), asked_at.into()];
    let word: String = sql::scalar(scope, "SELECT my_email_change($1, $2, $3)", values).await?;
    Ok(match word.as_str() {
        "ok" => EmailChange::Done,
        "gone" => EmailChange::Gone,
        "taken" => EmailChange::Taken,
        "outdated" => EmailChange::Outdated,
        other => {
            let unknown = format!("a function answered {other:?}");
            return Err(DbError::Unexpected(unknown));
        }
    })
}

fn subject(row: &PgRow) -> Result<(UserId, Person), sqlx::Error> {
    let person = Person {
        name: row.try_get("name")?,
        email: row.try_get("email")?,
    };
    Ok((row.try_get::<String, _>("user_id")?.into(), person))
}
