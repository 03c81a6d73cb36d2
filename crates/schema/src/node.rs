//! Global look-up by id (Relay Object Identification): <https://relay.dev/graphql/objectidentification.htm>.

use std::collections::HashMap;

use agentry_auth::Access;
use agentry_db::Scope;
use agentry_db::ids::{
    AgentId, AgentVersionId, ApiConnectionId, AuditEventId, ConversationId, EntityTypeId,
    FeedbackId, MessageId, RunId, TemplateId, TemplateInstallId, WhatsAppNumberId,
};
use agentry_db::node::{self, Kind};
use async_graphql::{Context, ID, Interface, Object};

use crate::agent::Agent;
use crate::agent_version::AgentVersion;
use crate::api_connection::ApiConnection;
use crate::audit_event::AuditEvent;
use crate::conversation::Conversation;
use crate::entity_type::EntityType;
use crate::error::nullable;
use crate::feedback::Feedback;
use crate::message::Message;
use crate::run::Run;
use crate::template::{self, Template, TemplateInstall};
use crate::user::Organization;
use crate::whatsapp_number::WhatsAppNumber;
use crate::{ApiError, Noun, RequestContext};

/// The most ids that `nodes` takes at once.
const MAX_IDS: usize = 100;

/// Anything with an id of its own.
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "The id, unique among everything."))]
pub enum Node {
    /// An agent.
    Agent(Agent),
    /// A version of an agent.
    AgentVersion(AgentVersion),
    /// An API connection.
    ApiConnection(ApiConnection),
    /// An audit event.
    AuditEvent(AuditEvent),
    /// A conversation.
    Conversation(Conversation),
    /// A message.
    Message(Message),
    /// A run.
    Run(Run),
    /// A piece of feedback.
    Feedback(Feedback),
    /// An organisation of yours, whichever the request acts in.
    Organization(Organization),
    /// A template that you may have, or have installed, or a member of whose publisher you are.
    Template(Box<Template>),
    /// An install of a template.
    TemplateInstall(Box<TemplateInstall>),
    /// A type of things, or of relationships between them.
    EntityType(Box<EntityType>),
    /// A number on WhatsApp, of the organisation that you act in.
    WhatsAppNumber(Box<WhatsAppNumber>),
}

/// Look-ups by id alone.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Whatever has this id; null when there is nothing that you may see.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The id.")] id: ID,
    ) -> Option<async_graphql::Result<Node>> {
        let found = load(context, vec![id.0]).await;
        nullable(found.map(|mut nodes| nodes.pop().flatten()))
    }

    /// Whatever has these ids, in their order; null where there is nothing that you may see. At most 100.
    #[graphql(complexity = "5 + ids.len().min(100) * child_complexity")]
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The ids.")] ids: Vec<ID>,
    ) -> async_graphql::Result<Vec<Option<Node>>> {
        if ids.len() > MAX_IDS {
            return Err(
                ApiError::bad_input("ids", format!("There may be at most {MAX_IDS} ids.")).into(),
            );
        }
        Ok(load(context, ids.into_iter().map(|id| id.0).collect()).await?)
    }
}

