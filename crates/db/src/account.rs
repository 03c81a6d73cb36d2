//! Accounts: signing up and in. These have no tenant yet.

use std::fmt;

use sqlx::Row as _;

use crate::ids::{OrganizationId, UserId};
use crate::session::NewSession;
use crate::{Db, DbError, new_id};

/// Somebody who signs up with a password.
pub struct NewAccount<'a> {
    /// The user's id.
    pub user: &'a UserId,
    /// Their name, and their personal organisation's.
    pub name: &'a str,
    /// Their address, normalised.
    pub email: &'a str,
    /// The hash of their password.
    pub password_hash: &'a str,
    /// What their personal organisation's slug is made from.
    pub slug: &'a str,
}

/// What a sign-in must know of an address.
pub struct PasswordAccount {
    /// Whose it is.
    pub user: UserId,
    /// The hash to compare with.
    pub password_hash: String,
}

impl fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordAccount")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A personal organisation.
#[derive(Debug, Clone)]
pub struct PersonalOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: String,
}

/// Stores a user with a password, their personal organisation and a first session: all of it or nothing. `None`: the
/// address is taken.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn insert(
    db: &Db,
    account: &NewAccount<'_>,
    session: &NewSession<'_>,
) -> Result<Option<PersonalOrganization>, DbError> {
    let row = sqlx::query(
        "SELECT organization_id, slug FROM auth_sign_up($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(account.user.as_str())
    .bind(account.name)
    .bind(account.email)
    .bind(new_id::<String>())
    .bind(account.password_hash)
    .bind(new_id::<String>())
    .bind(new_id::<String>())
    .bind(account.slug)
    .bind(session.id)
    .bind(session.token)
    .bind(session.expires_at)
    .bind(session.ip_address)
    .bind(session.user_agent)
    .fetch_optional(&db.pool)
    .await?;
    Ok(row.as_ref().map(personal).transpose()?)
}

/// The password account of an address, if it has one.
///
/// # Errors
/// As [`insert`].
pub async fn find_password(db: &Db, email: &str) -> Result<Option<PasswordAccount>, DbError> {
    let row = sqlx::query("SELECT user_id, password FROM auth_find_password($1)")
        .bind(email)
        .fetch_optional(&db.pool)
        .await?;
    row.map(|row| {
        Ok(PasswordAccount {
            user: UserId::from(row.try_get::<String, _>("user_id")?),
            password_hash: row.try_get("password")?,
        })
    })
    .transpose()
    .map_err(|e: sqlx::Error| e.into())
}

/// The personal organisation of a user whom another program made; it and their membership
/// are made now when they are missing. Calls at once make one.
///
/// # Errors
/// As [`insert`].
pub async fn ensure_personal_organization(
    db: &Db,
    user: &UserId,
    name: &str,
    slug: &str,
) -> Result<PersonalOrganization, DbError> {
    let row = sqlx::query(
        "SELECT organization_id, slug FROM auth_ensure_personal_organization($1, $2, $3, $4, $5)",
    )
    .bind(user.as_str())
    .bind(new_id::<String>())
    .bind(new_id::<String>())
    .bind(name)
    .bind(slug)
    .fetch_one(&db.pool)
    .await?;
    Ok(personal(&row)?)
}

fn personal(row: &sqlx::postgres::PgRow) -> Result<PersonalOrganization, sqlx::Error> {
    Ok(PersonalOrganization {
        id: row.try_get::<String, _>("organization_id")?.into(),
        slug: row.try_get("slug")?,
    })
}
