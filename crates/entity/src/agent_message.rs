//! Messages.

use sea_orm::entity::prelude::*;

use crate::id::{AgentId, ConversationId, MessageId, OrganizationId, RunId, UserId};
use crate::{MessageRole, TenantOwned, ToolOutcome};

/// One message of a conversation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_messages")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its conversation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: ConversationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// The conversation's user.
    pub user_id: UserId,
    /// Who speaks.
    pub role: MessageRole,
    /// Up to 1,000,000 characters; empty only where tools are called or answer.
    pub content: String,
    /// The caller's own notes: a JSON object.
    pub metadata: Json,
    /// As its conversation.
    pub withheld: bool,
    /// The message it follows; several that follow one are siblings. The first of a conversation follows none.
    pub parent_id: Option<MessageId>,
    /// Whether it is on the branch that is shown.
    pub is_current: bool,
    /// The run that wrote it.
    pub run_id: Option<RunId>,
    /// Which version of its agent wrote it.
    pub agent_version: Option<i32>,
    /// The model that wrote it.
    pub model: Option<String>,
    /// The tools it calls: a JSON array.
    pub tool_calls: Option<Json>,
    /// The call that it is the result of.
    pub tool_call_id: Option<String>,
    /// What came of that call.
    pub tool_outcome: Option<ToolOutcome>,
    /// When it was written: strictly later than the message before it.
    pub created_at: DateTimeUtc,
    /// When its metadata last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
