//! Links between agents and connections. Owners and visibilities of both ends are copies kept by reference.

use sea_orm::entity::prelude::*;

use crate::id::{AgentApiConnectionId, AgentId, ApiConnectionId, OrganizationId, UserId};
use crate::{TenantOwned, Visibility};

/// One link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_api_connections")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentApiConnectionId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// The agent's visibility.
    pub agent_visibility: Visibility,
    /// The connection.
    pub api_connection_id: ApiConnectionId,
    /// The connection's owner.
    pub connection_user_id: UserId,
    /// The connection's visibility.
    pub connection_visibility: Visibility,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When a copy last followed its original.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
