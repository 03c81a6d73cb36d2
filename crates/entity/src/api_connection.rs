//! API connections. The sealed key is a column that plain reads are not granted: rows are read as [`View`].

use sea_orm::entity::prelude::*;
use sea_orm::{DerivePartialModel, FromQueryResult};

use crate::id::{ApiConnectionId, OrganizationId, UserId};
use crate::{SealedColumn, TenantOwned, Visibility};

/// One connection with its sealed key, as it is written.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_connections")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiConnectionId,
    /// Its owner.
    pub user_id: UserId,
    /// 1 to 200 characters.
    pub name: String,
    /// `openai`, `anthropic`, …: `[a-z0-9][a-z0-9_-]{0,63}`.
    pub service: String,
    /// The key, sealed to this very row and column.
    pub api_key: SealedColumn,
    /// The key's last four characters, of keys of 16 or more.
    pub key_hint: Option<String>,
    /// Where the service is reached, when not at its usual place.
    pub base_url: Option<String>,
    /// The caller's own notes: a JSON object.
    pub metadata: Json,
    /// Who in the organisation may use it.
    pub visibility: Visibility,
    /// When the key was last opened for a call.
    pub last_used_at: Option<DateTimeUtc>,
    /// When the key was last replaced.
    pub rotated_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed; kept by a trigger.
    pub updated_at: DateTimeUtc,
}

/// One connection as it is read: every column but the key.
#[derive(Clone, Debug, PartialEq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct View {
    /// The tenant.
    pub organization_id: OrganizationId,
    /// Its id.
    pub id: ApiConnectionId,
    /// Its owner.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// What it connects to.
    pub service: String,
    /// The key's last four characters, of keys of 16 or more.
    pub key_hint: Option<String>,
    /// Where the service is reached, when not at its usual place.
    pub base_url: Option<String>,
    /// The caller's own notes: a JSON object.
    pub metadata: Json,
    /// Who in the organisation may use it.
    pub visibility: Visibility,
    /// When the key was last opened for a call.
    pub last_used_at: Option<DateTimeUtc>,
    /// When the key was last replaced.
    pub rotated_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// A sealed key and whose it is, as `api_connection_sealed` answers it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Sealed {
    /// The connection.
    pub id: ApiConnectionId,
    /// Its key.
    pub api_key: SealedColumn,
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const ORGANIZATION: Column = Column::OrganizationId;
}
