//! Limits on how often something may happen, counted for all replicas together.

use std::time::Duration;

use sqlx::Row as _;

use crate::{Db, DbError};

/// So many times in so long, by a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many times.
    pub count: u32,
    /// In how long, in whole seconds.
    pub window: Duration,
}

/// Counts one use of `key`. `Err(wait)` inside: the limit is reached, and trying again before `wait` is in vain; the use is
/// not counted then.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn hit(db: &Db, key: &str, limit: RateLimit) -> Result<Result<(), Duration>, DbError> {
    let row = sqlx::query("SELECT allowed, retry_after FROM rate_limit_hit($1, $2, $3)")
        .bind(key)
        .bind(i32::try_from(limit.count).unwrap_or(i32::MAX))
        .bind(
            i32::try_from(limit.window.as_secs())
                .unwrap_or(i32::MAX)
                .max(1),
        )
        .fetch_one(&db.pool)
        .await?;
    let (allowed, retry_after): (bool, i32) =
        (row.try_get("allowed")?, row.try_get("retry_after")?);
    if allowed {
        Ok(Ok(()))
    } else {
        Ok(Err(Duration::from_secs(retry_after.unsigned_abs().into())))
    }
}
