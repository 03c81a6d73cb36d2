//! Links: which connections an agent may use.

use agentry_entity::agent_api_connection::{Column, Entity};
use agentry_entity::api_connection::{Column as To, Entity as Connection, View};
use agentry_entity::id::{AgentApiConnectionId, AgentId, ApiConnectionId};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, FromQueryResult, Order,
    PartialModelTrait as _, QueryFilter as _, QueryResult, QuerySelect as _, QueryTrait as _,
};

use crate::sql;
use crate::{Constraint, DbError, Scope, WriteScope, agent, api_connection, new_id};

/// How linking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linking {
    /// The agent may use the connection now.
    Done,
    /// No such agent that the caller may see.
    NoAgent,
    /// The caller sees the agent and may not write it.
    NotYourAgent,
    /// No such connection that the caller may see.
    NoConnection,
    /// A private connection serves only its owner's agents, and this agent is someone else's.
    PrivateToAnother,
    /// They are linked already.
    Duplicate,
    /// The agent has as many connections as it may have.
    Full,
}

/// How ending a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinking {
    /// The agent may not use the connection any more.
    Done,
    /// No such link that the caller may see.
    Missing,
    /// The caller sees the link and may not end it.
    NotYours,
}

#[derive(FromQueryResult)]
struct Held {
    links: i64,
    linked: bool,
}

/// Lets an agent that the caller may write use a connection that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; [`DbError::Crossed`] when an end changed hands meanwhile, which a second try settles.
pub async fn link(
    scope: &WriteScope,
    agent: &AgentId,
    connection: &ApiConnectionId,
    limit: u32,
) -> Result<Linking, DbError> {
    // The lock makes links of one agent wait for each other: what is counted and compared here stays so.
    if agent::lock(scope, agent).await?.is_none() {
        return Ok(match agent::find(scope, agent).await? {
            Some(_) => Linking::NotYourAgent,
            None => Linking::NoAgent,
        });
    }
    let held = held(scope, agent, connection).await?;
    if held.linked {
        return Ok(Linking::Duplicate);
    }
    if held.links >= i64::from(limit) {
        let seen = api_connection::find(scope, connection).await?;
        return Ok(seen.map_or(Linking::NoConnection, |_| Linking::Full));
    }
    match insert(scope, agent, connection).await {
        Ok(true) => Ok(Linking::Done),
        Ok(false) => Ok(Linking::NoConnection),
        Err(error) if error.is_constraint("agent_api_connections_usable") => {
            Ok(Linking::PrivateToAnother)
        }
        Err(DbError::Constraint { kind, name }) => match kind {
            Constraint::Unique => Ok(Linking::Duplicate),
            // An end was deleted, or turned private, between the statement's snapshot and its check.
            Constraint::Reference => Err(DbError::Crossed),
            Constraint::Check => Err(DbError::Constraint { kind, name }),
        },
        Err(error) => Err(error),
    }
}

/// Ends a link: of an agent that the caller may write, or to a connection of the caller's.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn unlink(
    scope: &WriteScope,
    agent: &AgentId,
    connection: &ApiConnectionId,
) -> Result<Unlinking, DbError> {
    let delete = scope.tenant().scope::<Entity, _>(Entity::delete_many());
    let done = delete
        .filter(Column::AgentId.eq(agent.as_str()))
        .filter(Column::ApiConnectionId.eq(connection.as_str()))
        .exec(&**scope)
        .await?;
    if done.rows_affected > 0 {
        return Ok(Unlinking::Done);
    }
    // Whoever may not see the connection is not to learn that it is linked, though they may see the agent.
    let seen: bool = sql::scalar(
        scope,
        "SELECT EXISTS (
           SELECT 1 FROM agent_api_connections l
           JOIN agents a ON a.organization_id = l.organization_id AND a.id = l.agent_id
           JOIN api_connections c ON c.organization_id = l.organization_id AND c.id = l.api_connection_id
           WHERE l.organization_id = $1 AND l.agent_id = $2 AND l.api_connection_id = $3)",
        [
            scope.tenant().organization().as_str().into(),
            agent.as_str().into(),
            connection.as_str().into(),
        ],
    )
    .await?;
    Ok(if seen {
        Unlinking::NotYours
    } else {
        Unlinking::Missing
    })
}

