//! Organisations and users, as far as an acting user may see them.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::ids::{OrganizationId, UserId};
use crate::{DbError, Refused, Role, Scope, WriteScope, new_id, sql};

/// One organisation of the acting user.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its unique short name in addresses.
    pub slug: String,
    /// Where its picture is.
    pub logo: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whether it is the user's personal one.
    pub personal: bool,
    /// The user's role there.
    pub role: Role,
}

#[derive(FromQueryResult)]
struct MembershipRow {
    id: String,
    name: String,
    slug: String,
    logo: Option<String>,
    created_at: DateTime<Utc>,
    personal: bool,
    role: String,
}

/// The acting user.
#[derive(Debug, Clone, FromQueryResult)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they have shown that the address is theirs.
    pub email_verified: bool,
    /// Where their picture is.
    pub image: Option<String>,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

/// Every organisation of the acting user, oldest first.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn list_mine(scope: &Scope) -> Result<Vec<Membership>, DbError> {
    let rows: Vec<MembershipRow> = sql::all(
        scope,
        "SELECT id, name, slug, logo, created_at, personal, role FROM auth_my_organizations()",
        [],
    )
    .await?;
    let membership = |row: MembershipRow| Membership {
        id: row.id.into(),
        name: row.name,
        slug: row.slug,
        logo: row.logo,
        created_at: row.created_at,
        personal: row.personal,
        role: Role::from_word(&row.role),
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// The acting user's own row.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn find_me(scope: &Scope) -> Result<Option<User>, DbError> {
    sql::first(
        scope,
        r#"SELECT "id", "name", "email", "emailVerified" AS email_verified, "image",
                  "createdAt" AS created_at, "updatedAt" AS updated_at
           FROM "user" WHERE "id" = $1"#,
        [scope.tenant().user().as_str().into()],
    )
    .await
}

/// An organisation to be made.
#[derive(Debug, Clone)]
pub struct NewOrganization<'a> {
    /// Its id.
    pub id: &'a OrganizationId,
    /// Its name.
    pub name: &'a str,
    /// Its slug.
    pub slug: &'a str,
    /// Where its picture is.
    pub logo: Option<&'a str>,
}

/// What changes of the acting organisation; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub struct OrganizationChanges {
    /// Its name.
    pub name: Option<String>,
    /// Its slug.
    pub slug: Option<String>,
    /// Where its picture is.
    pub logo: Option<Option<String>>,
}

/// Makes an organisation that the acting user owns; their session acts there from now on. `limit` is how many they may own.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn create(
    scope: &WriteScope,
    new: &NewOrganization<'_>,
    session_id: Option<&str>,
    limit: u32,
) -> Result<Result<(), Refused>, DbError> {
    let values = [
        new.id.as_str().into(),
        new_id::<String>().into(),
        session_id.into(),
        new.name.into(),
        new.slug.into(),
        new.logo.map(str::to_owned).into(),
        i32::try_from(limit).unwrap_or(i32::MAX).into(),
    ];
    sql::ruled(
        scope,
        "SELECT org_create($1, $2, $3, $4, $5, $6, $7)",
        values,
    )
    .await
}

/// Changes the acting organisation.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn update(
    scope: &WriteScope,
    changes: &OrganizationChanges,
) -> Result<Result<(), Refused>, DbError> {
    let OrganizationChanges { name, slug, logo } = changes.clone();
    let values = [
        name.into(),
        slug.into(),
        logo.is_some().into(),
        logo.flatten().into(),
    ];
    sql::ruled(scope, "SELECT org_update($1, $2, $3, $4)", values).await
}

/// Deletes the acting organisation with everything in it.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn delete(scope: &WriteScope) -> Result<Result<(), Refused>, DbError> {
    match sql::ruled(scope, "SELECT org_delete()", []).await {
        Err(error) if error.is_template_in_use() => Ok(Err(Refused::InUse)),
        ruled => ruled,
    }
}

/// Says where the session acts when a request names no organisation; `None` is at home.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn set_active(
    scope: &WriteScope,
    session_id: &str,
    organization: Option<&OrganizationId>,
) -> Result<Result<(), Refused>, DbError> {
    let organization = organization.map(|id| id.as_str().to_owned());
    let values = [session_id.into(), organization.into()];
    sql::ruled(scope, "SELECT session_set_active($1, $2)", values).await
}
