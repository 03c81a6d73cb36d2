//! Audit events: who did what, written in the transaction that did it, and never changed.

use agentry_entity::CredentialKind;
use agentry_entity::audit_event::{ActiveModel, Column, Entity, Model};
use agentry_entity::id::{AuditEventId, OrganizationId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, NotSet, PaginatorTrait as _, QueryFilter as _, Select, Set,
};

use crate::keyset::{self, Page, PageRequest};
use crate::{DbError, Scope, WriteScope, new_id, sql};

/// Something that was done.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    /// What: `noun.verb`, as in `agent.create`.
    pub action: &'static str,
    /// The GraphQL type of what it was done to, as in `Agent`.
    pub target_type: &'static str,
    /// Its id.
    pub target_id: String,
    /// What is worth knowing of it: a JSON object, never a secret.
    pub metadata: serde_json::Value,
}

/// How the acting user came.
#[derive(Debug, Clone)]
pub struct Origin {
    /// By which kind of credential.
    pub credential: CredentialKind,
    /// The id of the session or API key, where it is one; never what opens it.
    pub credential_id: Option<String>,
    /// From which address.
    pub ip: Option<String>,
}

/// Which events of those one may see.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Exactly this action.
    pub action: Option<String>,
    /// Only what this user did.
    pub actor: Option<UserId>,
    /// Only what was done by the session or API key of this id.
    pub credential_id: Option<String>,
    /// Only what was done to this GraphQL type.
    pub target_type: Option<String>,
    /// Only what was done to the thing of this id.
    pub target_id: Option<String>,
    /// Nothing earlier.
    pub since: Option<DateTime<Utc>>,
    /// Only what is earlier.
    pub until: Option<DateTime<Utc>>,
}

/// Records an event of the acting user. It stands exactly when what it speaks of stands: both are one transaction.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn record(
    scope: &WriteScope,
    origin: &Origin,
    event: NewAuditEvent,
) -> Result<(), DbError> {
    let organization = scope.tenant().organization().clone();
    insert(scope, organization, origin, event).await
}

/// As [`record`], in another organisation of the acting user: the one they have just made or joined, or the one that is left to
/// them. Only an organisation in which the database has just found them a member may be named. The
/// transaction acts in its own again afterwards.
///
/// # Errors
/// As [`record`].
pub async fn record_in(
    scope: &WriteScope,
    organization: &OrganizationId,
    origin: &Origin,
    event: NewAuditEvent,
) -> Result<(), DbError> {
    sql::act_in(scope, organization).await?;
    insert(scope, organization.clone(), origin, event).await?;
    sql::act_in(scope, scope.tenant().organization()).await
}

async fn insert(
    scope: &WriteScope,
    organization: OrganizationId,
    origin: &Origin,
    event: NewAuditEvent,
) -> Result<(), DbError> {
    let tenant = scope.tenant();
    let event = ActiveModel {
        organization_id: Set(organization),
        id: Set(new_id::<AuditEventId>()),
        actor_user_id: Set(tenant.user().clone()),
        credential: Set(origin.credential),
        credential_id: Set(origin.credential_id.clone()),
        action: Set(event.action.to_owned()),
        target_type: Set(event.target_type.to_owned()),
        target_id: Set(event.target_id),
        metadata: Set(event.metadata),
        ip: Set(origin.ip.clone()),
        created_at: NotSet,
    };
    Entity::insert(event)
        .exec_without_returning(&**scope)
        .await?;
    Ok(())
}

/// The events of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`record`].
pub async fn find_many(scope: &Scope, ids: &[AuditEventId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// One window on the events that the caller may see, by time: their own, and an administrator everyone's. Ask for
/// [`Direction::Descending`](crate::Direction::Descending) unless the oldest are wanted first.
///
/// # Errors
/// As [`record`].
pub async fn list(
    scope: &Scope,
    filter: &AuditFilter,
    request: &PageRequest,
) -> Result<Page<Model>, DbError> {
    let events = filter.narrow(visible(scope));
    keyset::fetch(scope, events, Column::CreatedAt, Column::Id, request).await
}

/// How many events a list has in all.
///
/// # Errors
/// As [`record`].
pub async fn count(scope: &Scope, filter: &AuditFilter) -> Result<u64, DbError> {
    Ok(filter.narrow(visible(scope)).count(scope).await?)
}

fn visible(scope: &Scope) -> Select<Entity> {
    scope.tenant().scope::<Entity, _>(Entity::find())
}

impl AuditFilter {
    fn narrow(&self, mut events: Select<Entity>) -> Select<Entity> {
        let Self {
            action,
            actor,
            credential_id,
            target_type,
            target_id,
            since,
            until,
        } = self;
        if let Some(action) = action {
            events = events.filter(Column::Action.eq(action.as_str()));
        }
        if let Some(actor) = actor {
            events = events.filter(Column::ActorUserId.eq(actor.as_str()));
        }
        if let Some(credential_id) = credential_id {
            events = events.filter(Column::CredentialId.eq(credential_id.as_str()));
        }
        if let Some(target_type) = target_type {
            events = events.filter(Column::TargetType.eq(target_type.as_str()));
        }
        if let Some(target_id) = target_id {
            events = events.filter(Column::TargetId.eq(target_id.as_str()));
        }
        if let Some(since) = since {
            events = events.filter(Column::CreatedAt.gte(*since));
        }
        if let Some(until) = until {
            events = events.filter(Column::CreatedAt.lt(*until));
        }
        events
    }
}
