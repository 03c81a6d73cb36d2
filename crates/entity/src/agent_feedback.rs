//! Feedback on messages.

use sea_orm::entity::prelude::*;

use crate::id::{AgentId, ConversationId, FeedbackId, MessageId, OrganizationId, UserId};
use crate::{Rating, TenantOwned};

/// One user's verdict on one message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_feedback")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FeedbackId,
    /// The message's conversation.
    pub conversation_id: ConversationId,
    /// The message.
    pub message_id: MessageId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// The conversation's user.
    pub conversation_user_id: UserId,
    /// Who says so.
    pub user_id: UserId,
    /// Up or down.
    pub rating: Rating,
    /// 1 to 5,000 characters.
    pub comment: Option<String>,
    /// As its conversation.
    pub withheld: bool,
    /// When it was first given.
    pub created_at: DateTimeUtc,
    /// When it last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
