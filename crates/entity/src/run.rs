//! Runs.

use sea_orm::entity::prelude::*;

use crate::id::{
    AgentId, ApiConnectionId, ConversationId, MessageId, OrganizationId, RunId, UserId,
};
use crate::{RunStatus, TenantOwned};

/// An agent's work on one reply.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunId,
    /// The conversation it answers in.
    pub conversation_id: ConversationId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// The conversation's user, who asked for it.
    pub user_id: UserId,
    /// As its conversation.
    pub withheld: bool,
    /// The message it answers.
    pub message_id: MessageId,
    /// The id that its reply has, or will have.
    pub reply_id: MessageId,
    /// How far it has come.
    pub status: RunStatus,
    /// The service that was asked.
    pub service: Option<String>,
    /// The model that is asked.
    pub model: String,
    /// The version of the agent that answers.
    pub agent_version: Option<i32>,
    /// The connection whose key was used. It may be gone.
    pub api_connection_id: Option<ApiConnectionId>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// Why it failed, as a code.
    pub error_code: Option<String>,
    /// Why it failed, in words for its user: at most 1,000 characters.
    pub error_message: Option<String>,
    /// Tokens read; while it is under way an estimate.
    pub prompt_tokens: Option<i32>,
    /// Tokens written.
    pub completion_tokens: Option<i32>,
    /// What it cost, in millionths of a US dollar, where the price is known.
    pub cost_micros: Option<i64>,
    /// Whether the tokens, and with them the cost, are an estimate.
    pub tokens_estimated: bool,
    /// From being taken up to the first token, in milliseconds.
    pub first_token_ms: Option<i32>,
    /// How often a worker took it up.
    pub attempts: i32,
    /// When the service was asked: from then on it may have billed.
    pub asked_at: Option<DateTimeUtc>,
    /// When somebody asked for its end.
    pub cancel_requested_at: Option<DateTimeUtc>,
    /// When a worker first took it up.
    pub started_at: Option<DateTimeUtc>,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// When it last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
