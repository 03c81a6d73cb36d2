//! API connections. The sealed key is in no SELECT grant of the service: rows are read as [`View`], every column but the
//! key, and [`sealed`] alone reads keys, of exactly the connections that the caller may see.

use agentry_entity::api_connection::{ActiveModel, Column, Entity, Sealed, View};
use agentry_entity::id::ApiConnectionId;
use agentry_entity::{SealedColumn, Visibility};
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{Expr, LockType, Query, ReturningClause};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DbBackend, DbErr,
    EntityTrait as _, FromQueryResult as _, Iterable as _, NotSet, PaginatorTrait as _,
    PartialModelTrait as _, QueryFilter as _, QueryResult, QuerySelect as _, QueryTrait as _,
    Select, Set,
};

use crate::keyset::{self, Page, PageRequest};
use crate::sql::{self, set};
use crate::{DbError, Scope, WriteScope, agent_api_connection, hand_over};

/// What a connection is made of.
#[derive(Debug, Clone)]
pub struct NewApiConnection {
    /// Its name.
    pub name: String,
    /// What it connects to.
    pub service: String,
    /// The key, sealed for [`crate::sealed::api_key_place`] of this very connection.
    pub api_key: SealedColumn,
    /// The key's last four characters, when it is long enough to show them.
    pub key_hint: Option<String>,
    /// Where the service is reached, when not at its usual place.
    pub base_url: Option<String>,
    /// The caller's own notes: a JSON object.
    pub metadata: serde_json::Value,
    /// Who may use it; the schema's default when `None`.
    pub visibility: Option<Visibility>,
}

/// What changes of a connection; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ApiConnectionChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it connects to.
    pub service: Option<String>,
    /// Where the service is reached; `Some(None)` takes the address away.
    pub base_url: Option<Option<String>>,
    /// The caller's own notes: a JSON object.
    pub metadata: Option<serde_json::Value>,
    /// Who may use it.
    pub visibility: Option<Visibility>,
}

/// Which connections of those one may see.
#[derive(Debug, Clone, Default)]
pub struct ApiConnectionFilter {
    /// Part of the name, upper or lower case.
    pub search: Option<String>,
    /// Exactly this service.
    pub service: Option<String>,
    /// Exactly this visibility.
    pub visibility: Option<Visibility>,
    /// Only those whose owner is no member of the organisation any more, or only those whose owner is.
    pub owner_left: Option<bool>,
}

/// What connections can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiConnectionSort {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// Their name.
    Name,
}

/// One connection that the caller may see.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(scope: &Scope, id: &ApiConnectionId) -> Result<Option<View>, DbError> {
    let found = visible(scope).filter(Column::Id.eq(id.as_str()));
    Ok(found.into_model::<View>().one(scope).await?)
}

/// The connections of these ids that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[ApiConnectionId]) -> Result<Vec<View>, DbError> {
    let ids = ids.iter().map(ToString::to_string);
    let found = visible(scope).filter(Column::Id.eq_any(ids));
    Ok(found.into_model::<View>().all(scope).await?)
}

/// One window on the connections that the caller may see.
///
/// # Errors
/// As [`find`].
pub async fn list(
    scope: &Scope,
    filter: &ApiConnectionFilter,
    sort: ApiConnectionSort,
    request: &PageRequest,
) -> Result<Page<View>, DbError> {
    let sort = match sort {
        ApiConnectionSort::CreatedAt => Column::CreatedAt,
        ApiConnectionSort::UpdatedAt => Column::UpdatedAt,
        ApiConnectionSort::Name => Column::Name,
    };
    let connections = filter.narrow(visible(scope));
    keyset::fetch(scope, connections, sort, Column::Id, request).await
}

/// How many connections a list has in all.
///
/// # Errors
/// As [`find`].
pub async fn count(scope: &Scope, filter: &ApiConnectionFilter) -> Result<u64, DbError> {
    Ok(filter.narrow(visible(scope)).count(scope).await?)
}

/// The sealed keys of those of these connections that the caller may see, in no order.
///
/// # Errors
/// As [`find`].
pub async fn sealed(scope: &Scope, ids: &[ApiConnectionId]) -> Result<Vec<Sealed>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    sql::all(
        scope,
        "SELECT id, api_key FROM api_connection_sealed($1)",
        [ids.into()],
    )
    .await
}

/// Notes that the caller tried a connection that they may see, once a minute at most.
///
/// # Errors
/// As [`find`].
pub async fn used(scope: &WriteScope, id: &ApiConnectionId) -> Result<(), DbError> {
    let note = "SELECT api_connection_used($1)";
    sql::run(scope, note, [id.as_str().into()]).await
}

/// Whether the organisation has room for one more connection. The answer holds until the transaction ends.
///
/// # Errors
/// As [`find`].
pub async fn has_room(scope: &WriteScope, limit: u32) -> Result<bool, DbError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    sql::scalar(
        scope,
        "SELECT api_connections_have_room($1)",
        [limit.into()],
    )
    .await
}

/// Stores a new connection of the caller's.
///
/// # Errors
/// As [`find`]; [`DbError::Constraint`] when a value is outside what its column takes.
pub async fn insert(
    scope: &WriteScope,
    id: &ApiConnectionId,
    new: NewApiConnection,
) -> Result<View, DbError> {
    let tenant = scope.tenant();
    let connection = ActiveModel {
        organization_id: Set(tenant.organization().clone()),
        id: Set(id.clone()),
        user_id: Set(tenant.user().clone()),
        name: Set(new.name),
        service: Set(new.service),
        api_key: Set(new.api_key),
        key_hint: Set(new.key_hint),
        base_url: Set(new.base_url),
        metadata: Set(new.metadata),
        visibility: set(new.visibility),
        last_used_at: NotSet,
        rotated_at: NotSet,
        created_at: NotSet,
        updated_at: NotSet,
    };
    let mut insert = Entity::insert(connection).into_query();
    let row = scope.query_one(insert.returning(every_column_but_the_key()));
    let stored = read(row.await?)?;
    stored.ok_or(DbError::from(DbErr::RecordNotInserted))
}

