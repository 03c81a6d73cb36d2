//! Agents, each as it is now: the prompt and the settings of an installed one are its template's, under its install's overrides.

use agentry_entity::Visibility;
use agentry_entity::agent::{ActiveModel, Column, Entity, Model};
use agentry_entity::id::AgentId;
use rust_decimal::Decimal;
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, DbErr, EntityTrait as _, FromQueryResult,
    NotSet, PaginatorTrait as _, QueryFilter as _, QueryResult, QuerySelect as _, Select, Set,
};
use serde_json::{Map, Value, json};

use crate::keyset::{self, Page, PageRequest};
use crate::sql::{self, set};
use crate::{DbError, Scope, WriteScope, hand_over, template_install};

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
    /// The definitions of its tools: a JSON array that is not empty.
    pub tools: Option<Value>,
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
    /// The definitions of its tools: a JSON array that is not empty; `Some(None)` takes them away.
    pub tools: Option<Option<Value>>,
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
    let row = effective(scope)
        .filter(Column::Id.eq(id.as_str()))
        .into_model::<Row>()
        .one(scope)
        .await?;
    Ok(row.map(Row::into_model))
}

/// The agents of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[AgentId]) -> Result<Vec<Model>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    let rows = effective(scope)
        .filter(Column::Id.eq_any(ids))
        .into_model::<Row>()
        .all(scope)
        .await?;
    Ok(rows.into_iter().map(Row::into_model).collect())
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
    let agents = filter.narrow(effective(scope));
    let page: Page<Row> = keyset::fetch(scope, agents, sort, Column::Id, request).await?;
    Ok(Page {
        items: page.items.into_iter().map(Row::into_model).collect(),
        has_next: page.has_next,
        has_previous: page.has_previous,
    })
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
        install_id: NotSet,
        archived_at: NotSet,
        version: NotSet,
        tools: Set(new.tools.clone()),
    };
    Ok(agent.insert(&**scope).await?)
}

/// Changes an agent that the caller may write; `None` when there is no such agent. What an installed agent has from its template
/// becomes an override of its install.
///
/// # Errors
/// As [`insert`].
pub async fn update(
    scope: &WriteScope,
    id: &AgentId,
    changes: AgentChanges,
) -> Result<Option<Model>, DbError> {
    let overrides = overrides(&changes);
    let AgentChanges {
        name,
        description,
        system_prompt,
        model,
        temperature,
        max_tokens,
        visibility,
        tools,
    } = changes;
    let agent = ActiveModel {
        name: set(name),
        description: set(description),
        system_prompt: set(system_prompt),
        model: set(model),
        temperature: set(temperature),
        max_tokens: set(max_tokens),
        visibility: set(visibility),
        tools: set(tools),
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
    let Some(agent) = rows.into_iter().next() else {
        return Ok(None);
    };
    let live = agent.archived_at.is_none();
    let Some(install) = agent.install_id.as_ref().filter(|_| live) else {
        return Ok(Some(agent));
    };
    if !overrides.is_empty() {
        let more = json!({ "agent": overrides });
        // An agent that is shared is its owner's, its install the organisation's: the caller may change neither without the other.
        if !template_install::add_overrides(scope, install, more).await? {
            return Ok(None);
        }
    }
    find(scope, id).await
}

/// An agent that the caller may write, held as it is until the transaction ends; `None` when there is no such agent. Locking a
/// row asks the policies for UPDATE, and lets others refer to it meanwhile.
///
/// # Errors
/// As [`find`].
pub async fn lock(scope: &WriteScope, id: &AgentId) -> Result<Option<Model>, DbError> {
    let row = effective(scope)
        .filter(Column::Id.eq(id.as_str()))
        .lock(LockType::NoKeyUpdate)
        .into_model::<Row>()
        .one(&**scope)
        .await?;
    Ok(row.map(Row::into_model))
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

/// What an installed agent is made of now, in the same statement that reads it; nothing for the others, at no cost.
const EFFECTIVE: &str = "CASE WHEN agents.install_id IS NOT NULL AND agents.archived_at IS NULL THEN agent_effective(agents.id) END";

fn effective(scope: &Scope) -> Select<Entity> {
    visible(scope).expr_as(Expr::cust(EFFECTIVE), "effective")
}

/// An agent as it is stored, with what its install makes of it.
struct Row {
    stored: Model,
    effective: Option<Value>,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            stored: Model::from_query_result(row, prefix)?,
            effective: row.try_get(prefix, "effective")?,
        })
    }
}

impl Row {
    /// The agent as everyone reads it. What the version and the overrides leave open is as stored.
    fn into_model(self) -> Model {
        let Self {
            mut stored,
            effective,
        } = self;
        let Some(agent) = effective.as_ref().and_then(|it| it.get("agent")) else {
            return stored;
        };
        let text = |name: &str| agent.get(name).and_then(Value::as_str).map(str::to_owned);
        stored.description = text("description");
        if let Some(prompt) = text("systemPrompt") {
            stored.system_prompt = prompt;
        }
        if let Some(model) = text("model") {
            stored.model = model;
        }
        let temperature = agent.get("temperature").map(ToString::to_string);
        if let Some(Ok(temperature)) = temperature.map(|number| number.parse::<Decimal>()) {
            stored.temperature = temperature;
        }
        let max_tokens = agent.get("maxTokens").and_then(Value::as_i64);
        stored.max_tokens = max_tokens.and_then(|most| i32::try_from(most).ok());
        let tools = agent.get("tools").filter(|tools| is_some(tools));
        stored.tools = tools.cloned();
        stored
    }
}

/// Whether there is anything in a list.
fn is_some(list: &Value) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty())
}

/// What of a change an install keeps as overrides of its template's agent.
fn overrides(changes: &AgentChanges) -> Map<String, Value> {
    let AgentChanges {
        name: _,
        description,
        system_prompt,
        model,
        temperature,
        max_tokens,
        visibility: _,
        tools,
    } = changes;
    let number = |decimal: &Decimal| serde_json::from_str(&decimal.to_string()).ok();
    [
        ("description", description.as_ref().map(|text| json!(text))),
        (
            "systemPrompt",
            system_prompt.as_ref().map(|text| json!(text)),
        ),
        ("model", model.as_ref().map(|text| json!(text))),
        ("temperature", temperature.as_ref().and_then(number)),
        ("maxTokens", max_tokens.as_ref().map(|most| json!(most))),
        ("tools", tools.as_ref().map(|tools| json!(tools))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

impl AgentFilter {
    fn narrow(&self, agents: Select<Entity>) -> Select<Entity> {
        let mut agents = agents.filter(Column::ArchivedAt.is_null());
        if let Some(search) = &self.search {
            let pattern = sql::containing(search);
            let found = |column: Column| Expr::col(column).ilike(pattern.clone());
            let described = Condition::all()
                .add(Column::InstallId.is_null())
                .add(found(Column::Description));
            agents = agents.filter(
                Condition::any()
                    .add(found(Column::Name))
                    .add(described)
                    .add(Expr::cust_with_values(
                        "agents.install_id IS NOT NULL AND agent_effective(agents.id) -> 'agent' ->> 'description' ILIKE $1",
                        [pattern.clone()],
                    )),
            );
        }
        if let Some(model) = &self.model {
            let plain = Condition::all()
                .add(Column::InstallId.is_null())
                .add(Column::Model.eq(model.as_str()));
            agents = agents.filter(Condition::any().add(plain).add(Expr::cust_with_values(
                "agents.install_id IS NOT NULL AND coalesce(agent_effective(agents.id) -> 'agent' ->> 'model', agents.model) = $1",
                [model.clone()],
            )));
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
