//! Conversations.

use sea_orm::entity::prelude::*;

use crate::TenantOwned;
use crate::id::{AgentId, ConversationId, MessageId, OrganizationId, UserId};

/// One user's conversation with one agent.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "conversations")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// Whose conversation it is.
    pub user_id: UserId,
    /// 1 to 200 characters.
    pub title: Option<String>,
    /// When its newest message was written.
    pub last_message_at: Option<DateTimeUtc>,
    /// When it was archived.
    pub archived_at: Option<DateTimeUtc>,
    /// Whether it is kept from the agent's owner: it began under another one.
    pub withheld: bool,
    /// The newest message of the branch that is shown.
    pub head_id: Option<MessageId>,
    /// The conversation it was forked from, whether or not that is still there.
    pub forked_from_id: Option<ConversationId>,
    /// The message of that conversation up to which it was copied.
    pub forked_at_id: Option<MessageId>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
