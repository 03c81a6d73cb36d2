//! The members of an organisation. The database holds every change to the rules once more, under a lock on the organisation.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};

use crate::ids::{OrganizationId, UserId};
use crate::keyset::{Page, PageRequest};
use crate::{DbError, Refused, Role, Scope, WriteScope, sql};

/// Somebody in an organisation.
#[derive(Debug, Clone)]
pub struct Member {
    /// The membership's id.
    pub id: String,
    /// Who it is.
    pub user_id: UserId,
    /// What they are there.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Their name.
    pub name: String,
    /// Where their picture is.
    pub image: Option<String>,
    /// Their address, where the acting user may see it.
    pub email: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    user_id: String,
    role: String,
    created_at: DateTime<Utc>,
    name: String,
    image: Option<String>,
    email: Option<String>,
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id.into(),
            role: Role::from_word(&row.role),
            created_at: row.created_at,
            name: row.name,
            image: row.image,
            email: row.email,
        }
    }
}

const COLUMNS: &str = "id, user_id, role, created_at, name, image, email";

/// One window on the members of an organisation of the acting user, by when they came; nothing of any other organisation.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn list(
    scope: &Scope,
    organization: &OrganizationId,
    request: &PageRequest,
) -> Result<Page<Member>, DbError> {
    let mut values: Vec<Value> = vec![organization.as_str().into()];
    let window = request.window("created_at", "id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT {COLUMNS} FROM org_members($1) WHERE true{condition}
         ORDER BY created_at {order}, id {order} LIMIT {limit}"
    );
    let rows: Vec<Row> = sql::all(scope, statement, values).await?;
    Ok(request.page(rows.into_iter().map(Member::from).collect()))
}

/// How many members an organisation of the acting user has.
///
/// # Errors
/// As [`list`].
pub async fn count(scope: &Scope, organization: &OrganizationId) -> Result<u64, DbError> {
    let count: i64 = sql::scalar(
        scope,
        "SELECT count(*) FROM org_members($1)",
        [organization.as_str().into()],
    )
    .await?;
    Ok(count.unsigned_abs())
}

/// One member of the acting organisation.
///
/// # Errors
/// As [`list`].
pub async fn find(scope: &Scope, user: &UserId) -> Result<Option<Member>, DbError> {
    let row: Option<Row> = sql::first(
        scope,
        format!("SELECT {COLUMNS} FROM org_members($1) WHERE user_id = $2"),
        [
            scope.tenant().organization().as_str().into(),
            user.as_str().into(),
        ],
    )
    .await?;
    Ok(row.map(Member::from))
}

/// Gives a member of the acting organisation this role alone.
///
/// # Errors
/// As [`list`].
pub async fn change_role(
    scope: &WriteScope,
    user: &UserId,
    role: Role,
) -> Result<Result<(), Refused>, DbError> {
    let values = [user.as_str().into(), role.as_str().into()];
    sql::ruled(scope, "SELECT org_change_role($1, $2)", values).await
}

/// Takes a member out of the acting organisation.
///
/// # Errors
/// As [`list`].
pub async fn remove(scope: &WriteScope, user: &UserId) -> Result<Result<(), Refused>, DbError> {
    let values = [user.as_str().into()];
    sql::ruled(scope, "SELECT org_remove_member($1)", values).await
}

/// Takes the acting user out of the acting organisation.
///
/// # Errors
/// As [`list`].
pub async fn leave(scope: &WriteScope) -> Result<Result<(), Refused>, DbError> {
    sql::ruled(scope, "SELECT org_leave()", []).await
}

/// Makes another member an owner of the acting organisation, and the acting owner an admin.
///
/// # Errors
/// As [`list`].
pub async fn transfer(scope: &WriteScope, user: &UserId) -> Result<Result<(), Refused>, DbError> {
    let values = [user.as_str().into()];
    sql::ruled(scope, "SELECT org_transfer($1)", values).await
}
