use async_graphql::MergedObject;

use crate::agent::AgentQuery;
use crate::agent_version::AgentVersionQuery;
use crate::api_connection::ApiConnectionQuery;
use crate::api_key::ApiKeyQuery;
use crate::audit_event::AuditEventQuery;
use crate::conversation::ConversationQuery;
use crate::entity_type::EntityTypeQuery;
use crate::feedback::FeedbackQuery;
use crate::message::MessageQuery;
use crate::node::NodeQuery;
use crate::organization::OrganizationQuery;
use crate::run::RunQuery;
use crate::search::SearchQuery;
use crate::template::TemplateQuery;
use crate::usage::UsageQuery;
use crate::viewer::ViewerQuery;
use crate::whatsapp::WhatsAppQuery;
use crate::whatsapp_number::WhatsAppNumberQuery;

/// Everything that can be asked. Fields that need a signed-in caller answer UNAUTHENTICATED without one.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    ViewerQuery,
    NodeQuery,
    AgentQuery,
    ApiConnectionQuery,
    AuditEventQuery,
    ConversationQuery,
    MessageQuery,
    ApiKeyQuery,
    OrganizationQuery,
    RunQueries,
    TemplateQueries,
    VersionQueries,
    WhatsAppQuery,
);

/// What agents were made of, and what people thought of it.
// A group, as those of mutations.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct VersionQueries(AgentVersionQuery, FeedbackQuery);

/// What agents answered, finding it again, and what it cost.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct RunQueries(RunQuery, SearchQuery, UsageQuery);

/// Templates, types, and the numbers at which installed agents are written to.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct TemplateQueries(TemplateQuery, EntityTypeQuery, WhatsAppNumberQuery);
