//! Organisations, their members and the invitations into them.

use agentry_auth::Access;
use agentry_db::Refused;
use agentry_db::invitation::{Invitation as InvitationRow, Room};
use agentry_db::member::Member as MemberRow;
use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};

use crate::context::{ADMINS_ONLY, OWNERS_ONLY};
use crate::failure::Failure;
use crate::user::Role;
use crate::{ApiError, Limits, Noun, RequestContext};

mod fields;
mod invite;
mod loaders;
mod manage;
mod profile;
mod query;
mod respond;
mod staff;

pub use fields::*;
pub use invite::*;
pub use manage::*;
pub use profile::*;
pub use query::*;
pub use respond::*;
pub use staff::*;

/// What the audit trail calls an invitation.
pub(crate) const INVITATION: &str = "Invitation";

/// Somebody in an organisation.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Member {
    /// The membership's id.
    pub id: ID,
    /// The id of the person.
    pub user_id: ID,
    /// What they are in the organisation.
    pub role: Role,
    /// Their name.
    pub name: String,
    /// Where their picture is.
    pub image: Option<String>,
    /// Their e-mail address: for owners and admins, and your own; null otherwise.
    pub email: Option<String>,
    /// Since when they are a member.
    pub created_at: DateTime<Utc>,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            id: ID(row.id),
            user_id: ID(row.user_id.into_string()),
            role: row.role.into(),
            name: row.name,
            image: row.image,
            email: row.email,
            created_at: row.created_at,
        }
    }
}

/// An invitation that waits for an answer.
#[derive(Debug, Clone, SimpleObject)]
pub struct Invitation {
    /// Its id, which nobody can guess: what `acceptInvitation` takes. An API key needs `members:write` to see one.
    pub id: ID,
    /// The id of the organisation it leads into.
    pub organization_id: ID,
    /// What that organisation is called.
    pub organization_name: String,
    /// The e-mail address it is for, in lower case.
    pub email: String,
    /// What the invited person is to be.
    pub role: Role,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Whether that time is over; it can be sent again.
    pub expired: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The id of the person who invited.
    pub inviter_id: ID,
    /// What they are called.
    pub inviter_name: String,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: ID(row.id),
            organization_id: ID(row.organization_id.into_string()),
            organization_name: row.organization_name,
            email: row.email,
            role: row.role.into(),
            expires_at: row.expires_at,
            expired: row.expires_at <= Utc::now(),
            created_at: row.created_at,
            inviter_id: ID(row.inviter_id.into_string()),
            inviter_name: row.inviter_name,
        }
    }
}

/// Refused to an API key that is good for reading members alone: whoever has an invitation's id, and signs up with the address that
/// stands beside it, is let in, so reading one is as good as inviting.
pub(crate) fn may_see_invitations(context: &RequestContext) -> Result<(), ApiError> {
    context.allow(Noun::Members, Access::Write)
}

/// What the database's refusal is to a caller.
pub(crate) fn refused(why: Refused, limits: &Limits) -> Failure {
    match why {
        Refused::Gone => Failure::forbidden("You are not a member of this organisation."),
        Refused::AdminsOnly => Failure::forbidden(ADMINS_ONLY),
        Refused::OwnersOnly => Failure::forbidden(OWNERS_ONLY),
        Refused::NoSuchRole => Failure::forbidden("There is no such role."),
        Refused::OtherAddress => {
            Failure::forbidden("This invitation is for another e-mail address than yours.")
        }
        Refused::Unverified => Failure::forbidden(
            "Only a verified e-mail address makes an owner. Verify yours, and accept then.",
        ),
        Refused::NoSuchMember => Failure::not_found("member"),
        Refused::NoSuchInvitation => Failure::not_found("invitation"),
        Refused::NoSuchTemplate => Failure::not_found("template"),
        Refused::Personal => Failure::conflict(
            "A personal organisation stays with its person: it cannot be deleted, left or handed on.",
        ),
        Refused::LastOwner => Failure::conflict(
            "The organisation would have no owner left. Make somebody else an owner first.",
        ),
        Refused::Oneself => Failure::conflict("This organisation is yours already."),
        Refused::SlugTaken => Failure::conflict("Another organisation has this slug."),
        Refused::AlreadyMember => Failure::conflict("They are a member of the organisation."),
        Refused::AlreadyInvited => Failure::conflict(
            "There is a live invitation for this e-mail address. Send it again instead.",
        ),
        Refused::InUse => Failure::conflict(
            "Templates of this organisation are installed in others. Withdraw them; they keep working where they are.",
        ),
        Refused::Accepted => Failure::conflict("The invitation was accepted already."),
        Refused::Rejected => Failure::conflict("The invitation was rejected."),
        Refused::Canceled => Failure::conflict("The invitation was canceled."),
        Refused::Expired => Failure::conflict("The invitation has expired. Ask for a new one."),
        Refused::Withdrawn => Failure::conflict(
            "Whoever sent this invitation may not invite to this any more. Ask for a new one.",
        ),
        Refused::WasPublished => Failure::conflict(
            "This template was published once. Withdraw it instead; it keeps its slug.",
        ),
        Refused::TemplatesFull => Failure::limit_reached(
            "templates of an organisation",
            limits.templates_per_organization,
        ),
        Refused::MembersFull => Failure::limit_reached(
            "members in an organisation",
            limits.members_per_organization,
        ),
        Refused::InvitationsFull => Failure::limit_reached(
            "live invitations into an organisation",
            limits.invitations_per_organization,
        ),
        Refused::OrganizationsFull => {
            Failure::limit_reached("organisations that you own", limits.organizations_per_user)
        }
    }
}

fn room(limits: &Limits) -> Room {
    Room {
        members: limits.members_per_organization,
        invitations: limits.invitations_per_organization,
    }
}