/// The connections of these agents that the caller may see, each with its agent, an agent's in the order they were linked.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn list_of_agents(
    scope: &Scope,
    agents: &[AgentId],
) -> Result<Vec<(AgentId, View)>, DbError> {
    let of = |column: Column| Expr::col((Entity, column));
    let to = |column: To| Expr::col((Connection, column));
    let connections = View::select_cols(Connection::find().select_only());
    let mut query = scope
        .tenant()
        .scope::<Connection, _>(connections)
        .into_query();
    query
        .column((Entity, Column::AgentId))
        .inner_join(
            Entity,
            of(Column::OrganizationId)
                .eq(to(To::OrganizationId))
                .and(of(Column::ApiConnectionId).eq(to(To::Id))),
        )
        .and_where(of(Column::OrganizationId).eq(scope.tenant().organization().as_str()))
        .and_where(Column::AgentId.eq_any(agents.iter().map(ToString::to_string)))
        .order_by((Entity, Column::CreatedAt), Order::Asc)
        .order_by((Entity, Column::Id), Order::Asc);
    let rows = scope.query_all(&query).await?;
    let read = |row: &QueryResult| -> Result<_, DbErr> {
        Ok((
            row.try_get("", "agent_id")?,
            View::from_query_result(row, "")?,
        ))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Ends the links of a connection to everyone's agents but its owner's. The caller holds the connection locked.
pub(crate) async fn withdraw_from_others(
    scope: &WriteScope,
    connection: &ApiConnectionId,
) -> Result<(), DbError> {
    let delete = scope.tenant().scope::<Entity, _>(Entity::delete_many());
    delete
        .filter(Column::ApiConnectionId.eq(connection.as_str()))
        .filter(Expr::col(Column::AgentUserId).not_equals(Column::ConnectionUserId))
        .exec(&**scope)
        .await?;
    Ok(())
}

async fn held(
    scope: &WriteScope,
    agent: &AgentId,
    connection: &ApiConnectionId,
) -> Result<Held, DbError> {
    let held: Option<Held> = sql::first(
        scope,
        "SELECT count(*) AS links, coalesce(bool_or(api_connection_id = $3), false) AS linked
         FROM agent_api_connections WHERE organization_id = $1 AND agent_id = $2",
        [
            scope.tenant().organization().as_str().into(),
            agent.as_str().into(),
            connection.as_str().into(),
        ],
    )
    .await?;
    held.ok_or(DbError::from(DbErr::RecordNotFound(
        "an aggregate answers a row".to_owned(),
    )))
}

/// Copies owners and visibilities from both ends as the caller sees them. False: one is out of the caller's sight.
async fn insert(
    scope: &WriteScope,
    agent: &AgentId,
    connection: &ApiConnectionId,
) -> Result<bool, DbError> {
    let made = scope
        .execute_raw(sql::statement(
            "INSERT INTO agent_api_connections (organization_id, id, agent_id, agent_user_id, agent_visibility,
               api_connection_id, connection_user_id, connection_visibility)
             SELECT a.organization_id, $4, a.id, a.user_id, a.visibility, c.id, c.user_id, c.visibility
             FROM agents a JOIN api_connections c ON c.organization_id = a.organization_id
             WHERE a.organization_id = $1 AND a.id = $2 AND c.organization_id = $1 AND c.id = $3",
            [
                scope.tenant().organization().as_str().into(),
                agent.as_str().into(),
                connection.as_str().into(),
                new_id::<AgentApiConnectionId>().into(),
            ],
        ))
        .await?;
    Ok(made.rows_affected() > 0)
}
