//! Accounts: signing up and in. These have no tenant yet.

use std::fmt;

use sea_orm::ConnectionTrait as _;
use sqlx::Row as _;

use crate::ids::{OrganizationId, UserId};
use crate::session::{NewSession, Person};
use crate::{Db, DbError, Role, WriteScope, new_id, sql};

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

/// Where somebody is at home.
#[derive(Debug, Clone)]
pub struct Home {
    /// Who.
    pub user: UserId,
    /// Their personal organisation, and what they are there.
    pub membership: Option<(OrganizationId, Role)>,
    /// Told when there is none, so that one can be made.
    pub person: Option<Person>,
}

/// Stores a user with a password, the transaction's organisation as their personal one, and a first session: all of it or nothing.
/// Whether the address was free.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn insert(
    scope: &WriteScope,
    account: &NewAccount<'_>,
    session: &NewSession<'_>,
) -> Result<bool, DbError> {
    let statement = sql::statement(
        "SELECT organization_id, slug FROM auth_sign_up($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        [
            account.user.as_str().into(),
            account.name.into(),
            account.email.into(),
            new_id::<String>().into(),
            account.password_hash.into(),
            scope.tenant().organization().as_str().into(),
            new_id::<String>().into(),
            account.slug.into(),
            session.id.into(),
            session.token.into(),
            session.expires_at.into(),
            session.ip_address.into(),
            session.user_agent.into(),
        ],
    );
    Ok(scope.query_one_raw(statement).await?.is_some())
}

/// Where a user is at home; `None` when there is no such user.
///
/// # Errors
/// As [`insert`].
pub async fn home(db: &Db, user: &UserId) -> Result<Option<Home>, DbError> {
    find_home(db, Some(user.as_str()), None).await
}

/// Where the user of an address is at home; `None` when it is nobody's.
///
/// # Errors
/// As [`insert`].
pub async fn home_of_address(db: &Db, email: &str) -> Result<Option<Home>, DbError> {
    find_home(db, None, Some(email)).await
}

async fn find_home(
    db: &Db,
    user: Option<&str>,
    email: Option<&str>,
) -> Result<Option<Home>, DbError> {
    let statement = "SELECT user_id, organization_id, role, name, email FROM auth_home($1, $2)";
    let row = sqlx::query(statement)
        .bind(user)
        .bind(email)
        .fetch_optional(&db.pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let organization: Option<String> = row.try_get("organization_id")?;
    let role: Option<String> = row.try_get("role")?;
    let name: Option<String> = row.try_get("name")?;
    let email: Option<String> = row.try_get("email")?;
    Ok(Some(Home {
        user: row.try_get::<String, _>("user_id")?.into(),
        membership: organization
            .zip(role)
            .map(|(id, role)| (id.into(), Role::from_word(&role))),
        person: name.zip(email).map(|(name, email)| Person { name, email }),
    }))
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

/// The organisation that a user has been a member of for longest; `None` when they are in none.
///
/// # Errors
/// As [`insert`].
pub async fn first_membership(
    db: &Db,
    user: &UserId,
) -> Result<Option<(OrganizationId, Role)>, DbError> {
    let row = sqlx::query("SELECT organization_id, role FROM auth_first_membership($1)")
        .bind(user.as_str())
        .fetch_optional(&db.pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let role: String = row.try_get("role")?;
    let organization: String = row.try_get("organization_id")?;
    Ok(Some((organization.into(), Role::from_word(&role))))
}

fn personal(row: &sqlx::postgres::PgRow) -> Result<PersonalOrganization, sqlx::Error> {
    Ok(PersonalOrganization {
        id: row.try_get::<String, _>("organization_id")?.into(),
        slug: row.try_get("slug")?,
    })
}