/// Changes a connection that the caller may write; `None` when there is no such connection. One that turns private is first
/// taken from the agents of everyone but its owner.
///
/// # Errors
/// As [`insert`]; [`DbError::Refused`] when anyone but its owner makes it private, which would put it out of their own sight.
pub async fn update(
    scope: &WriteScope,
    id: &ApiConnectionId,
    changes: ApiConnectionChanges,
) -> Result<Option<View>, DbError> {
    let ApiConnectionChanges {
        name,
        service,
        base_url,
        metadata,
        visibility,
    } = changes;
    let connection = ActiveModel {
        name: set(name),
        service: set(service),
        base_url: set(base_url),
        metadata: set(metadata),
        visibility: set(visibility),
        ..Default::default()
    };
    if !connection.is_changed() {
        return lock(scope, id, LockType::NoKeyUpdate).await;
    }
    if visibility == Some(Visibility::Private) {
        // The strongest lock: whoever links it meanwhile waits, and then finds it private.
        if lock(scope, id, LockType::Update).await?.is_none() {
            return Ok(None);
        }
        agent_api_connection::withdraw_from_others(scope, id).await?;
    }
    let written = write(scope, id, connection).await;
    written.map_err(DbError::at_an_end_of_a_link)
}

/// A connection that the caller may write, held as it is until the transaction ends; `None` when there is no such connection.
///
/// # Errors
/// As [`find`].
pub async fn hold(scope: &WriteScope, id: &ApiConnectionId) -> Result<Option<View>, DbError> {
    lock(scope, id, LockType::NoKeyUpdate).await
}

/// Replaces the key of a connection that the caller may write; `None` when there is no such connection. `api_key` is sealed
/// as in [`NewApiConnection`].
///
/// # Errors
/// As [`insert`].
pub async fn replace_key(
    scope: &WriteScope,
    id: &ApiConnectionId,
    api_key: SealedColumn,
    key_hint: Option<String>,
) -> Result<Option<View>, DbError> {
    let connection = ActiveModel {
        api_key: Set(api_key),
        key_hint: Set(key_hint),
        ..Default::default()
    };
    let mut update = mine_to_write(scope, id)
        .set(connection)
        .col_expr(Column::RotatedAt, Expr::cust("now_ms()"))
        .into_query();
    let row = scope.query_one(update.returning(every_column_but_the_key()));
    read(row.await?)
}

/// Deletes a connection that the caller may write, with its links. Whether there was one.
///
/// # Errors
/// As [`find`].
pub async fn delete(scope: &WriteScope, id: &ApiConnectionId) -> Result<bool, DbError> {
    let delete = scope.tenant().scope::<Entity, _>(Entity::delete_many());
    let delete = delete.filter(Column::Id.eq(id.as_str()));
    Ok(delete.exec(&**scope).await?.rows_affected > 0)
}

fn visible(scope: &Scope) -> Select<Entity> {
    let connections = View::select_cols(Entity::find().select_only());
    scope.tenant().scope::<Entity, _>(connections)
}

fn mine_to_write(scope: &WriteScope, id: &ApiConnectionId) -> sea_orm::UpdateMany<Entity> {
    let update = scope.tenant().scope::<Entity, _>(Entity::update_many());
    update.filter(Column::Id.eq(id.as_str()))
}

/// The connection, held until the transaction ends, when the caller may write it: locking a row asks the policies for UPDATE.
async fn lock(
    scope: &WriteScope,
    id: &ApiConnectionId,
    lock: LockType,
) -> Result<Option<View>, DbError> {
    let found = visible(scope).filter(Column::Id.eq(id.as_str())).lock(lock);
    Ok(found.into_model::<View>().one(&**scope).await?)
}

async fn write(
    scope: &WriteScope,
    id: &ApiConnectionId,
    connection: ActiveModel,
) -> Result<Option<View>, DbError> {
    let mut update = mine_to_write(scope, id).set(connection).into_query();
    let row = scope.query_one(update.returning(every_column_but_the_key()));
    read(row.await?)
}

/// What a write may answer: `RETURNING *` would ask for a column that is not granted.
fn every_column_but_the_key() -> ReturningClause {
    let readable = Column::iter().filter(|column| !matches!(column, Column::ApiKey));
    Query::returning().exprs(readable.map(|column| column.into_returning_expr(DbBackend::Postgres)))
}

fn read(row: Option<QueryResult>) -> Result<Option<View>, DbError> {
    let view = row.map(|row| View::from_query_result(&row, ""));
    Ok(view.transpose()?)
}

impl ApiConnectionFilter {
    fn narrow(&self, mut connections: Select<Entity>) -> Select<Entity> {
        let Self {
            search,
            service,
            visibility,
            owner_left,
        } = self;
        if let Some(search) = search {
            let name = Expr::col(Column::Name);
            connections = connections.filter(name.ilike(sql::containing(search)));
        }
        if let Some(service) = service {
            connections = connections.filter(Column::Service.eq(service.as_str()));
        }
        if let Some(visibility) = visibility {
            connections = connections.filter(Column::Visibility.eq(*visibility));
        }
        if let Some(left) = owner_left {
            connections = connections.filter(hand_over::by_former_members(*left));
        }
        connections
    }
}
