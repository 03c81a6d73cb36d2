use super::Action;

/// What a field reads or changes, as the permissions of an API key name it. Every way to the database asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// Agents, their links to connections included.
    Agents,
    /// API connections.
    Connections,
    /// Conversations.
    Conversations,
    /// Messages, and the runs that write them.
    Messages,
    /// Feedback.
    Feedback,
    /// Audit events.
    Audit,
    /// Templates, their versions, their installs, and the numbers at which installed agents are written to.
    Templates,
    /// Types of things and of relationships between them.
    Types,
    /// Who writes from which number on WhatsApp.
    WhatsApp,
    /// The caller's own person.
    Profile,
    /// Organisations.
    Organizations,
    /// Members and invitations.
    Members,
    /// What opens and closes the caller's account: sessions, passwords, API keys, numbers on WhatsApp. No API key manages them, whatever its permissions.
    Account,
}

impl Noun {
    /// As it stands in a key's permissions; `None` for what no key is ever good for.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Agents => Some("agents"),
            Self::Connections => Some("connections"),
            Self::Conversations => Some("conversations"),
            Self::Messages => Some("messages"),
            Self::Feedback => Some("feedback"),
            Self::Audit => Some("audit"),
            Self::Templates => Some("templates"),
            Self::Types => Some("types"),
            Self::WhatsApp => Some("whatsapp"),
            Self::Profile => Some("profile"),
            Self::Organizations => Some("organizations"),
            Self::Members => Some("members"),
            Self::Account => None,
        }
    }
}

impl Action {
    /// What an API key must be good for writing, to do it.
    #[must_use]
    pub const fn noun(self) -> Noun {
        match self {
            Self::CreateAgent
            | Self::UpdateAgent
            | Self::DuplicateAgent
            | Self::RestoreAgentVersion
            | Self::TransferAgent
            | Self::TakeOverAgents
            | Self::DeleteAgent
            | Self::LinkApiConnection
            | Self::UnlinkApiConnection => Noun::Agents,
            Self::CreateApiConnection
            | Self::UpdateApiConnection
            | Self::RotateApiConnectionKey
            | Self::TestApiConnection
            | Self::DeleteApiConnection => Noun::Connections,
            Self::CreateConversation
            | Self::RenameConversation
            | Self::ArchiveConversation
            | Self::UnarchiveConversation
            | Self::DeleteConversation
            | Self::ForkConversation => Noun::Conversations,
            Self::AppendMessage
            | Self::SendMessage
            | Self::RegenerateMessage
            | Self::EditMessage
            | Self::SelectBranch
            | Self::SubmitToolResults
            | Self::DecideToolCalls
            | Self::CancelRun => Noun::Messages,
            Self::GiveFeedback | Self::WithdrawFeedback => Noun::Feedback,
            Self::CreateOrganization
            | Self::UpdateOrganization
            | Self::SetBudget
            | Self::TransferOwnership
            | Self::DeleteOrganization => Noun::Organizations,
            Self::UpdateMemberRole { .. }
            | Self::RemoveMember { .. }
            | Self::LeaveOrganization
            | Self::InviteMember { .. }
            | Self::ResendInvitation
            | Self::CancelInvitation
            | Self::AcceptInvitation
            | Self::RejectInvitation => Noun::Members,
            Self::PublishTemplateVersion
            | Self::SetTemplateStatus
            | Self::YankTemplateVersion
            | Self::DeleteTemplate
            | Self::InstallTemplate
            | Self::UpdateInstall
            | Self::UpgradeTemplate
            | Self::UninstallTemplate
            | Self::ForkTemplate
            | Self::RegisterWhatsAppNumber
            | Self::RotateWhatsAppNumber
            | Self::RemoveWhatsAppNumber => Noun::Templates,
            Self::CreateEntityType | Self::UpdateEntityType | Self::ArchiveEntityType => {
                Noun::Types
            }
            Self::UpdateProfile => Noun::Profile,
            Self::ChangePassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::ChangeEmail
            | Self::SetActiveOrganization
            | Self::RevokeSession
            | Self::RevokeOtherSessions
            | Self::RevokeAllSessions
            | Self::DeleteAccount
            | Self::CreateApiKey { .. }
            | Self::UpdateApiKey { .. }
            | Self::RotateApiKey { .. }
            | Self::DeleteApiKey { .. }
            | Self::LinkWhatsApp
            | Self::UnlinkWhatsApp => Noun::Account,
        }
    }
}
