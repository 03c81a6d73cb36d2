use async_graphql::MergedObject;

use crate::account::{EmailMutation, ResetMutation, VerifyMutation};
use crate::agent::{AgentMutation, HandOverMutation};
use crate::agent_version::AgentVersionMutation;
use crate::api_connection::{ApiConnectionMutation, LinkMutation, TestMutation};
use crate::api_key::ApiKeyMutation;
use crate::conversation::{ConversationMutation, ForkMutation};
use crate::entity_type::EntityTypeMutation;
use crate::feedback::FeedbackMutation;
use crate::message::MessageMutation;
use crate::organization::{InviteMutation, MemberMutation, OrganizationMutation, RespondMutation};
use crate::run::{BranchMutation, CancelMutation, DecideMutation, SendMutation, SubmitMutation};
use crate::template::{
    DeleteTemplateMutation, InstallChangeMutation, InstallMutation, TemplateMutation,
};
use crate::usage::BudgetMutation;
use crate::viewer::{
    DeletionMutation, PasswordMutation, ProfileMutation, SessionMutation, SignInMutation,
    SignUpMutation,
};
use crate::whatsapp::WhatsAppMutation;
use crate::whatsapp_number::WhatsAppNumberMutation;

/// Everything that can be changed. Each field is one transaction; what it expects to fail comes back as data.
// In groups: each object of one row deepens a type that the compiler follows to a limit.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    PeopleMutations,
    OrganizationMutations,
    AgentMutations,
    TemplateMutations,
    RunMutations,
    WhatsAppMutations,
);

/// What concerns people themselves.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct PeopleMutations(
    SignUpMutation,
    SignInMutation,
    ResetMutation,
    VerifyMutation,
    EmailMutation,
    SessionMutation,
    PasswordMutation,
    ProfileMutation,
    DeletionMutation,
    ApiKeyMutation,
);

/// What concerns organisations.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct OrganizationMutations(
    OrganizationMutation,
    MemberMutation,
    InviteMutation,
    RespondMutation,
    BudgetMutation,
    WhatsAppNumberMutation,
);

/// What concerns agents and what they are used with.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct AgentMutations(
    AgentMutation,
    AgentVersionMutation,
    HandOverMutation,
    ApiConnectionMutation,
    LinkMutation,
    ConversationMutation,
    MessageMutation,
    FeedbackMutation,
);

/// What concerns templates and types.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct TemplateMutations(
    TemplateMutation,
    DeleteTemplateMutation,
    InstallMutation,
    InstallChangeMutation,
    EntityTypeMutation,
);

/// What has agents answer, or tries whether they could.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct RunMutations(
    SendMutation,
    CancelMutation,
    BranchMutation,
    SubmitMutation,
    DecideMutation,
    ForkMutation,
    TestMutation,
);

/// What concerns WhatsApp.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct WhatsAppMutations(WhatsAppMutation);
