//! Making the tables fit, as the owner.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::report::{Finding, Remedy, Report};
use super::{Stage, look};
use crate::DbError;

/// What was done, and what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// What was amiss, and was amended by this run.
    pub done: Vec<Finding>,
    /// What is still amiss; a piece that could have been amended says what hindered it.
    pub left: Report,
}

/// The key of the advisory lock that lets one amender in at a time: the bytes of `shape` as a number.
const LOCK: i64 = 0x0073_6861_7065;

/// A column lets its reference and its grant be added, a table lets its columns be: no chain is longer.
const ROUNDS: usize = 4;

/// Amends what can be amended without taking anything away, a transaction each, where `owner` may.
///
/// # Errors
/// [`DbError`] when the catalog cannot be read. That something could not be amended is no error.
pub async fn amend(owner: &PgConnectOptions, stage: Stage) -> Result<Amended, DbError> {
    let options = owner
        .clone()
        .application_name("agentry migrate")
        .disable_statement_logging();
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(LOCK)
        .execute(&mut connection)
        .await?;
    let amended = rounds(&mut connection, stage).await?;
    connection.close().await?;
    Ok(amended)
}

async fn rounds(connection: &mut PgConnection, stage: Stage) -> Result<Amended, DbError> {
    let mut done = Vec::new();
    let mut left = look(connection, stage).await?;
    for _ in 0..ROUNDS {
        let before = done.len();
        for finding in findings(&mut left) {
            let Remedy::Amend(sql) = &finding.remedy else {
                continue;
            };
            match add(connection, finding, sql).await {
                Ok(()) => done.push(finding.clone()),
                Err(why) => finding.hindrance = Some(why),
            }
        }
        if done.len() == before {
            break;
        }
        left = look(connection, stage).await?;
    }
    Ok(Amended { done, left })
}

fn findings(report: &mut Report) -> impl Iterator<Item = &mut Finding> {
    report
        .checks
        .iter_mut()
        .flat_map(|check| &mut check.findings)
}

/// Why not, in words for whoever keeps the database.
async fn add(connection: &mut PgConnection, finding: &Finding, sql: &str) -> Result<(), String> {
    if !finding.alterable {
        return Err("the table is another role's".to_owned());
    }
    // A program that holds the table must not make every request behind us wait for long.
    let script = format!("BEGIN; SET LOCAL lock_timeout = '10s'; {sql}; COMMIT");
    match sqlx::raw_sql(AssertSqlSafe(script))
        .execute(&mut *connection)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = error
                .as_database_error()
                .map_or_else(|| error.to_string(), |error| error.message().to_owned());
            // What is left of the transaction; when even that fails, the next look does too.
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
            Err(why)
        }
    }
}
