//! The ladder of roles.

use agentry_db::Role;

use super::Action;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It takes an owner or admin.
    #[error("only owners and admins may do this")]
    AdminsOnly,
    /// It takes an owner.
    #[error("only owners may do this")]
    OwnersOnly,
}

/// The least that somebody must be to do this, in the organisation that they act in.
///
/// A member may try whatever depends on whose a thing is: row security knows who owns it, and lets owners and admins at the
/// agents and shared connections of others besides. The last owner and the personal organisation are for the database to know
/// too. It holds every change of members to this ladder once more, on roles that it reads under a lock.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one match that names every action")]
pub const fn least(action: Action) -> Role {
    use Role::{Admin, Member, Owner};
    match action {
        Action::TransferOwnership
        | Action::DeleteOrganization
        | Action::InviteMember { role: Owner }
        | Action::RemoveMember { role: Some(Owner) }
        | Action::UpdateMemberRole {
            from: Some(Owner),
            to: Owner | Admin | Member,
        }
        | Action::UpdateMemberRole {
            from: None | Some(Admin | Member),
            to: Owner,
        }
        // A key above oneself would be a way up.
        | Action::CreateApiKey { of: Some(Owner) }
        | Action::RotateApiKey { of: Some(Owner) }
        | Action::DeleteApiKey { of: Some(Owner) }
        | Action::UpdateApiKey {
            of: Some(Owner),
            to: None | Some(Owner | Admin | Member),
        }
        | Action::UpdateApiKey {
            of: None | Some(Admin | Member),
            to: Some(Owner),
        } => Owner,
        Action::UpdateOrganization
        | Action::SetBudget
        | Action::TakeOverAgents
        | Action::InviteMember {
            role: Admin | Member,
        }
        | Action::ResendInvitation
        | Action::CancelInvitation
        | Action::RemoveMember {
            role: None | Some(Admin | Member),
        }
        | Action::UpdateMemberRole {
            from: None | Some(Admin | Member),
            to: Admin | Member,
        }
        | Action::CreateApiKey {
            of: Some(Admin | Member),
        }
        | Action::RotateApiKey {
            of: Some(Admin | Member),
        }
        | Action::DeleteApiKey {
            of: Some(Admin | Member),
        }
        | Action::UpdateApiKey {
            of: Some(Admin | Member),
            to: None | Some(Admin | Member),
        }
        | Action::UpdateApiKey {
            of: None,
            to: Some(Admin | Member),
        }
        | Action::PublishTemplateVersion
        | Action::RegisterWhatsAppNumber
        | Action::RotateWhatsAppNumber
        | Action::RemoveWhatsAppNumber
        | Action::SetTemplateStatus
        | Action::YankTemplateVersion
        | Action::DeleteTemplate
        | Action::InstallTemplate
        | Action::CreateEntityType
        | Action::UpdateEntityType
        | Action::ArchiveEntityType => Admin,
        Action::CreateAgent
        | Action::UpdateAgent
        | Action::DuplicateAgent
        | Action::RestoreAgentVersion
        | Action::TransferAgent
        | Action::DeleteAgent
        | Action::CreateApiConnection
        | Action::UpdateApiConnection
        | Action::RotateApiConnectionKey
        | Action::TestApiConnection
        | Action::DeleteApiConnection
        | Action::LinkApiConnection
        | Action::UnlinkApiConnection
        | Action::CreateConversation
        | Action::RenameConversation
        | Action::ArchiveConversation
        | Action::UnarchiveConversation
        | Action::DeleteConversation
        | Action::ForkConversation
        | Action::AppendMessage
        | Action::SendMessage
        | Action::RegenerateMessage
        | Action::EditMessage
        | Action::SelectBranch
        | Action::SubmitToolResults
        | Action::DecideToolCalls
        | Action::CancelRun
        | Action::GiveFeedback
        | Action::WithdrawFeedback
        | Action::CreateOrganization
        | Action::LeaveOrganization
        | Action::AcceptInvitation
        | Action::RejectInvitation
        | Action::UpdateProfile
        | Action::ChangePassword
        | Action::ResetPassword
        | Action::VerifyEmail
        | Action::ChangeEmail
        | Action::SetActiveOrganization
        | Action::RevokeSession
        | Action::RevokeOtherSessions
        | Action::RevokeAllSessions
        | Action::DeleteAccount
        | Action::CreateApiKey { of: None }
        | Action::UpdateApiKey { of: None, to: None }
        | Action::RotateApiKey { of: None }
        | Action::DeleteApiKey { of: None }
        | Action::UpdateInstall
        | Action::UpgradeTemplate
        | Action::UninstallTemplate
        | Action::ForkTemplate
        | Action::LinkWhatsApp
        | Action::UnlinkWhatsApp => Member,
    }
}

/// Whether somebody who is `actor` may, as far as roles say.
///
/// # Errors
/// [`NotAllowed`] says what it takes.
pub const fn decide(actor: Role, action: Action) -> Result<(), NotAllowed> {
    match (least(action), actor) {
        (Role::Member, Role::Owner | Role::Admin | Role::Member)
        | (Role::Admin, Role::Owner | Role::Admin)
        | (Role::Owner, Role::Owner) => Ok(()),
        (Role::Admin, Role::Member) => Err(NotAllowed::AdminsOnly),
        (Role::Owner, Role::Admin | Role::Member) => Err(NotAllowed::OwnersOnly),
    }
}
