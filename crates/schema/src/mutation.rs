use async_graphql::MergedObject;

use crate::agent::AgentMutation;
use crate::api_connection::{ApiConnectionMutation, LinkMutation};
use crate::api_key::ApiKeyMutation;
use crate::conversation::ConversationMutation;
use crate::feedback::FeedbackMutation;
use crate::message::MessageMutation;
use crate::organization::{InviteMutation, MemberMutation, OrganizationMutation, RespondMutation};
use crate::viewer::{
    DeletionMutation, PasswordMutation, ProfileMutation, SessionMutation, SignInMutation,
    SignUpMutation,
};

/// Everything that can be changed. Each field is one transaction; what it expects to fail comes back as data.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    SignUpMutation,
    SignInMutation,
    SessionMutation,
    PasswordMutation,
    ProfileMutation,
    DeletionMutation,
    OrganizationMutation,
    MemberMutation,
    InviteMutation,
    RespondMutation,
    AgentMutation,
    ApiConnectionMutation,
    LinkMutation,
    ConversationMutation,
    MessageMutation,
    FeedbackMutation,
    ApiKeyMutation,
);
