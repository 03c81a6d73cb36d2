use agentry_db::agent_api_connection::{self, Linking, Unlinking};
use agentry_db::ids::{AgentId, ApiConnectionId};
use agentry_db::{agent, api_connection};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::json;

use super::ApiConnection;
use crate::agent::Agent;
use crate::check::id_of;
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::{Action, ApiError, Doing, RequestContext};

/// Which agent may use which connection.
#[derive(Debug, Clone, InputObject)]
pub struct LinkApiConnectionInput {
    /// The agent: one that you may change.
    agent_id: ID,
    /// The connection: one that you may see. A private one serves only its owner's agents.
    api_connection_id: ID,
}

/// Which agent is to lose which connection.
#[derive(Debug, Clone, InputObject)]
pub struct UnlinkApiConnectionInput {
    /// The agent.
    agent_id: ID,
    /// The connection.
    api_connection_id: ID,
}

/// The agent may use the connection.
#[derive(Debug, SimpleObject)]
pub struct LinkApiConnectionSuccess {
    /// The agent.
    agent: Agent,
    /// The connection.
    api_connection: ApiConnection,
}

/// The agent may not use the connection any more.
#[derive(Debug, SimpleObject)]
pub struct UnlinkApiConnectionSuccess {
    /// The agent's id.
    agent_id: ID,
    /// The connection's id.
    api_connection_id: ID,
}

mutation_result! {
    /// How linking ended.
    LinkApiConnectionResult = LinkApiConnectionSuccess | NotFound | Forbidden | Conflict | LimitReached
}
mutation_result! {
    /// How ending a link ended.
    UnlinkApiConnectionResult = UnlinkApiConnectionSuccess | NotFound | Forbidden
}

/// Mutations of links between agents and API connections.
#[derive(Debug, Default)]
pub struct LinkMutation;

#[Object]
impl LinkMutation {
    /// Lets an agent use an API connection.
    async fn link_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and the connection.")] input: LinkApiConnectionInput,
    ) -> async_graphql::Result<LinkApiConnectionResult> {
        LinkApiConnectionResult::from_outcome(link(RequestContext::of(context)?, input).await)
    }

    /// Ends a link: of an agent that you may change, or to a connection of yours.
    async fn unlink_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and the connection.")] input: UnlinkApiConnectionInput,
    ) -> async_graphql::Result<UnlinkApiConnectionResult> {
        UnlinkApiConnectionResult::from_outcome(unlink(RequestContext::of(context)?, input).await)
    }
}

async fn link(
    context: &RequestContext,
    input: LinkApiConnectionInput,
) -> Result<LinkApiConnectionSuccess, Failure> {
    let (agent, connection) = (&id_of(input.agent_id), &id_of(input.api_connection_id));
    context
        .write(Action::LinkApiConnection, |scope| async move {
            let limit = context.services().limits.connections_per_agent;
            join(&scope, agent, connection, limit).await?;
            let agent = agent::find(&scope, agent).await?;
            let connection = api_connection::find(&scope, connection).await?;
            let gone = || ApiError::internal("a linked end is not there");
            Ok(LinkApiConnectionSuccess {
                agent: agent.ok_or_else(gone)?.into(),
                api_connection: connection.ok_or_else(gone)?.into(),
            })
        })
        .await
}

/// Links them in the caller's transaction, and notes it there.
pub(super) async fn join(
    scope: &Doing,
    agent: &AgentId,
    connection: &ApiConnectionId,
    limit: u32,
) -> Result<(), Failure> {
    match agent_api_connection::link(scope, agent, connection, limit).await? {
        Linking::Done => note(scope, agent, connection).await,
        Linking::NoAgent => Err(Failure::not_written("agent", false)),
        Linking::NotYourAgent => Err(Failure::not_written("agent", true)),
        Linking::NoConnection => Err(Failure::not_found("API connection")),
        Linking::PrivateToAnother => Err(Failure::forbidden(
            "A private API connection serves only its owner's agents.",
        )),
        Linking::Duplicate => Err(Failure::conflict("They are linked already.")),
        Linking::Full => Err(Failure::limit_reached("API connections on an agent", limit)),
    }
}

async fn unlink(
    context: &RequestContext,
    input: UnlinkApiConnectionInput,
) -> Result<UnlinkApiConnectionSuccess, Failure> {
    let (agent, connection) = (&id_of(input.agent_id), &id_of(input.api_connection_id));
    context
        .write(Action::UnlinkApiConnection, |scope| async move {
            match agent_api_connection::unlink(&scope, agent, connection).await? {
                Unlinking::Done => {}
                Unlinking::Missing => return Err(Failure::not_written("link", false)),
                Unlinking::NotYours => return Err(Failure::not_written("link", true)),
            }
            note(&scope, agent, connection).await
        })
        .await?;
    Ok(UnlinkApiConnectionSuccess {
        agent_id: ID(agent.to_string()),
        api_connection_id: ID(connection.to_string()),
    })
}

async fn note(scope: &Doing, agent: &AgentId, connection: &ApiConnectionId) -> Result<(), Failure> {
    let metadata = json!({ "agentId": agent.as_str() });
    let id = connection.as_str();
    audited(scope, "ConnectedApi", id, metadata).await
}
