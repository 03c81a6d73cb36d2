//! Who works on which run. Claims reach across tenants, and know of runs no more than their ids.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use agentry_entity::id::{OrganizationId, RunId, UserId};
use agentry_entity::run::{Column, Entity, Model};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use crate::sql;
use crate::{Db, DbError, Role, Tenant, WriteScope, new_id};

/// The name by which a worker holds runs: a secret of its process, and another one each time it starts.
#[derive(Clone)]
pub struct Worker(String);

/// A run that a worker holds from now on.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The run.
    pub run: RunId,
    /// Its user, in its organisation, as what they are there by now.
    pub tenant: Tenant,
    /// Whether they still are a member. Where they are not, the tenant is good for ending the run, and for nothing else.
    pub is_member: bool,
    /// Whether another worker held it and was lost.
    pub taken_over: bool,
}

impl Worker {
    /// A worker of a name that nobody has.
    #[must_use]
    pub fn new() -> Self {
        Self(format!("{}{}", new_id::<String>(), new_id::<String>()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker(…)")
    }
}

/// Leases due runs to a worker for a while: `limit` at most, oldest first, the first in line of each conversation, and none of an
/// organisation that has `per_organization` under way. A run of the worker's own whose lease ran out may be among them.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn claim(
    db: &Db,
    worker: &Worker,
    lease: Duration,
    limit: u32,
    per_organization: u32,
) -> Result<Vec<Claimed>, DbError> {
    let (seconds, limit) = (seconds(lease), whole(limit));
    let per_organization = whole(per_organization);
    // Done twice, it leases again what nobody knows to be leased; that comes back when its lease has run out.
    let claim = |pool: PgPool| async move {
        sqlx::query(
            "SELECT run_id, organization_id, user_id, role, taken_over FROM run_claim($1, $2, $3, $4)",
        )
        .bind(worker.name())
        .bind(seconds)
        .bind(limit)
        .bind(per_organization)
        .fetch_all(&pool)
        .await
    };
    let rows = db.begin_anew(claim).await?;
    let claimed: Vec<Option<Claimed>> = rows.iter().map(claimed).collect::<Result<_, _>>()?;
    Ok(claimed.into_iter().flatten().collect())
}

/// Holds these runs for longer: those of them that are still the worker's.
///
/// # Errors
/// As [`claim`].
pub async fn extend(
    db: &Db,
    worker: &Worker,
    runs: &[RunId],
    lease: Duration,
) -> Result<HashSet<RunId>, DbError> {
    let ids: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let (ids, seconds) = (&ids, seconds(lease));
    let extend = |pool: PgPool| async move {
        sqlx::query_scalar::<_, String>("SELECT run_extend($1, $2, $3)")
            .bind(worker.name())
            .bind(ids)
            .bind(seconds)
            .fetch_all(&pool)
            .await
    };
    let held = db.begin_anew(extend).await?;
    Ok(held.into_iter().map(RunId::from).collect())
}

/// Gives a run back to be taken up anew, by any worker, after a while. Whether it was the worker's.
///
/// # Errors
/// As [`claim`].
pub async fn postpone(
    db: &Db,
    worker: &Worker,
    run: &RunId,
    wait: Duration,
) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar("SELECT run_postpone($1, $2, $3)")
        .bind(worker.name())
        .bind(run.as_str())
        .bind(seconds(wait))
        .fetch_one(&db.pool)
        .await?)
}

/// A run that the worker holds, for longer by this, and locked until the transaction ends. `None`: it holds it no more, or the run
/// is gone, which gives the lease back.
///
/// # Errors
/// As [`claim`].
pub async fn hold(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
    lease: Duration,
) -> Result<Option<Model>, DbError> {
    let Some(model) = lock(scope, run).await? else {
        release(scope, worker, run).await?;
        return Ok(None);
    };
    let values = [
        worker.name().into(),
        vec![run.as_str().to_owned()].into(),
        seconds(lease).into(),
    ];
    let held: i64 =
        sql::scalar(scope, "SELECT count(*) FROM run_extend($1, $2, $3)", values).await?;
    Ok((held > 0).then_some(model))
}

/// The run, locked until the transaction ends. It is locked before its lease, here and wherever somebody ends one.
pub(super) async fn lock(scope: &WriteScope, run: &RunId) -> Result<Option<Model>, DbError> {
    let found = scope.tenant().scope::<Entity, _>(Entity::find());
    let found = found.filter(Column::Id.eq(run.as_str()));
    Ok(found.lock(LockType::NoKeyUpdate).one(&**scope).await?)
}

/// Gives the lease of a run back for good. Whether the worker had it.
pub(super) async fn release(
    scope: &WriteScope,
    worker: &Worker,
    run: &RunId,
) -> Result<bool, DbError> {
    let values = [worker.name().into(), run.as_str().into()];
    sql::scalar(scope, "SELECT run_release($1, $2)", values).await
}

/// `None`: an id that no tenant can have. Nobody acts for it; it stays leased.
fn claimed(row: &PgRow) -> Result<Option<Claimed>, sqlx::Error> {
    let run: RunId = row.try_get::<String, _>("run_id")?.into();
    let user: UserId = row.try_get::<String, _>("user_id")?.into();
    let organization: OrganizationId = row.try_get::<String, _>("organization_id")?.into();
    let role: Option<String> = row.try_get("role")?;
    let as_what = role.as_deref().map_or(Role::Member, Role::from_word);
    let Ok(tenant) = Tenant::new(user, organization, as_what) else {
        tracing::error!(run.id = %run, "a run is of a tenant whose id cannot be used");
        return Ok(None);
    };
    Ok(Some(Claimed {
        run,
        tenant,
        is_member: role.is_some(),
        taken_over: row.try_get("taken_over")?,
    }))
}

/// At least one: the database counts leases in whole seconds.
fn seconds(time: Duration) -> i32 {
    let up = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(up).unwrap_or(i32::MAX)
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_to_seconds() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(15)), 15);
        assert_eq!(seconds(Duration::from_millis(15_001)), 16);
    }

    #[test]
    fn the_name_of_a_worker_is_told_to_nobody() {
        let worker = Worker::new();
        assert!(!format!("{worker:?}").contains(worker.name()));
        assert_ne!(worker.name(), Worker::new().name());
    }
}
