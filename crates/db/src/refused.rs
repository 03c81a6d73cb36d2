use crate::DbError;

/// Why the database's own rules let nothing happen to an organisation, its members or its invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The acting user is no member of the organisation (any more).
    Gone,
    /// It takes an owner or admin.
    AdminsOnly,
    /// It takes an owner.
    OwnersOnly,
    /// It cannot be done to a personal organisation, or to the person it belongs to.
    Personal,
    /// There would be no owner left.
    LastOwner,
    /// No member is meant.
    NoSuchMember,
    /// No role is meant.
    NoSuchRole,
    /// It cannot be done to oneself.
    Oneself,
    /// Another organisation has this slug.
    SlugTaken,
    /// They are a member already.
    AlreadyMember,
    /// There is a live invitation for the address.
    AlreadyInvited,
    /// No invitation is meant.
    NoSuchInvitation,
    /// The invitation is for another address.
    OtherAddress,
    /// The invitation is to be an owner, and the acting user has not verified their address.
    Unverified,
    /// The invitation was accepted.
    Accepted,
    /// The invitation was rejected.
    Rejected,
    /// The invitation was canceled.
    Canceled,
    /// The invitation's time is over.
    Expired,
    /// Whoever invited could not do so now.
    Withdrawn,
    /// The organisation has as many members as it may.
    MembersFull,
    /// The organisation has as many live invitations as it may.
    InvitationsFull,
    /// The user owns as many organisations as they may.
    OrganizationsFull,
    /// No template, or version of one, of the acting organisation is meant.
    NoSuchTemplate,
    /// What others have installed goes with it.
    InUse,
    /// The template was to be had once.
    WasPublished,
    /// The organisation has as many templates as it may.
    TemplatesFull,
}

impl Refused {
    /// Reads what a function answered.
    pub(crate) fn read(word: &str) -> Result<Result<(), Self>, DbError> {
        Ok(Err(match word {
            "ok" => return Ok(Ok(())),
            "gone" => Self::Gone,
            "admins_only" => Self::AdminsOnly,
            "owners_only" => Self::OwnersOnly,
            "personal" => Self::Personal,
            "last_owner" => Self::LastOwner,
            "no_such_member" => Self::NoSuchMember,
            "no_such_role" => Self::NoSuchRole,
            "oneself" => Self::Oneself,
            "slug_taken" => Self::SlugTaken,
            "already_member" => Self::AlreadyMember,
            "already_invited" => Self::AlreadyInvited,
            "no_such_invitation" => Self::NoSuchInvitation,
            "other_address" => Self::OtherAddress,
            "unverified" => Self::Unverified,
            "accepted" => Self::Accepted,
            "rejected" => Self::Rejected,
            "canceled" => Self::Canceled,
            "expired" => Self::Expired,
            "withdrawn" => Self::Withdrawn,
            "members_full" => Self::MembersFull,
            "invitations_full" => Self::InvitationsFull,
            "organizations_full" => Self::OrganizationsFull,
            "no_such_template" => Self::NoSuchTemplate,
            "was_published" => Self::WasPublished,
            "templates_full" => Self::TemplatesFull,
            other => {
                let unknown = format!("a function answered {other:?}");
                return Err(DbError::Unexpected(unknown));
            }
        }))
    }
}
