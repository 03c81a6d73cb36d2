use agentry_db::Role;

/// Declares the actions, each with its name, and for the tests a list of them that cannot miss one.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $({ $($(#[$of:meta])* $field:ident: $kind:ty),+ })? = $name:literal,)+) => {
        /// Something that a caller wants to do: every write of the API is one of these.
        ///
        /// What a field says may be unknown until the database has been read: `None` stands for it until then, and the action is
        /// decided again when it is known. Signing up and in are none of them, for nobody acts yet, and neither is signing out,
        /// which every session may.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $action $({ $($(#[$of])* $field: $kind),+ })?,)+
        }

        impl Action {
            /// What it is called in the audit trail, and its transaction in the log: `noun.verb`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action $({ $($field: _),+ })? => $name,)+
                }
            }

            /// Every action, with every value of its fields.
            #[cfg(test)]
            pub(super) fn all() -> Vec<Self> {
                use super::tests::Each;
                [$(actions!(@each $action $({ $($field: $kind),+ })?)),+].concat()
            }
        }
    };
    (@each $action:ident) => {
        vec![Self::$action]
    };
    (@each $action:ident { $one:ident: $kind:ty }) => {
        Vec::from_iter(<$kind>::each().into_iter().map(|$one| Self::$action { $one }))
    };
    (@each $action:ident { $one:ident: $kind:ty, $two:ident: $other:ty }) => {
        Vec::from_iter(<$kind>::each().into_iter().flat_map(|$one| {
            <$other>::each().into_iter().map(move |$two| Self::$action { $one, $two })
        }))
    };
}

