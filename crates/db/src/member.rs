//! The members of organisations. The database holds every change to the rules once more, under a lock on the organisation.

use std::collections::HashMap;

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
    organization_id: String,
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

/// Which members to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct MemberFilter {
    /// Only those who are this.
    pub role: Option<Role>,
    /// Part of the name, or of the address where the acting user may see it, upper or lower case.
    pub search: Option<String>,
}

#[derive(FromQueryResult)]
struct Counted {
    organization_id: String,
    count: i64,
}

const COLUMNS: &str = "organization_id, id, user_id, role, created_at, name, image, email";

/// The same window on the members of each of many organisations, by when they came, in one statement. An organisation in which
/// the acting user is no member, or that has no such members, is left out.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn list_many(
    scope: &Scope,
    organizations: &[OrganizationId],
    filter: &MemberFilter,
    request: &PageRequest,
) -> Result<HashMap<OrganizationId, Page<Member>>, DbError> {
    let mut values = filter.values(organizations);
    let window = request.window("created_at", "id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT {COLUMNS} FROM (
           SELECT {COLUMNS}, row_number() OVER (PARTITION BY organization_id ORDER BY created_at {order}, id {order}) AS place
           FROM org_members($1) WHERE {MATCHING}{condition}) m
         WHERE place <= {limit} ORDER BY created_at {order}, id {order}"
    );
    let mut lists: HashMap<OrganizationId, Vec<Member>> = HashMap::new();
    for row in sql::all::<Row>(scope, statement, values).await? {
        let organization = OrganizationId::from(row.organization_id.as_str());
        lists.entry(organization).or_default().push(row.into());
    }
    Ok(lists
        .into_iter()
        .map(|(organization, members)| (organization, request.page(members)))
        .collect())
}

/// How many such members each of many organisations has, in one statement; those of [`list_many`] alone.
///
/// # Errors
/// As [`list_many`].
pub async fn count_many(
    scope: &Scope,
    organizations: &[OrganizationId],
    filter: &MemberFilter,
) -> Result<HashMap<OrganizationId, u64>, DbError> {
    let rows: Vec<Counted> = sql::all(
        scope,
        format!(
            "SELECT organization_id, count(*) AS count FROM org_members($1) WHERE {MATCHING} GROUP BY organization_id"
        ),
        filter.values(organizations),
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.organization_id.into(), row.count.unsigned_abs()))
        .collect())
}

/// One member of the acting organisation.
///
/// # Errors
/// As [`list_many`].
pub async fn find(scope: &Scope, user: &UserId) -> Result<Option<Member>, DbError> {
    let row: Option<Row> = sql::first(
        scope,
        format!("SELECT {COLUMNS} FROM org_members(ARRAY[$1]) WHERE user_id = $2"),
        [
            scope.tenant().organization().as_str().into(),
            user.as_str().into(),
        ],
    )
    .await?;
    Ok(row.map(Member::from))
}

/// What [`MemberFilter::values`] fill.
const MATCHING: &str =
    "($2::text IS NULL OR role = $2) AND ($3::text IS NULL OR name ILIKE $3 OR email ILIKE $3)";

impl MemberFilter {
    fn values(&self, organizations: &[OrganizationId]) -> Vec<Value> {
        let ids: Vec<String> = organizations.iter().map(ToString::to_string).collect();
        vec![
            ids.into(),
            self.role.map(Role::as_str).into(),
            self.search.as_deref().map(sql::containing).into(),
        ]
    }
}

/// Gives a member of the acting organisation this role alone.
///
/// # Errors
/// As [`list_many`].
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
/// As [`list_many`].
pub async fn remove(scope: &WriteScope, user: &UserId) -> Result<Result<(), Refused>, DbError> {
    let values = [user.as_str().into()];
    sql::ruled(scope, "SELECT org_remove_member($1)", values).await
}

/// Takes the acting user out of the acting organisation.
///
/// # Errors
/// As [`list_many`].
pub async fn leave(scope: &WriteScope) -> Result<Result<(), Refused>, DbError> {
    sql::ruled(scope, "SELECT org_leave()", []).await
}

/// Makes another member an owner of the acting organisation, and the acting owner an admin.
///
/// # Errors
/// As [`list_many`].
pub async fn transfer(scope: &WriteScope, user: &UserId) -> Result<Result<(), Refused>, DbError> {
    let values = [user.as_str().into()];
    sql::ruled(scope, "SELECT org_transfer($1)", values).await
}
