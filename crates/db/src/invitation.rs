//! Invitations: rows that better-auth reads too.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::ids::{OrganizationId, UserId};
use crate::{DbError, Refused, Role, Scope, WriteScope, new_id, sql};

/// A pending invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id: what the invited person shows.
    pub id: String,
    /// Into which organisation.
    pub organization_id: OrganizationId,
    /// What that is called.
    pub organization_name: String,
    /// Whom: their address.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who invited.
    pub inviter_id: UserId,
    /// What they are called.
    pub inviter_name: String,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitation<'a> {
    /// Its id; nobody must be able to guess it.
    pub id: &'a str,
    /// Whom: a normalised address.
    pub email: &'a str,
    /// As what.
    pub role: Role,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Whether a live one for the same address is renewed.
    pub resend: bool,
}

/// How many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Members of one organisation.
    pub members: u32,
    /// Live invitations of one organisation.
    pub invitations: u32,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    organization_id: String,
    organization_name: String,
    email: String,
    role: String,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    inviter_id: String,
    inviter_name: String,
}

#[derive(FromQueryResult)]
struct Created {
    status: String,
    id: Option<String>,
}

#[derive(FromQueryResult)]
struct Joined {
    status: String,
    organization_id: Option<String>,
    role: Option<String>,
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id.into(),
            organization_name: row.organization_name,
            email: row.email,
            role: Role::from_word(&row.role),
            expires_at: row.expires_at,
            created_at: row.created_at,
            inviter_id: row.inviter_id.into(),
            inviter_name: row.inviter_name,
        }
    }
}

const COLUMNS: &str = "id, organization_id, organization_name, email, role, expires_at, created_at, inviter_id, inviter_name";

/// The pending invitations of each of many organisations, newest first, in one statement; none of where the acting user is no owner or
/// admin. At most 1,000 of each.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn list_many(
    scope: &Scope,
    organizations: &[OrganizationId],
) -> Result<HashMap<OrganizationId, Vec<Invitation>>, DbError> {
    let statement = format!("SELECT {COLUMNS} FROM org_invitations($1)");
    let ids: Vec<String> = organizations.iter().map(ToString::to_string).collect();
    let mut lists: HashMap<OrganizationId, Vec<Invitation>> = HashMap::new();
    for row in sql::all::<Row>(scope, statement, [ids.into()]).await? {
        let invitation = Invitation::from(row);
        let organization = invitation.organization_id.clone();
        lists.entry(organization).or_default().push(invitation);
    }
    Ok(lists)
}

/// The live invitations for the acting user's address, if they have shown that it is theirs.
///
/// # Errors
/// As [`list_many`].
pub async fn list_mine(scope: &Scope) -> Result<Vec<Invitation>, DbError> {
    let statement = format!("SELECT {COLUMNS} FROM my_invitations()");
    let rows: Vec<Row> = sql::all(scope, statement, []).await?;
    Ok(rows.into_iter().map(Invitation::from).collect())
}

/// One pending invitation of the acting organisation.
///
/// # Errors
/// As [`list_many`].
pub async fn find(scope: &Scope, id: &str) -> Result<Option<Invitation>, DbError> {
    let statement = format!("SELECT {COLUMNS} FROM org_invitations(ARRAY[$1]) WHERE id = $2");
    let values = [
        scope.tenant().organization().as_str().into(),
        id.to_owned().into(),
    ];
    let row: Option<Row> = sql::first(scope, statement, values).await?;
    Ok(row.map(Invitation::from))
}

/// The pending invitation of this id into the acting organisation, else the newest for this address.
///
/// # Errors
/// As [`list_many`].
pub async fn find_of(scope: &Scope, id: &str, email: &str) -> Result<Option<Invitation>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM org_invitations(ARRAY[$1]) WHERE id = $2 OR lower(email) = lower($3)
         ORDER BY id = $2 DESC, created_at DESC LIMIT 1"
    );
    let values = [
        scope.tenant().organization().as_str().into(),
        id.into(),
        email.into(),
    ];
    let row: Option<Row> = sql::first(scope, statement, values).await?;
    Ok(row.map(Invitation::from))
}

/// Invites into the acting organisation; the id of the invitation that stands.
///
/// # Errors
/// As [`list_many`].
pub async fn create(
    scope: &WriteScope,
    new: &NewInvitation<'_>,
    room: Room,
) -> Result<Result<String, Refused>, DbError> {
    let created: Option<Created> = sql::first(
        scope,
        "SELECT status, id FROM invitation_create($1, $2, $3, $4, $5, $6, $7)",
        [
            new.id.into(),
            new.email.into(),
            new.role.as_str().into(),
            new.expires_at.into(),
            new.resend.into(),
            bounded(room.members).into(),
            bounded(room.invitations).into(),
        ],
    )
    .await?;
    let Created { status, id } = created.ok_or_else(no_row)?;
    Ok(match (Refused::read(&status)?, id) {
        (Ok(()), Some(id)) => Ok(id),
        (Ok(()), None) => return Err(no_row()),
        (Err(refused), _) => Err(refused),
    })
}

/// Gives a pending invitation of the acting organisation new time.
///
/// # Errors
/// As [`list_many`].
pub async fn resend(
    scope: &WriteScope,
    id: &str,
    expires_at: DateTime<Utc>,
    room: Room,
) -> Result<Result<(), Refused>, DbError> {
    let values = [
        id.into(),
        expires_at.into(),
        bounded(room.invitations).into(),
    ];
    sql::ruled(scope, "SELECT invitation_resend($1, $2, $3)", values).await
}

/// Takes a pending invitation of the acting organisation back.
///
/// # Errors
/// As [`list_many`].
pub async fn cancel(scope: &WriteScope, id: &str) -> Result<Result<(), Refused>, DbError> {
    sql::ruled(scope, "SELECT invitation_cancel($1)", [id.into()]).await
}

/// Makes the acting user a member by an invitation for their address; their session, if there is one, acts there from now on.
///
/// # Errors
/// As [`list_many`].
pub async fn accept(
    scope: &WriteScope,
    id: &str,
    session_id: Option<&str>,
    room: Room,
) -> Result<Result<(OrganizationId, Role), Refused>, DbError> {
    let joined: Option<Joined> = sql::first(
        scope,
        "SELECT status, organization_id, role FROM invitation_accept($1, $2, $3, $4)",
        [
            id.into(),
            new_id::<String>().into(),
            session_id.into(),
            bounded(room.members).into(),
        ],
    )
    .await?;
    let joined = joined.ok_or_else(no_row)?;
    Ok(
        match (
            Refused::read(&joined.status)?,
            joined.organization_id.zip(joined.role),
        ) {
            (Ok(()), Some((id, role))) => Ok((id.into(), Role::from_word(&role))),
            (Ok(()), None) => return Err(no_row()),
            (Err(refused), _) => Err(refused),
        },
    )
}

/// Turns down an invitation for the acting user's address.
///
/// # Errors
/// As [`list_many`].
pub async fn reject(scope: &WriteScope, id: &str) -> Result<Result<(), Refused>, DbError> {
    sql::ruled(scope, "SELECT invitation_reject($1)", [id.into()]).await
}

fn bounded(limit: u32) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn no_row() -> DbError {
    DbError::Unexpected("a function answered no row".to_owned())
}