actions! {
    /// Make an agent.
    CreateAgent = "agent.create",
    /// Change an agent.
    UpdateAgent = "agent.update",
    /// Copy an agent.
    DuplicateAgent = "agent.duplicate",
    /// Make an agent what it was.
    RestoreAgentVersion = "agent.restore_version",
    /// Hand an agent to a colleague.
    TransferAgent = "agent.transfer",
    /// Hand all agents of somebody who has left to a colleague.
    TakeOverAgents = "agent.take_over",
    /// Delete an agent.
    DeleteAgent = "agent.delete",
    /// Make an API connection.
    CreateApiConnection = "api_connection.create",
    /// Change an API connection.
    UpdateApiConnection = "api_connection.update",
    /// Replace the key of an API connection.
    RotateApiConnectionKey = "api_connection.rotate_key",
    /// Try whether an API connection works.
    TestApiConnection = "api_connection.test",
    /// Delete an API connection.
    DeleteApiConnection = "api_connection.delete",
    /// Let an agent use an API connection.
    LinkApiConnection = "api_connection.link",
    /// Let an agent use an API connection no more.
    UnlinkApiConnection = "api_connection.unlink",
    /// Begin a conversation.
    CreateConversation = "conversation.create",
    /// Give a conversation a title.
    RenameConversation = "conversation.rename",
    /// Put a conversation away.
    ArchiveConversation = "conversation.archive",
    /// Take a conversation out again.
    UnarchiveConversation = "conversation.unarchive",
    /// Delete a conversation.
    DeleteConversation = "conversation.delete",
    /// Copy what was said up to a message into a new conversation.
    ForkConversation = "conversation.fork",
    /// Add a message.
    AppendMessage = "message.append",
    /// Add a message and have the agent answer it.
    SendMessage = "message.send",
    /// Have the agent answer anew.
    RegenerateMessage = "message.regenerate",
    /// Say something else instead of a message, and have the agent answer that.
    EditMessage = "message.edit",
    /// Show another branch of a conversation.
    SelectBranch = "message.select_branch",
    /// Say what came of tool calls, and have the agent go on.
    SubmitToolResults = "message.submit_tool_results",
    /// Say whether tool calls may be carried out.
    DecideToolCalls = "message.decide_tool_calls",
    /// End a run.
    CancelRun = "run.cancel",
    /// Rate a message.
    GiveFeedback = "feedback.give",
    /// Take a rating back.
    WithdrawFeedback = "feedback.withdraw",
    /// Make an organisation.
    CreateOrganization = "organization.create",
    /// Change an organisation's name, slug or picture.
    UpdateOrganization = "organization.update",
    /// Say what an organisation may spend.
    SetBudget = "organization.set_budget",
    /// Hand one's ownership of an organisation to another member.
    TransferOwnership = "organization.transfer",
    /// Delete an organisation with everything in it.
    DeleteOrganization = "organization.delete",
    /// Make a member who is the one the other.
    UpdateMemberRole {
        /// What they are.
        from: Option<Role>,
        /// What they are to be.
        to: Role
    } = "member.update_role",
    /// Remove another member.
    RemoveMember {
        /// What they are.
        role: Option<Role>
    } = "member.remove",
    /// Leave an organisation.
    LeaveOrganization = "member.leave",
    /// Invite somebody.
    InviteMember {
        /// As what.
        role: Role
    } = "invitation.create",
    /// Send an invitation again.
    ResendInvitation = "invitation.resend",
    /// Take an invitation back.
    CancelInvitation = "invitation.cancel",
    /// Take an invitation up.
    AcceptInvitation = "invitation.accept",
    /// Turn an invitation down.
    RejectInvitation = "invitation.reject",
    /// Change one's own name, picture or profile.
    UpdateProfile = "user.update",
    /// Delete oneself.
    DeleteAccount = "user.delete",
    /// Change one's own password.
    ChangePassword = "user.change_password",
    /// Set one's own password anew, by the link of a message.
    ResetPassword = "user.reset_password",
    /// Verify one's own address, by the link of a message.
    VerifyEmail = "user.verify_email",
    /// Change one's own address, by the link of a message.
    ChangeEmail = "user.change_email",
    /// Choose where one's session acts.
    SetActiveOrganization = "session.set_active",
    /// End one of one's own sessions.
    RevokeSession = "session.revoke",
    /// End all of one's own sessions but this.
    RevokeOtherSessions = "session.revoke_others",
    /// End all of one's own sessions.
    RevokeAllSessions = "session.revoke_all",
    /// Make an API key.
    CreateApiKey {
        /// As what the organisation acts by it; `None` for a key of one's own.
        of: Option<Role>
    } = "api_key.create",
    /// Change an API key.
    UpdateApiKey {
        /// As what the organisation acts by it; `None` for a key of one's own.
        of: Option<Role>,
        /// As what it is to act from now on; `None` when that stays.
        to: Option<Role>
    } = "api_key.update",
    /// Replace an API key.
    RotateApiKey {
        /// As what the organisation acts by it; `None` for a key of one's own.
        of: Option<Role>
    } = "api_key.rotate",
    /// Delete an API key.
    DeleteApiKey {
        /// As what the organisation acts by it; `None` for a key of one's own.
        of: Option<Role>
    } = "api_key.delete",
    /// Publish a version of a template.
    PublishTemplateVersion = "template.publish",
    /// Say who may find and install a template.
    SetTemplateStatus = "template.set_status",
    /// Take a version of a template back, or give it out again.
    YankTemplateVersion = "template.yank",
    /// Delete a template that was never published.
    DeleteTemplate = "template.delete",
    /// Register a number on WhatsApp.
    RegisterWhatsAppNumber = "whatsapp_number.register",
    /// Replace the secrets of a number on WhatsApp.
    RotateWhatsAppNumber = "whatsapp_number.rotate",
    /// Remove a number on WhatsApp.
    RemoveWhatsAppNumber = "whatsapp_number.remove",
    /// Install a template.
    InstallTemplate = "template.install",
    /// Change what an install has of its own.
    UpdateInstall = "template.update_install",
    /// Move an install to another version.
    UpgradeTemplate = "template.upgrade",
    /// End an install.
    UninstallTemplate = "template.uninstall",
    /// Make an agent of one's own of a template.
    ForkTemplate = "template.fork",
    /// Say that a number on WhatsApp is one's own.
    LinkWhatsApp = "whatsapp.link",
    /// Take a number on WhatsApp back.
    UnlinkWhatsApp = "whatsapp.unlink",
    /// Author a type.
    CreateEntityType = "entity_type.create",
    /// Change a type.
    UpdateEntityType = "entity_type.update",
    /// Put a type away.
    ArchiveEntityType = "entity_type.archive",
}
