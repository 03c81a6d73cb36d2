//! Agents.

use sea_orm::entity::prelude::*;

use crate::id::{AgentId, OrganizationId, TemplateInstallId, UserId};
use crate::{TenantOwned, Visibility};

/// One agent: a prompt, a model and its settings.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agents")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentId,
    /// Its owner.
    pub user_id: UserId,
    /// 1 to 200 characters.
    pub name: String,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// 1 to 100,000 characters.
    pub system_prompt: String,
    /// The provider's name of the model.
    pub model: String,
    /// 0 to 2, four decimals.
    pub temperature: Decimal,
    /// The longest answer, in tokens.
    pub max_tokens: Option<i32>,
    /// Who in the organisation sees it.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
    /// The install it was made by; its prompt and settings are then the template's, under the install's overrides.
    pub install_id: Option<TemplateInstallId>,
    /// When its install ended.
    pub archived_at: Option<DateTimeUtc>,
    /// Its newest version's number; kept by a trigger. 0: an installed one that has not answered yet.
    pub version: i32,
    /// What its model may ask the client to do: a JSON array of definitions; `None` where it is nothing.
    pub tools: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
