//! Pieces of replies that are not finished.

use sea_orm::entity::prelude::*;

use crate::TenantOwned;
use crate::id::{OrganizationId, RunId, UserId};

/// One piece of a reply.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_deltas")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: RunId,
    /// How many characters (Unicode code points) of the reply there are with this piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i32,
    /// The agent's owner.
    pub agent_user_id: UserId,
    /// The conversation's user.
    pub user_id: UserId,
    /// As its run.
    pub withheld: bool,
    /// What was said: at least one character.
    pub text: String,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