async fn load(context: &Context<'_>, ids: Vec<String>) -> Result<Vec<Option<Node>>, ApiError> {
    let context = RequestContext::of(context)?;
    let scope = context.read_own().await?;
    // A text that PostgreSQL cannot even take is the id of nothing.
    let asked: Vec<String> = ids
        .iter()
        .filter(|id| !id.contains('\0'))
        .cloned()
        .collect();
    let mut of_kind: HashMap<Kind, Vec<String>> = HashMap::new();
    for (id, kind) in node::find_kinds(&scope, &asked).await? {
        of_kind.entry(kind).or_default().push(id);
    }
    let mut found: HashMap<String, Node> = HashMap::new();
    for (kind, ids) in of_kind {
        context.allow(noun_of(kind), Access::Read)?;
        found.extend(load_kind(&scope, kind, ids).await?);
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

async fn load_kind(
    scope: &Scope,
    kind: Kind,
    ids: Vec<String>,
) -> Result<Vec<(String, Node)>, ApiError> {
    Ok(match kind {
        Kind::Agent => {
            let rows = agentry_db::agent::find_many(scope, &typed::<AgentId>(ids)).await?;
            nodes(rows, |row| (row.id.to_string(), Node::Agent(row.into())))
        }
        Kind::AgentVersion => {
            let ids = typed::<AgentVersionId>(ids);
            let rows = agentry_db::agent_version::find_many(scope, &ids).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::AgentVersion(row.into()))
            })
        }
        Kind::ApiConnection => {
            let ids = typed::<ApiConnectionId>(ids);
            let rows = agentry_db::api_connection::find_many(scope, &ids).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::ApiConnection(row.into()))
            })
        }
        Kind::AuditEvent => {
            let rows = agentry_db::audit::find_many(scope, &typed::<AuditEventId>(ids)).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::AuditEvent(row.into()))
            })
        }
        Kind::Conversation => {
            let ids = typed::<ConversationId>(ids);
            let rows = agentry_db::conversation::find_many(scope, &ids).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::Conversation(row.into()))
            })
        }
        Kind::Message => {
            let ids = typed::<MessageId>(ids);
            let rows = agentry_db::agent_message::find_many(scope, &ids).await?;
            nodes(rows, |row| (row.id.to_string(), Node::Message(row.into())))
        }
        Kind::Run => {
            let ids = typed::<RunId>(ids);
            let rows = agentry_db::run::find_many(scope, &ids).await?;
            nodes(rows, |row| (row.id.to_string(), Node::Run(row.into())))
        }
        Kind::Feedback => {
            let ids = typed::<FeedbackId>(ids);
            let rows = agentry_db::agent_feedback::find_many(scope, &ids).await?;
            nodes(rows, |row| (row.id.to_string(), Node::Feedback(row.into())))
        }
        Kind::Organization => {
            let mut mine = agentry_db::organization::list_mine(scope).await?;
            mine.retain(|one| ids.iter().any(|id| id == one.id.as_str()));
            nodes(mine, |row| {
                (row.id.to_string(), Node::Organization(row.into()))
            })
        }
        Kind::Template => {
            let rows = agentry_db::template::find_many(scope, &typed::<TemplateId>(ids)).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::Template(Box::new(row.into())))
            })
        }
        Kind::TemplateInstall => {
            let ids = typed::<TemplateInstallId>(ids);
            let rows = agentry_db::template_install::find_many(scope, &ids).await?;
            let installs = template::complete(scope, rows).await?;
            nodes(installs, |one| {
                (one.id.to_string(), Node::TemplateInstall(Box::new(one)))
            })
        }
        Kind::EntityType => {
            let ids = typed::<EntityTypeId>(ids);
            let rows = agentry_db::entity_type::find_many(scope, &ids).await?;
            nodes(rows, |row| {
                (row.id.to_string(), Node::EntityType(Box::new(row.into())))
            })
        }
        Kind::WhatsAppNumber => {
            let ids = typed::<WhatsAppNumberId>(ids);
            let rows = agentry_db::whatsapp::number::find_many(scope, &ids).await?;
            nodes(rows, |row| {
                (
                    row.id.to_string(),
                    Node::WhatsAppNumber(Box::new(row.into())),
                )
            })
        }
    })
}

fn typed<I: From<String>>(ids: Vec<String>) -> Vec<I> {
    ids.into_iter().map(I::from).collect()
}

fn nodes<T>(rows: Vec<T>, node: impl FnMut(T) -> (String, Node)) -> Vec<(String, Node)> {
    rows.into_iter().map(node).collect()
}

const fn noun_of(kind: Kind) -> Noun {
    match kind {
        Kind::Agent | Kind::AgentVersion => Noun::Agents,
        Kind::ApiConnection => Noun::Connections,
        Kind::AuditEvent => Noun::Audit,
        Kind::Conversation => Noun::Conversations,
        Kind::Message | Kind::Run => Noun::Messages,
        Kind::Feedback => Noun::Feedback,
        Kind::Organization => Noun::Organizations,
        Kind::Template | Kind::TemplateInstall | Kind::WhatsAppNumber => Noun::Templates,
        Kind::EntityType => Noun::Types,
    }
}
