//! Versions of agents.

use sea_orm::entity::prelude::*;

use crate::id::{AgentId, AgentVersionId, OrganizationId, UserId};
use crate::{TenantOwned, Visibility};

/// What an agent was made of, from when it was made so until the next version.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_versions")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentVersionId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// Who in the organisation sees the agent.
    pub agent_visibility: Visibility,
    /// Its number: 1, 2, 3, without gaps.
    pub version: i32,
    /// 1 to 100,000 characters.
    pub system_prompt: String,
    /// The provider's name of the model.
    pub model: String,
    /// 0 to 2, four decimals.
    pub temperature: Decimal,
    /// The longest answer, in tokens.
    pub max_tokens: Option<i32>,
    /// The definitions of its tools: a JSON array.
    pub tools: Option<Json>,
    /// SHA-256 of all that an agent is made of, in hexadecimal.
    pub checksum: String,
    /// Who made it so; not known of what was there before versions were kept.
    pub created_by_user_id: Option<UserId>,
    /// When.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
