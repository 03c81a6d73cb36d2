//! Organisations and users, as far as an acting user may see them.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::ids::{OrganizationId, UserId};
use crate::sql;
use crate::{DbError, Role, Scope};

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
