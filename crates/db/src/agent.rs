//! Agents.

use agentry_entity::Visibility;
use agentry_entity::agent::{ActiveModel, Column, Entity, Model};
use agentry_entity::id::AgentId;
use rust_decimal::Decimal;
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, NotSet,
    PaginatorTrait as _, QueryFilter as _, QuerySelect as _, Select, Set,
};

use crate::keyset::{self, Page, PageRequest};
use crate::sql::{self, set};
use crate::{DbError, Scope, WriteScope, hand_over};

/// What an agent is made of.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its prompt.
    pub system_prompt: String,
    /// Its model; the schema's default when `None`.
    pub model: Option<String>,
    /// Its temperature; the schema's default when `None`.
    pub temperature: Option<Decimal>,
    /// The longest answer, in tokens.
    pub max_tokens: Option<i32>,
    /// Who sees it; the schema's default when `None`.
    pub visibility: Option<Visibility>,
}

/// What changes of an agent; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct AgentChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for; `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// Its prompt.
    pub system_prompt: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its temperature.
    pub temperature: Option<Decimal>,
    /// The longest answer; `Some(None)` takes the limit away.
    pub max_tokens: Option<Option<i32>>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
}

/// Which agents of those one may see.
#[derive(Debug, Clone, Default)]
pub struct AgentFilter {
    /// Part of the name or the description, upper or lower case.
    pub search: Option<String>,
    /// Exactly this model.
    pub model: Option<String>,
    /// Exactly this visibility.
    pub visibility: Option<Visibility>,
    /// Only those whose owner is no member of the organisation any more, or only those whose owner is.
    pub owner_left: Option<bool>,
}

/// What agents can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentSort {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// Their name.
    Name,
}

/// One agent that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, id: &AgentId) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::Id.eq(id.as_str()))
        .one(scope)
        .await?)
}

/// The agents of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[AgentId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    Ok(visible(scope)
        .filter(Column::Id.eq_any(ids))
        .all(scope)
        .await?)
}

/// One window on the agents that the caller may see.
///
/// # Errors
/// As [`find`].
pub async fn list(
    scope: &Scope,
    filter: &AgentFilter,
    sort: AgentSort,
    request: &PageRequest,
) -> Result<Page<Model>, DbError> {
    let sort = match sort {
        AgentSort::CreatedAt => Column::CreatedAt,
        AgentSort::UpdatedAt => Column::UpdatedAt,
        AgentSort::Name => Column::Name,
    };
    keyset::fetch(
        scope,
        filter.narrow(visible(scope)),
        sort,
        Column::Id,
        request,
    )
    .await
}

/// How many agents a list has in all.
///
/// # Errors
/// As [`find`].
pub async fn count(scope: &Scope, filter: &AgentFilter) -> Result<u64, DbError> {
    Ok(filter.narrow(visible(scope)).count(scope).await?)
}

/// Whether the organisation has room for one more agent. The answer holds until the transaction ends.
///
/// # Errors
/// As [`find`].
pub async fn has_room(scope: &WriteScope, limit: u32) -> Result<bool, DbError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    sql::scalar(scope, "SELECT agents_have_room($1)", [limit.into()]).await
}

/// Stores a new agent of the caller's.
///
/// # Errors
/// As [`find`]; [`DbError::Constraint`] when a value is outside what its column takes.
pub async fn insert(scope: &WriteScope, id: &AgentId, new: &NewAgent) -> Result<Model, DbError> {
    let tenant = scope.tenant();
    let agent = ActiveModel {
        organization_id: Set(tenant.organization().clone()),
        id: Set(id.clone()),
        user_id: Set(tenant.user().clone()),
        name: Set(new.name.clone()),
        description: Set(new.description.clone()),
        system_prompt: Set(new.system_prompt.clone()),
        model: set(new.model.clone()),
        temperature: set(new.temperature),
        max_tokens: Set(new.max_tokens),
        visibility: set(new.visibility),
        created_at: NotSet,
        updated_at: NotSet,
    };
    Ok(agent.insert(&**scope).await?)
}

/// Changes an agent that the caller may write; `None` when there is no such agent.
///
/// # Errors
/// As [`insert`].
pub async fn update(
    scope: &WriteScope,
    id: &AgentId,
    changes: AgentChanges,
) -> Result<Option<Model>, DbError> {
    let AgentChanges {
        name,
        description,
        system_prompt,
        model,
        temperature,
        max_tokens,
        visibility,
    } = changes;
    let agent = ActiveModel {
        name: set(name),
        description: set(description),
        system_prompt: set(system_prompt),
        model: set(model),
        temperature: set(temperature),
        max_tokens: set(max_tokens),
        visibility: set(visibility),
        ..Default::default()
    };
    if !agent.is_changed() {
        return lock(scope, id).await;
    }
    let rows = scope
        .tenant()
        .scope::<Entity, _>(Entity::update_many())
        .filter(Column::Id.eq(id.as_str()))
        .set(agent)
        .exec_with_returning(&**scope)
        .await?;
    Ok(rows.into_iter().next())
}

/// An agent that the caller may write, held as it is until the transaction ends; `None` when there is no such agent. Locking a
/// row asks the policies for UPDATE, and lets others refer to it meanwhile.
///
/// # Errors
/// As [`find`].
pub async fn lock(scope: &WriteScope, id: &AgentId) -> Result<Option<Model>, DbError> {
    Ok(visible(scope)
        .filter(Column::Id.eq(id.as_str()))
        .lock(LockType::NoKeyUpdate)
        .one(&**scope)
        .await?)
}

/// Deletes an agent that the caller may write, with its conversations and links. Whether there was one.
///
/// # Errors
/// As [`find`].
pub async fn delete(scope: &WriteScope, id: &AgentId) -> Result<bool, DbError> {
    let delete = scope.tenant().scope::<Entity, _>(Entity::delete_many());
    let done = delete
        .filter(Column::Id.eq(id.as_str()))
        .exec(&**scope)
        .await?;
    Ok(done.rows_affected > 0)
}

fn visible(scope: &Scope) -> Select<Entity> {
    scope.tenant().scope::<Entity, _>(Entity::find())
}

impl AgentFilter {
    fn narrow(&self, mut agents: Select<Entity>) -> Select<Entity> {
        if let Some(search) = &self.search {
            let found = |column: Column| Expr::col(column).ilike(sql::containing(search));
            agents = agents.filter(
                Condition::any()
                    .add(found(Column::Name))
                    .add(found(Column::Description)),
            );
        }
        if let Some(model) = &self.model {
            agents = agents.filter(Column::Model.eq(model.as_str()));
        }
        if let Some(visibility) = self.visibility {
            agents = agents.filter(Column::Visibility.eq(visibility));
        }
        if let Some(left) = self.owner_left {
            agents = agents.filter(hand_over::by_former_members(left));
        }
        agents
    }
}
