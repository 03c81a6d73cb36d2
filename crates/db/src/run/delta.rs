//! What replies that are not finished have said so far.

use std::collections::HashSet;

use agentry_entity::id::{OrganizationId, RunId};
use agentry_entity::run::Model;
use sqlx::postgres::PgPool;

use super::Worker;
use crate::sql;
use crate::{Db, DbError, Scope};

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The run's organisation.
    pub organization: OrganizationId,
    /// The run.
    pub run: RunId,
    /// How many characters (Unicode code points) of the reply there are with this piece.
    pub sequence: i32,
    /// What was said: at least one character, and none that PostgreSQL cannot store.
    pub text: String,
}

/// Stores pieces of many replies in one statement and tells every replica of whose. Of runs that the worker does not hold nothing is
/// stored; those it does hold come back. A piece that is stored already stays as it is.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn append(db: &Db, worker: &Worker, pieces: &[Piece]) -> Result<HashSet<RunId>, DbError> {
    let organizations: Vec<&str> = pieces.iter().map(|p| p.organization.as_str()).collect();
    let runs: Vec<&str> = pieces.iter().map(|p| p.run.as_str()).collect();
    let sequences: Vec<i32> = pieces.iter().map(|p| p.sequence).collect();
    let texts: Vec<&str> = pieces.iter().map(|p| p.text.as_str()).collect();
    let columns = (&organizations, &runs, &sequences, &texts);
    let append = |pool: PgPool| async move {
        sqlx::query_scalar::<_, String>("SELECT run_deltas_append($1, $2, $3, $4, $5)")
            .bind(worker.name())
            .bind(columns.0)
            .bind(columns.1)
            .bind(columns.2)
            .bind(columns.3)
            .fetch_all(&pool)
            .await
    };
    let held = db.begin_anew(append).await?;
    Ok(held.into_iter().map(RunId::from).collect())
}

/// What a run has said so far, as it is stored in pieces.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn said(scope: &Scope, run: &Model) -> Result<String, DbError> {
    sql::scalar(
        scope,
        "SELECT coalesce(string_agg(text, '' ORDER BY sequence), '') FROM run_deltas WHERE organization_id = $1 AND run_id = $2",
        [run.organization_id.as_str().into(), run.id.as_str().into()],
    )
    .await
}
