//! Which kind of thing an id stands for.

use std::collections::HashSet;

use sea_orm::FromQueryResult;

use crate::sql;
use crate::{DbError, Scope};

/// What an id can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An agent.
    Agent,
    /// A version of an agent.
    AgentVersion,
    /// An API connection.
    ApiConnection,
    /// A conversation.
    Conversation,
    /// A message.
    Message,
    /// A run.
    Run,
    /// A piece of feedback.
    Feedback,
    /// An audit event.
    AuditEvent,
    /// An organisation, acting there or not.
    Organization,
    /// An install of a template.
    TemplateInstall,
    /// A type of things, or of relationships between them.
    EntityType,
    /// A template.
    Template,
    /// A number on `WhatsApp`.
    WhatsAppNumber,
}

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    id: String,
}

// One probe of a primary key a table; messages have an index of their own for it.
const KINDS: &str = r#"
SELECT 'agent' AS kind, id FROM agents WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'agent_version', id FROM agent_versions WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'api_connection', id FROM api_connections WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'conversation', id FROM conversations WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'message', id FROM agent_messages WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'run', id FROM runs WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'feedback', id FROM agent_feedback WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'audit_event', id FROM audit_events WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'template_install', id FROM template_installs WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'entity_type', id FROM entity_types WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'entity_type', id FROM entity_relationship_types WHERE organization_id = $1 AND id = ANY ($2)
UNION ALL SELECT 'whatsapp_number', id FROM whatsapp_numbers WHERE publisher_org_id = $1 AND id = ANY ($2)
UNION ALL SELECT DISTINCT 'organization', "organizationId" FROM "member" WHERE "userId" = $3 AND "organizationId" = ANY ($2)"#;

const PUBLISHED: &str = "
SELECT 'template' AS kind, id FROM template_find_many($1) UNION SELECT 'template', id FROM template_installed($1)
UNION SELECT 'entity_type', id FROM template_types_by_id($1)";

/// The kinds of these ids, as far as the caller may see what they stand for.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn find_kinds(scope: &Scope, ids: &[String]) -> Result<Vec<(String, Kind)>, DbError> {
    let tenant = scope.tenant();
    let values = [
        tenant.organization().as_str().into(),
        ids.to_vec().into(),
        tenant.user().as_str().into(),
    ];
    let mut rows: Vec<Row> = sql::all(scope, KINDS, values).await?;
    // What comes from publishers is asked for only where nothing else was found, which is seldom.
    let known: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let left: Vec<String> = ids
        .iter()
        .filter(|id| !known.contains(id.as_str()))
        .cloned()
        .collect();
    if !left.is_empty() {
        rows.extend(sql::all::<Row>(scope, PUBLISHED, [left.into()]).await?);
    }
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.id, kind(&row.kind)?)))
        .collect())
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "agent" => Kind::Agent,
        "agent_version" => Kind::AgentVersion,
        "api_connection" => Kind::ApiConnection,
        "conversation" => Kind::Conversation,
        "message" => Kind::Message,
        "run" => Kind::Run,
        "feedback" => Kind::Feedback,
        "audit_event" => Kind::AuditEvent,
        "organization" => Kind::Organization,
        "template_install" => Kind::TemplateInstall,
        "entity_type" => Kind::EntityType,
        "template" => Kind::Template,
        "whatsapp_number" => Kind::WhatsAppNumber,
        _ => return None,
    })
}
