//! People and their organisations, as the person themself sees them.

use agentry_db::organization::{Membership, User as UserRow};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A person.
#[derive(Debug, Clone, SimpleObject)]
pub struct User {
    /// Their id.
    pub id: ID,
    /// Their name.
    pub name: String,
    /// Their e-mail address, in lower case.
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

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow {
            id,
            name,
            email,
            email_verified,
            image,
            created_at,
            updated_at,
        } = row;
        Self {
            id: ID(id.into_string()),
            name,
            email,
            email_verified,
            image,
            created_at,
            updated_at,
        }
    }
}

/// An organisation: the room that agents, connections and conversations live in.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Organization {
    /// Its id; what `x-organization-id` takes.
    pub id: ID,
    /// Its name.
    pub name: String,
    /// Its short name in addresses.
    pub slug: String,
    /// Where its picture is.
    pub logo: Option<String>,
    /// Whether it is your personal one.
    pub personal: bool,
    /// What you are in it.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<Membership> for Organization {
    fn from(row: Membership) -> Self {
        let Membership {
            id,
            name,
            slug,
            logo,
            created_at,
            personal,
            role,
        } = row;
        Self {
            id: ID(id.into_string()),
            name,
            slug,
            logo,
            personal,
            role: role.into(),
            created_at,
        }
    }
}

/// What a member is in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[graphql(remote = "agentry_db::Role")]
pub enum Role {
    /// May do everything, the deletion of the organisation included.
    Owner,
    /// May manage members and everyone's agents.
    Admin,
    /// May use what is shared and manage their own.
    Member,
}
