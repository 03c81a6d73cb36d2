//! API keys and JSON Web Tokens: from either to who is acting. Like sessions, these look-ups have no tenant yet.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use crate::ids::{OrganizationId, UserId};
use crate::session::Person;
use crate::{Db, DbError, Lease, Role};

/// An API key that was good, and for this call has been counted.
#[derive(Debug, Clone)]
pub struct UsedApiKey {
    /// Its id; not a credential.
    pub id: String,
    /// Whose it is; of an organisation's key, the organisation's own identity.
    pub user: UserId,
    /// The organisation acted in, and the owner's role there.
    pub membership: (OrganizationId, Role),
    /// What it may be used for: JSON, as `apikey.permissions` has it.
    pub permissions: Option<String>,
}

/// What became of the use of an API key. A use that is not [`ApiKeyUse::Accepted`] was not counted.
#[derive(Debug)]
pub enum ApiKeyUse {
    /// It is good.
    Accepted(UsedApiKey, Lease),
    /// There is no such key, or it is disabled, expired or nobody's, or its user is banned.
    Invalid,
    /// It is not of the user it had to be of.
    OfAnother,
    /// Its user is not a member of the organisation asked for, or another organisation owns it.
    NotAMember,
    /// Its user has no personal organisation yet; one can be made for them.
    Homeless(UserId, Person),
    /// It was used too often, or up. After this time it may work again; `None` when it will not by itself.
    Limited(Option<Duration>),
}

/// What a JSON Web Token speaks of, unless its signature turns out to be nobody's: nothing of it may be believed before.
#[derive(Debug, Clone)]
pub struct JwtSubject {
    /// The public key its `kid` names: a JSON Web Key (RFC 7517).
    pub public_key: String,
    /// The key's algorithm, where the row says it.
    pub alg: Option<String>,
    /// Its subject, while they exist and the session it was made from, if it names one, lives.
    pub user: Option<UserId>,
    /// As of a [`crate::session::Session`].
    pub membership: Option<(OrganizationId, Role)>,
    /// As of a [`crate::session::Session`].
    pub person: Option<Person>,
}

/// What a JSON Web Token says of itself.
#[derive(Debug, Clone, Copy)]
pub struct JwtNames<'a> {
    /// The key that signed it.
    pub kid: &'a str,
    /// Its subject: a user.
    pub user: &'a str,
    /// The session it was made from.
    pub session: Option<&'a str>,
}

/// Uses the API key of this hash once: whether it is good, whom it acts for, and its limits, in one statement. `only`: whose it
/// must be.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn use_api_key(
    db: &Db,
    hash: &str,
    organization: Option<&str>,
    only: Option<&UserId>,
) -> Result<ApiKeyUse, DbError> {
    call(db, hash, organization, only, true).await
}

/// Whether the API key of this hash is good and whom it acts for, without a use of it.
///
/// # Errors
/// As [`use_api_key`].
pub async fn find_api_key(
    db: &Db,
    hash: &str,
    organization: Option<&str>,
) -> Result<ApiKeyUse, DbError> {
    call(db, hash, organization, None, false).await
}

async fn call(
    db: &Db,
    hash: &str,
    organization: Option<&str>,
    only: Option<&UserId>,
    count: bool,
) -> Result<ApiKeyUse, DbError> {
    let look_up = |pool: PgPool| async move {
        let mut connection = pool.acquire().await?;
        let row = sqlx::query(
            "SELECT status, key_id, user_id, organization_id, role, permissions, retry_ms, name, email FROM auth_use_api_key($1, $2, $3, $4)",
        )
        .bind(hash)
        .bind(organization)
        .bind(only.map(UserId::as_str))
        .bind(count)
        .fetch_optional(&mut *connection)
        .await?;
        Ok((row, Lease(connection)))
    };
    let (row, lease) = db.begin_anew(look_up).await?;
    let Some(row) = row else {
        return Ok(ApiKeyUse::Invalid);
    };
    let status: String = row.try_get("status")?;
    Ok(match status.as_str() {
        "ok" => match membership(&row)? {
            Some(membership) => ApiKeyUse::Accepted(
                UsedApiKey {
                    id: row.try_get("key_id")?,
                    user: row.try_get::<String, _>("user_id")?.into(),
                    membership,
                    permissions: row.try_get("permissions")?,
                },
                lease,
            ),
            None => ApiKeyUse::NotAMember,
        },
        "other" => ApiKeyUse::OfAnother,
        "stranger" => ApiKeyUse::NotAMember,
        "homeless" => match person(&row)? {
            Some(person) => {
                ApiKeyUse::Homeless(row.try_get::<String, _>("user_id")?.into(), person)
            }
            None => ApiKeyUse::Invalid,
        },
        "exhausted" | "limited" => {
            let wait: Option<i64> = row.try_get("retry_ms")?;
            ApiKeyUse::Limited(wait.map(|ms| Duration::from_millis(ms.max(0).unsigned_abs())))
        }
        // "disabled", "expired", "owner"; whatever a later migration may add is refused until this build knows it.
        _ => ApiKeyUse::Invalid,
    })
}

/// The public key that a JSON Web Token names, and who its subject is. `None`: there is no such key.
///
/// # Errors
/// As [`use_api_key`].
pub async fn find_jwt_subject(
    db: &Db,
    names: JwtNames<'_>,
    organization: Option<&str>,
) -> Result<Option<(JwtSubject, Lease)>, DbError> {
    let look_up = |pool: PgPool| async move {
        let mut connection = pool.acquire().await?;
        let row = sqlx::query(
            "SELECT public_key, alg, user_id, organization_id, role, name, email FROM auth_resolve_jwt($1, $2, $3, $4)",
        )
        .bind(names.kid)
        .bind(names.user)
        .bind(names.session)
        .bind(organization)
        .fetch_optional(&mut *connection)
        .await?;
        Ok((row, Lease(connection)))
    };
    let (row, lease) = db.begin_anew(look_up).await?;
    let subject = row.as_ref().map(subject).transpose()?;
    Ok(subject.map(|subject| (subject, lease)))
}

fn subject(row: &PgRow) -> Result<JwtSubject, sqlx::Error> {
    Ok(JwtSubject {
        public_key: row.try_get("public_key")?,
        alg: row.try_get("alg")?,
        user: row
            .try_get::<Option<String>, _>("user_id")?
            .map(UserId::from),
        membership: membership(row)?,
        person: person(row)?,
    })
}

fn membership(row: &PgRow) -> Result<Option<(OrganizationId, Role)>, sqlx::Error> {
    let organization: Option<String> = row.try_get("organization_id")?;
    let role: Option<String> = row.try_get("role")?;
    Ok(organization
        .zip(role)
        .map(|(id, role)| (id.into(), Role::from_word(&role))))
}

fn person(row: &PgRow) -> Result<Option<Person>, sqlx::Error> {
    let name: Option<String> = row.try_get("name")?;
    let email: Option<String> = row.try_get("email")?;
    Ok(name.zip(email).map(|(name, email)| Person { name, email }))
}
