//! Audit events: append-only.

use sea_orm::entity::prelude::*;

use crate::id::{AuditEventId, OrganizationId, UserId};
use crate::{CredentialKind, TenantOwned};

/// One thing that somebody did.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    /// Who did it; may be gone by now.
    pub actor_user_id: UserId,
    /// By which kind of credential.
    pub credential: CredentialKind,
    /// The id of the session or API key, where it was one; may be gone by now.
    pub credential_id: Option<String>,
    /// What: `noun.verb`.
    pub action: String,
    /// The GraphQL type of what it was done to.
    pub target_type: String,
    /// Its id.
    pub target_id: String,
    /// What is worth knowing of it; never a secret.
    pub metadata: Json,
    /// From which address.
    pub ip: Option<String>,
    /// When.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
